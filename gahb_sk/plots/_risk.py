"""Effective dimension and errors against the noise level."""

import numpy as np

from gahb_sk.plots._audit import sigma_axis
from gahb_sk.plots._style import TableDisplay, draw_curve, styled

ESTIMATES = {"sure": "SURE", "predicted": r"$\sigma^2\,\mathrm{tr} J / d$"}


class EffectiveDimensionDisplay(TableDisplay):
    """Trace of the Jacobian against the noise level, with two standard errors.

    Parameters
    ----------
    table : Table
        Result of :func:`~gahb_sk.experiments.risk_estimates`.
    """

    def _draw(self, ax):
        for part, style in styled(self.table):
            draw_curve(ax, part["sigma"], part["dimension"], part["dimension_se"], **style)
        _scales(ax, self.table, "effective dimension")
        ax.legend(fontsize="small")


class RiskDisplay(TableDisplay):
    """True mean squared error, and estimates of it that need no clean images.

    Lines are the true error; SURE is drawn as open circles, the prediction from the Jacobian
    alone as crosses. Circles lie on the line where the estimate is unbiased, crosses where the
    denoiser is optimal.

    Parameters
    ----------
    table : Table
        As for :class:`EffectiveDimensionDisplay`.
    """

    def _draw(self, ax):
        for part, style in styled(self.table):
            colour, x = style["color"], part["sigma"]
            ax.plot(x, part["mse"], **{**style, "marker": None})
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


def _scales(ax, table, label):
    """Logarithmic axes; the noise levels of the table are the ticks, if they have room."""
    ax.set(xlabel="noise level", ylabel=label)
    if any(np.any(line.get_ydata() > 0) for line in ax.lines):
        ax.set_yscale("log")
    sigma_axis(ax, table)
