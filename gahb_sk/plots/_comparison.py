"""Output PSNR against input PSNR for several denoisers."""

from typing import TYPE_CHECKING, Self

import numpy as np

from gahb_sk.plots._style import AxisDisplay, draw_curve, draw_identity, styled

if TYPE_CHECKING:
    from gahb_sk.experiments import Comparison, Table


class ComparisonDisplay(AxisDisplay):
    """Mean PSNR of denoised images against the PSNR of the noisy ones.

    Learned denoisers are drawn solid, classical ones dashed, optimal ones dotted in grey; those
    given the clean image are marked as bounds. Make one with :meth:`from_comparison`.

    Parameters
    ----------
    means : Table
        ``denoiser, kind, bound, input_psnr, psnr, psnr_se``, as ``Comparison.means()`` gives.
    theoretical_slope : float, default=None
        Slope of a reference line, for example ``alpha / (alpha + 1)``.
    """

    def __init__(self, means: "Table", *, theoretical_slope: float | None = None):
        self.means = means
        self.theoretical_slope = theoretical_slope

    @classmethod
    def from_comparison(cls, comparison: "Comparison", *, alpha: float | None = None) -> Self:
        """Make the display from a Comparison.

        ``alpha``, the regularity of the class, adds a line of slope ``alpha / (alpha + 1)``.
        """
        slope = None if alpha is None else alpha / (alpha + 1)
        return cls(comparison.means(), theoretical_slope=slope)

    def _draw(self, ax):
        for part, style in styled(self.means):
            draw_curve(ax, part["input_psnr"], part["psnr"], part["psnr_se"], **style)
        x = np.unique(self.means["input_psnr"])
        draw_identity(ax, x)
        if self.theoretical_slope is not None:
            self._draw_slope(ax, x)
        ax.legend(fontsize="small")

    def _draw_slope(self, ax, x):
        """A line of the theoretical slope, through the best denoiser at the highest noise."""
        start = self.means["psnr"][self.means["input_psnr"] == x[0]].max()
        line = start + self.theoretical_slope * (x - x[0])
        label = f"slope {self.theoretical_slope:.2f} (theory)"
        ax.plot(x, line, color="crimson", linewidth=1, linestyle="-.", zorder=0, label=label)
