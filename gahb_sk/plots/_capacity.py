"""The gap between training and test images against their number (paper, figure 15)."""

import numpy as np

from gahb_sk.plots._style import COLOURS, TableDisplay, draw_curve

_STYLES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "^", "D")


class CapacityDisplay(TableDisplay):
    """Gap of PSNR against N; one colour per image size, one line style per network.

    Bars are two standard errors; infinite gaps are left out.

    Parameters
    ----------
    table : Table
        Result of :func:`~gahb_sk.experiments.capacity_curve`.
    """

    def _draw(self, ax):
        stacks = list(dict.fromkeys(self.table["images"].tolist()))
        denoisers = list(dict.fromkeys(self.table["denoiser"].tolist()))
        for i, images in enumerate(stacks):
            for j, denoiser in enumerate(denoisers):
                part = self.table.where(images=images, denoiser=denoiser)
                shown = np.isfinite(part["gap"])
                if not part.n_rows:
                    continue
                draw_curve(
                    ax,
                    part["n_train"][shown],
                    part["gap"][shown],
                    part["gap_se"][shown],
                    color=COLOURS[i % len(COLOURS)],
                    linestyle=_STYLES[j % len(_STYLES)],
                    marker=_MARKERS[j % len(_MARKERS)],
                    label=_label(images, denoiser, part["n_weights"][0]),
                )
        ax.axhline(0, color="0.75", linewidth=1, zorder=0)
        ax.set(xscale="log", xlabel="N, training images", ylabel="train minus test PSNR (dB)",
               title="How much better training images are denoised than new ones")  # fmt: skip
        ax.legend(fontsize="small")


def _label(images, denoiser, n_weights):
    weights = "" if np.isnan(n_weights) else f" ({_thousands(n_weights)} weights)"
    return f"{images}, {denoiser}{weights}"


def _thousands(count):
    """Return 131472 as "131k"."""
    for scale, letter in ((1e6, "M"), (1e3, "k")):
        if count >= scale:
            return f"{count / scale:.3g}{letter}"
    return f"{count:.0f}"
