"""Denoisers beside the optimum: their gap against the noise level, or all PSNRs."""

import numpy as np

from gahb_sk._validation import check_name
from gahb_sk.plots._style import LINES, MARKERS, axis, colours


class OptimalityDisplay:
    """Gap to the optimum in decibels, with two standard errors, against the noise level.

    Parameters
    ----------
    table : Table
        What :func:`~gahb_sk.experiments.optimality_gap` returned.
    quantity : {"gap", "psnr"}, default="gap"
        "psnr" shows output against input PSNR, the optimum among the denoisers.

    Raises
    ------
    ValueError
        For an unknown quantity.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn last.
    """

    def __init__(self, table, *, quantity="gap"):
        self.table = table
        self.quantity = quantity

    @classmethod
    def from_table(cls, table, *, quantity="gap"):
        """Make the display from what ``optimality_gap`` returned."""
        return cls(table, quantity=quantity)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : OptimalityDisplay
            Itself.
        """
        drawn = {"gap": self._draw_gap, "psnr": self._draw_psnr}
        draw = drawn[check_name(self.quantity, drawn, "quantity")]
        ax = axis(ax)
        names = list(dict.fromkeys(self.table["denoiser"].tolist()))
        parts = {name: self.table.where(denoiser=name) for name in names}
        palette = colours(names, [parts[name]["kind"][0] for name in names])
        for name, part in parts.items():
            kind = str(part["kind"][0])
            style = {"color": palette[name], "linestyle": LINES[kind], "marker": MARKERS[kind]}
            style["label"] = f"{name} (bound)" if part["bound"][0] else name
            draw(ax, part, markersize=4, **style)
        self._draw_optimum(ax)
        ax.legend(fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_gap(self, ax, part, **style):
        error = 2 * np.nan_to_num(part["gap_se"])
        ax.errorbar(part["sigma"], part["gap"], error, capsize=2, **style)

    def _draw_psnr(self, ax, part, **style):
        ax.plot(part["input_psnr"], part["psnr"], **style)

    def _draw_optimum(self, ax):
        if self.quantity == "gap":
            ax.axhline(0, color="black", linewidth=1, zorder=0, label="optimum")
            ax.set(xscale="log", xlabel="noise level", ylabel="gap to the optimum (dB)")
            return
        x, place = np.unique(self.table["input_psnr"], return_index=True)
        best = self.table["optimum_psnr"][place]
        ax.plot(x, best, color="black", linewidth=1, zorder=0, label="optimum")
        ax.plot(x, x, color="0.75", linewidth=1, zorder=0, label="noisy input")
        ax.set(xlabel="input PSNR (dB)", ylabel="output PSNR (dB)")
