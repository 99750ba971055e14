"""The gap between denoisers and the optimum against the noise level."""

import numpy as np

from gahb_sk.plots._style import LINES, MARKERS, axis, colours


class OptimalityDisplay:
    """Gap to the optimum in decibels, with two standard errors, against the noise level.

    Parameters
    ----------
    table : Table
        What :func:`~gahb_sk.experiments.optimality_gap` returned.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn last.
    """

    def __init__(self, table):
        self.table = table

    @classmethod
    def from_table(cls, table):
        """Make the display from what ``optimality_gap`` returned."""
        return cls(table)

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
        ax = axis(ax)
        names = list(dict.fromkeys(self.table["denoiser"].tolist()))
        parts = {name: self.table.where(denoiser=name) for name in names}
        palette = colours(names, [parts[name]["kind"][0] for name in names])
        for name, part in parts.items():
            kind = str(part["kind"][0])
            ax.errorbar(
                part["sigma"],
                part["gap"],
                2 * np.nan_to_num(part["gap_se"]),
                label=f"{name} (bound)" if part["bound"][0] else name,
                color=palette[name],
                linestyle=LINES[kind],
                marker=MARKERS[kind],
                markersize=4,
                capsize=2,
            )
        ax.axhline(0, color="black", linewidth=1, zorder=0, label="optimum")
        ax.set(xscale="log", xlabel="noise level", ylabel="gap to the optimum (dB)")
        ax.legend(fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self
