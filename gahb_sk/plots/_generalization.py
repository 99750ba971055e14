"""Memorisation against generalisation: PSNR curves, samples, similarities (paper, figures 1, 2)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gahb_sk.plots._image_grid import show_image
from gahb_sk.plots._style import FigureDisplay, draw_curve, draw_identity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gahb_sk.experiments import GeneralizationCurve

ROWS = ("closest in A", "sample, A", "sample, B", "closest in B")
# Measure, label, colour, and whether its histogram is filled.
HISTOGRAMS = (
    ("other", "sample, closest image of the other set", "0.5", False),
    ("closest", "sample, closest training image", "#D55E00", True),
    ("pair", "two samples of the same noise", "#0072B2", True),
)
_TITLES = {"train": "on their training images", "test": "on new images"}
_BINS = 24
_EXACT = 100.0  # dB: an image returned up to rounding, which says nothing of the denoiser


class GeneralizationDisplay(FigureDisplay):
    """Curves, samples and histograms of similarity for each number of training images.

    Parameters
    ----------
    curve : GeneralizationCurve
        Result of :func:`~gahb_sk.experiments.generalization_curve`.
    n_examples : int, default=2
        Pairs of samples shown for each N.
    centered : bool, default=True
        Whether the images' means are removed, which tells more where all images are positive.
    data_range : tuple of float, default=(0.0, 1.0)
        Intensities shown as black and white.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Where it was drawn last.
    curve_axes_, image_axes_, histogram_axes_ : ndarray of matplotlib Axes
        (2,), train and test; (4, columns); (number of N,). The last two only if there are samples.
    """

    def __init__(
        self,
        curve: "GeneralizationCurve",
        *,
        n_examples: int = 2,
        centered: bool = True,
        data_range: tuple[float, float] = (0.0, 1.0),
    ):
        self.curve = curve
        self.n_examples = n_examples
        self.centered = centered
        self.data_range = data_range

    @classmethod
    def from_curve(cls, curve: "GeneralizationCurve", **options: Any) -> Self:
        """Make the display from a curve, with the options of the class."""
        return cls(curve, **options)

    def _size(self):
        columns = len(self.curve.samples)
        return max(7.2, 1.15 * columns * self.n_examples + 1.2), 9.6 if columns else 3.4

    def _draw(self, figure):
        """Draw everything; without samples the curves alone."""
        if not self.curve.samples:
            self.plot_curves(figure.subplots(1, 2, sharex=True, sharey=True))
            return
        top, middle, bottom = figure.subfigures(3, 1, height_ratios=[3.0, 4.4, 2.0])
        self.plot_curves(top.subplots(1, 2, sharex=True, sharey=True))
        self.plot_samples(middle)
        self.plot_histograms(bottom)

    def plot_curves(self, axes: "Sequence[Axes] | np.ndarray") -> None:
        """Draw output against input PSNR on a pair of axes, for training and for test images.

        Both denoisers of an N have one colour, and that of B is dashed. Means above 100 dB, of
        perfect memorisers, are left out. For N = 1 the dotted line is the optimum of a denoiser
        without biases, which knows the image up to a factor: input PSNR + 10 log10(d), with d
        values per image.
        """
        palette = _shades(self.curve.n_train)
        for ax, images in zip(axes, ("train", "test"), strict=True):
            for n, colour in palette.items():
                for training_set, style in (("A", "-"), ("B", "--")):
                    part = self.curve.psnr.where(
                        n_train=n, images=images, training_set=training_set
                    )
                    shown = part["psnr"] < _EXACT
                    draw_curve(
                        ax,
                        part["input_psnr"][shown],
                        part["psnr"][shown],
                        part["psnr_se"][shown],
                        color=colour, linestyle=style, marker="o", markersize=3,
                        label=f"N = {n:,}" if training_set == "A" else None,
                    )  # fmt: skip
            x = np.unique(self.curve.psnr["input_psnr"])
            draw_identity(ax, x)
            if images == "train" and 1 in self.curve.n_train:
                best = x + 10 * np.log10(self.curve.n_values)
                ax.plot(x, best, color="0.2", linestyle=":", zorder=0, label="optimum, N = 1")
            ax.set(title=_TITLES[images])
            ax.label_outer()
        axes[0].legend(fontsize="x-small", title="dashed: trained on B", title_fontsize="x-small")
        self.curve_axes_ = np.array(axes)

    def plot_samples(self, figure: Any) -> None:
        """Draw pairs of samples of the same noise between the training images closest to them.

        ``figure`` is a matplotlib Figure or SubFigure.
        """
        shown = {n: min(self.n_examples, len(s.first)) for n, s in self.curve.samples.items()}
        axes = figure.subplots(len(ROWS), max(1, sum(shown.values())), squeeze=False)
        for ax in axes.flat:
            ax.set(xticks=[], yticks=[])
        for ax, label in zip(axes[:, 0], ROWS, strict=True):
            ax.set_ylabel(label, fontsize=8)
        column = 0
        for n, pairs in self.curve.samples.items():
            stacks = (pairs.closest_first, pairs.first, pairs.second, pairs.closest_second)
            for k in range(shown[n]):
                for ax, stack in zip(axes[:, column], stacks, strict=True):
                    show_image(ax, stack[k], self.data_range)
                axes[0, column].set_title(f"N = {n:,}" if k == 0 else "", fontsize=9, loc="left")
                column += 1
        self.image_axes_ = axes

    def plot_histograms(self, figure: Any) -> None:
        """Draw the histograms of the cosine similarities on a figure, one axis per N."""
        samples = self.curve.samples
        axes = figure.subplots(1, len(samples), squeeze=False, sharex=True, sharey=True)[0]
        values = {
            (n, measure): np.ravel(pairs.cosines[measure, self.centered])
            for n, pairs in samples.items()
            for measure, *_ in HISTOGRAMS
        }
        low = min((part.min() for part in values.values() if len(part)), default=0)
        bins = np.linspace(min(low, 0), 1, _BINS + 1)
        for ax, n in zip(axes, samples, strict=True):
            for measure, label, colour, filled in HISTOGRAMS:
                part = np.clip(values[n, measure], bins[0], 1)  # rounding: a cosine of 1 + 1e-16
                ax.hist(
                    part, bins, weights=np.full(len(part), 1 / max(1, len(part))), color=colour,
                    label=label, histtype="stepfilled" if filled else "step",
                    alpha=0.6 if filled else 1.0,
                )  # fmt: skip
            ax.set_title(f"N = {n:,}", fontsize=9)
        name = "correlation" if self.centered else "cosine similarity"
        figure.supxlabel(name, fontsize=9)
        axes[0].set_ylabel("fraction of samples", fontsize=8)
        figure.legend(
            *axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=7
        )
        self.histogram_axes_ = axes


def _shades(n_train):
    """Colours from dark to bright as N grows."""
    from matplotlib import colormaps

    places = np.linspace(0.05, 0.85, len(n_train)) if len(n_train) > 1 else [0.4]
    return {n: colormaps["viridis"](place) for n, place in zip(n_train, places, strict=True)}
