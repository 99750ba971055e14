"""Output PSNR against input PSNR for several denoisers."""

import numpy as np

from gahb_sk.plots._style import LINES, MARKERS, axis, colours


class ComparisonDisplay:
    """Mean PSNR of denoised images against the PSNR of the noisy ones.

    Learned denoisers are drawn solid, classical ones dashed, optimal ones dotted in grey; those
    that are told the clean image are marked as bounds. Make one with :meth:`from_comparison`.

    Parameters
    ----------
    means : Table
        ``denoiser, kind, bound, input_psnr, psnr, psnr_se``, as ``Comparison.means()`` gives.
    theoretical_slope : float, default=None
        Slope of a reference line, for example ``alpha / (alpha + 1)``.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn last.
    """

    def __init__(self, means, *, theoretical_slope=None):
        self.means = means
        self.theoretical_slope = theoretical_slope

    @classmethod
    def from_comparison(cls, comparison, *, alpha=None):
        """Make the display from what ``compare_denoisers`` returned.

        Parameters
        ----------
        comparison : Comparison
            The table.
        alpha : float, default=None
            Regularity of the class, for a line of the optimal slope ``alpha / (alpha + 1)``.

        Returns
        -------
        display : ComparisonDisplay
        """
        slope = None if alpha is None else alpha / (alpha + 1)
        return cls(comparison.means(), theoretical_slope=slope)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ComparisonDisplay
            Itself.
        """
        ax = axis(ax)
        means = self.means
        names = list(dict.fromkeys(means["denoiser"].tolist()))
        parts = {name: means.where(denoiser=name) for name in names}
        palette = colours(names, [parts[name]["kind"][0] for name in names])
        for name, part in parts.items():
            kind = str(part["kind"][0])
            ax.errorbar(
                part["input_psnr"],
                part["psnr"],
                2 * np.nan_to_num(part["psnr_se"]),
                label=f"{name} (bound)" if part["bound"][0] else name,
                color=palette[name],
                linestyle=LINES[kind],
                marker=MARKERS[kind],
                markersize=4,
                capsize=2,
            )
        x = np.unique(means["input_psnr"])
        ax.plot(x, x, color="0.75", linewidth=1, zorder=0, label="noisy input")
        if self.theoretical_slope is not None:
            self._draw_slope(ax, x)
        ax.set(xlabel="input PSNR (dB)", ylabel="output PSNR (dB)")
        ax.legend(fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_slope(self, ax, x):
        """A line of the theoretical slope, through the best denoiser at the highest noise."""
        start = self.means["psnr"][self.means["input_psnr"] == x[0]].max()
        ax.plot(
            x,
            start + self.theoretical_slope * (x - x[0]),
            color="crimson",
            linewidth=1,
            linestyle="-.",
            zorder=0,
            label=f"slope {self.theoretical_slope:.2f} (theory)",
        )
