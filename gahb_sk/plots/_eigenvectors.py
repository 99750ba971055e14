"""Adaptive basis vectors as pictures, and their shrinkage factors as curves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from gahb_sk.plots._style import COLOURS, AxisDisplay, TableDisplay, by_denoiser, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gahb_sk.analysis import EigenBasis
    from gahb_sk.experiments import Table


_FLAT = 4.0  # a constant vector is shown at 1 / 4 of full colour


class EigenvectorGridDisplay:
    """Eigenvectors of a Jacobian with their factors, in diverging colours.

    White is 0; red and blue are equal distances from it, each vector by its own largest value. A
    vector that is much the same everywhere is paler: no picture is one saturated square.

    Parameters
    ----------
    vectors : ndarray of shape (k, H, W) or (k, C, H, W)
        Eigenvectors as images. Colour ones are shown as the mean of their channels.
    values : ndarray of shape (k,)
        Their shrinkage factors.
    indices : sequence of int, default=None
        Which of them to show, counted from 0; None shows all.
    images : dict of str to ndarray of shape (H, W) or (C, H, W), default=None
        Grey images to show first, by title, for example the noisy one.

    Attributes
    ----------
    axes_, figure_ : ndarray of matplotlib Axes, and the Figure
        Where it was drawn last.
    """

    def __init__(
        self,
        vectors: np.ndarray,
        values: np.ndarray,
        *,
        indices: Sequence[int] | np.ndarray | None = None,
        images: dict | None = None,
    ):
        self.vectors = vectors
        self.values = values
        self.indices = indices
        self.images = images or {}

    @classmethod
    def from_basis(
        cls, basis: "EigenBasis", *, n_vectors: int = 12, images: dict | None = None
    ) -> Self:
        """Make the display from an EigenBasis.

        The ``n_vectors`` shown are spread over those found, closer together at first.
        """
        k = len(basis.values)
        spread = (np.linspace(0, 1, min(n_vectors, k)) ** 2) * (k - 1)
        indices = np.maximum(np.round(spread).astype(int), np.arange(len(spread)))
        return cls(basis.vectors, basis.values, indices=indices, images=images)

    def plot(self, figure: "Figure | None" = None, *, n_columns: int = 6) -> Self:
        """Draw the grid on a matplotlib figure, by default a new one."""
        indices = np.arange(len(self.values)) if self.indices is None else self.indices
        n = len(self.images) + len(indices)
        n_rows = -(-n // n_columns)
        if figure is None:
            figure = new_figure((1.5 * n_columns, 1.75 * n_rows))
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for ax in axes.flat:
            ax.set_axis_off()
        places = iter(axes.flat)
        for title, image in self.images.items():
            ax = next(places)
            ax.imshow(_grey(image), cmap="gray", vmin=0, vmax=1)
            ax.set_title(title, fontsize=8)
        for k in indices:
            ax = next(places)
            vector = _grey(self.vectors[k])
            limit = max(np.abs(vector).max(), _FLAT * np.sqrt(np.square(vector).mean())) or 1.0
            ax.imshow(vector, cmap="RdBu_r", vmin=-limit, vmax=limit)
            ax.set_title(rf"$\lambda_{{{k + 1}}}$ = {self.values[k]:.3f}", fontsize=8)
        self.axes_, self.figure_ = axes, figure
        return self


class SpectrumDisplay(AxisDisplay):
    """Shrinkage factors in decreasing order, with the coefficients of the clean image.

    Parameters
    ----------
    spectra : dict of str to ndarray of shape (k,)
        Factors by name.
    coefficients : dict of str to ndarray of shape (k,), default=None
        Coefficients of the clean image in the same vectors; drawn as absolute values.
    errors : dict of str to ndarray of shape (k,), default=None
        Standard errors of factors that are means; drawn as a band of two on each side.

    Attributes
    ----------
    coefficients_ax_ : matplotlib Axes or None
        Axis of the coefficients.
    """

    _figsize = (6.4, 4.2)

    def __init__(
        self, spectra: dict, *, coefficients: dict | None = None, errors: dict | None = None
    ):
        self.spectra = spectra
        self.coefficients = coefficients or {}
        self.errors = errors or {}

    @classmethod
    def from_basis(cls, basis: "EigenBasis | dict", name: str = "denoiser") -> Self:
        """Make the display from one EigenBasis, or from a dict of them by name."""
        bases = basis if isinstance(basis, dict) else {name: basis}
        known = {name: one for name, one in bases.items() if one.coefficients is not None}
        return cls(
            {name: one.values for name, one in bases.items()},
            coefficients={name: one.coefficients for name, one in known.items()},
        )

    @classmethod
    def from_table(cls, table: "Table", *, sigma: float | None = None) -> Self:
        """Make the display, without coefficients, from the table of ``basis_spectra``.

        ``sigma`` is the noise level, by default the lowest.
        """
        parts = parts_at(table, sigma)
        return cls(
            {name: part["factor"] for name, part in parts.items()},
            errors={name: part["factor_se"] for name, part in parts.items()},
        )

    def _draw(self, ax):
        palette = dict(zip(self.spectra, COLOURS * len(self.spectra), strict=False))
        for name, values in self.spectra.items():
            k = np.arange(1, len(values) + 1)
            ax.plot(k, values, color=palette[name], label=name, marker=_marker(k))
            if name in self.errors:
                draw_band(ax, k, values, self.errors[name], palette[name])
        ax.axhline(1, color="0.8", linewidth=1, zorder=0)
        ax.set(xlabel="k", ylabel=r"shrinkage factor $\lambda_k$", xscale="log")
        ax.set_ylim(bottom=min(0, *(values.min() for values in self.spectra.values())))
        self.coefficients_ax_ = None
        if self.coefficients:
            self.coefficients_ax_ = self._draw_coefficients(ax.twinx(), palette)
        ax.legend(fontsize="small", loc="upper right")

    def _draw_coefficients(self, ax, palette):
        for name, coefficients in self.coefficients.items():
            k = np.arange(1, len(coefficients) + 1)
            ax.plot(k, np.abs(coefficients), ".", color=palette[name], markersize=3, alpha=0.6)
        ax.set_ylabel(r"dots: $|\langle x, e_k \rangle|$")
        if any(np.any(coefficients) for coefficients in self.coefficients.values()):
            ax.set_yscale("log")  # a black image has nothing to show
        return ax


class HarmonicityDisplay(TableDisplay):
    """Harmonicity of the leading vectors against their number.

    The grey band is where 95 of 100 random vectors lie; the dashed lines are the harmonicity
    without regard to contours.

    Parameters
    ----------
    table : Table
        Result of :func:`~gahb_sk.experiments.basis_spectra`.
    sigma : float, default=None
        Which noise level; None takes the lowest.
    """

    _figsize = (6.4, 4.2)

    def __init__(self, table: "Table", *, sigma: float | None = None):
        self.table = table
        self.sigma = sigma

    def _draw(self, ax):
        parts = parts_at(self.table, self.sigma)
        for (name, part), colour in zip(parts.items(), COLOURS * len(parts), strict=False):
            k, height = part["k"], part["harmonicity"]
            ax.plot(k, height, color=colour, label=name, marker=_marker(k))
            draw_band(ax, k, height, part["harmonicity_se"], colour)
            ax.plot(k, height - part["adaptivity"], color=colour, linestyle="--", linewidth=1)
        high = part["chance_high"]
        ax.fill_between(part["k"], -high, high, color="0.85", label="chance (95 %)")
        ax.set(xlabel="k", ylabel="harmonicity of $e_k$", xscale="log", ylim=(None, 1.02))
        ax.legend(fontsize="small", loc="lower left")


def parts_at(table, sigma):
    """Rows of a table at one noise level, by denoiser; None is the lowest level."""
    table = table.where(sigma=table["sigma"].min() if sigma is None else sigma)
    return by_denoiser(table)


def draw_band(ax, x, y, error, colour):
    """Shade two standard errors on each side of a curve."""
    reach = 2 * np.nan_to_num(error)
    ax.fill_between(x, y - reach, y + reach, color=colour, alpha=0.2, linewidth=0)


def _marker(k):
    """Points show single values while these are few."""
    return "." if len(k) <= 20 else None


def _grey(image):
    image = np.asarray(image)
    return image.mean(axis=0) if image.ndim == 3 else image
