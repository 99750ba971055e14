"""Denoisers beside the optimum: their gap against the noise level, or all PSNRs."""

from typing import TYPE_CHECKING

import numpy as np

from gahb_sk._validation import check_name
from gahb_sk.plots._style import TableDisplay, draw_curve, draw_identity, styled

if TYPE_CHECKING:
    from gahb_sk.experiments import Table


class OptimalityDisplay(TableDisplay):
    """Gap to the optimum in decibels, with two standard errors, against the noise level.

    Parameters
    ----------
    table : Table
        Result of :func:`~gahb_sk.experiments.optimality_gap`.
    quantity : {"gap", "psnr"}, default="gap"
        "psnr" shows output against input PSNR, the optimum among the denoisers.

    Raises
    ------
    ValueError
        For an unknown quantity.
    """

    def __init__(self, table: "Table", *, quantity: str = "gap"):
        self.table = table
        self.quantity = quantity

    def _draw(self, ax):
        drawn = {"gap": self._draw_gap, "psnr": self._draw_psnr}
        draw = drawn[check_name(self.quantity, drawn, "quantity")]
        for part, style in styled(self.table):
            draw(ax, part, style)
        self._draw_optimum(ax)
        ax.legend(fontsize="small")

    def _draw_gap(self, ax, part, style):
        draw_curve(ax, part["sigma"], part["gap"], part["gap_se"], **style)

    def _draw_psnr(self, ax, part, style):
        ax.plot(part["input_psnr"], part["psnr"], markersize=4, **style)

    def _draw_optimum(self, ax):
        if self.quantity == "gap":
            ax.axhline(0, color="black", linewidth=1, zorder=0, label="optimum")
            ax.set(xscale="log", xlabel="noise level", ylabel="gap to the optimum (dB)")
            return
        x, place = np.unique(self.table["input_psnr"], return_index=True)
        best = self.table["optimum_psnr"][place]
        ax.plot(x, best, color="black", linewidth=1, zorder=0, label="optimum")
        draw_identity(ax, x)
