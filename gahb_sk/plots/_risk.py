"""Effective dimension and errors against the noise level."""

import numpy as np

from gahb_sk.plots._style import LINES, MARKERS, axis, colours

ESTIMATES = {"sure": "SURE", "predicted": r"$\sigma^2\,\mathrm{tr} J / d$"}


class EffectiveDimensionDisplay:
    """Trace of the Jacobian against the noise level, with two standard errors.

    Parameters
    ----------
    table : Table
        What :func:`~gahb_sk.experiments.risk_estimates` returned.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn last.
    """

    def __init__(self, table):
        self.table = table

    @classmethod
    def from_table(cls, table):
        """Make the display from what ``risk_estimates`` returned."""
        return cls(table)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : EffectiveDimensionDisplay
            Itself.
        """
        ax = axis(ax)
        for name, part, style in _parts(self.table):
            error = 2 * np.nan_to_num(part["dimension_se"])
            ax.errorbar(part["sigma"], part["dimension"], error, label=name, capsize=2, **style)
        _scales(ax, self.table, "effective dimension")
        ax.legend(fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self


class RiskDisplay:
    """True mean squared error, and what is said of it without clean images.

    Lines are the true error; SURE is drawn as open circles, the prediction from the Jacobian
    alone as crosses. Circles lie on the line where the estimate is unbiased, crosses where the
    denoiser is optimal.

    Parameters
    ----------
    table : Table
        What :func:`~gahb_sk.experiments.risk_estimates` returned.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn last.
    """

    def __init__(self, table):
        self.table = table

    @classmethod
    def from_table(cls, table):
        """Make the display from what ``risk_estimates`` returned."""
        return cls(table)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : RiskDisplay
            Itself.
        """
        ax = axis(ax)
        for name, part, style in _parts(self.table):
            style = {**style, "marker": None}
            colour, x = style["color"], part["sigma"]
            ax.plot(x, part["mse"], label=name, **style)
            # An unbiased estimate may be negative, which a logarithm cannot show.
            shown = part["sure"] > 0
            ax.plot(
                x[shown], part["sure"][shown], "o", color=colour, fillstyle="none", markersize=7
            )
            ax.plot(x, part["predicted"], "x", color=colour, markersize=6)
        ax.plot([], [], "o", color="0.3", fillstyle="none", label=ESTIMATES["sure"])
        ax.plot([], [], "x", color="0.3", label=ESTIMATES["predicted"])
        _scales(ax, self.table, "mean squared error")
        ax.legend(fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _scales(ax, table, label):
    """Logarithmic axes; the noise levels of the table are the ticks, if they have room."""
    ax.set(xscale="log", xlabel="noise level", ylabel=label)
    if any(np.any(line.get_ydata() > 0) for line in ax.lines):
        ax.set_yscale("log")
    sigmas = np.unique(table["sigma"])
    if len(sigmas) <= 8:
        ax.set_xticks(sigmas, labels=[f"{sigma:.3g}" for sigma in sigmas])
        ax.set_xticks([], minor=True)


def _parts(table):
    """Yield the label, the rows and the style of each denoiser."""
    names = list(dict.fromkeys(table["denoiser"].tolist()))
    parts = {name: table.where(denoiser=name) for name in names}
    palette = colours(names, [parts[name]["kind"][0] for name in names])
    for name, part in parts.items():
        kind = str(part["kind"][0])
        style = {
            "color": palette[name],
            "linestyle": LINES[kind],
            "marker": MARKERS[kind],
            "markersize": 4,
        }
        yield f"{name} (bound)" if part["bound"][0] else name, part, style
