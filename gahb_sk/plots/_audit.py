"""What an audit measures, drawn: leads, shares of reference bases, symmetries and reach."""

import numpy as np

from gahb_sk.plots._style import COLOURS, TableDisplay, by_denoiser, draw_curve, styled

_EXACT = -40.0  # dB below which a symmetry is drawn as exact


class LeadDisplay(TableDisplay):
    """PSNR above that of wavelets against the noise level, with two standard errors.

    Parameters
    ----------
    table : Table
        ``audit(...).tables["quality"]``.
    """

    def _draw(self, ax):
        for part, style in styled(self.table):
            draw_curve(ax, part["sigma"], part["over_wavelets"], part["over_wavelets_se"], **style)
        ax.set(xlabel="noise level σ", ylabel="PSNR above wavelets (dB)")
        ax.set_title("How far each denoiser is above wavelets")
        sigma_axis(ax, self.table)
        ax.legend(fontsize="small")


class CaptureDisplay(TableDisplay):
    """Share of the leading vectors that lies in the first m of each reference basis.

    Parameters
    ----------
    table : Table
        ``audit(...).tables["capture"]``.
    """

    def _draw(self, ax):
        table = self.table
        references = list(dict.fromkeys(table["reference"].tolist()))
        colours = dict(zip(references, COLOURS * len(references), strict=False))
        lines = dict(zip(by_denoiser(table), ("-", "--", ":"), strict=False))
        for name, own in by_denoiser(table).items():
            for reference in dict.fromkeys(own["reference"].tolist()):
                part = own.where(reference=reference)
                label = reference if len(lines) == 1 else f"{name} in {reference}"
                draw_curve(
                    ax, part["m"], part["share"], part["share_se"], label=label, marker="o",
                    color=colours[reference], linestyle=lines[name],
                )  # fmt: skip
        m, place = np.unique(table["m"], return_index=True)
        ax.plot(m, table["chance"][place], color="0.6", label="chance")
        ax.set(xlabel="vectors of the reference, m", xscale="log", ylim=(0, 1.02))
        ax.set_ylabel(f"share of the {table['k'][0]} leading vectors")
        ax.set_xticks(m, labels=[str(number) for number in m])
        ax.set_xticks([], minor=True)
        ax.legend(fontsize="small")


class SymmetryDisplay(TableDisplay):
    """By how much denoising fails to commute with changes of the image, in dB.

    0 dB: the difference is as large as the denoiser's own error. Mean over the noise levels.

    Parameters
    ----------
    table : Table
        ``audit(...).tables["symmetries"]``.
    """

    def _draw(self, ax):
        names = list(dict.fromkeys(self.table["symmetry"].tolist()))
        denoisers = by_denoiser(self.table)
        height = 0.8 / len(denoisers)
        for j, (name, own) in enumerate(denoisers.items()):
            means = [own.where(symmetry=one)["decibels"].mean() for one in names]
            lengths = np.maximum(means, _EXACT) - _EXACT
            places = np.arange(len(names)) + (j - (len(denoisers) - 1) / 2) * height
            ax.barh(places, lengths, height, left=_EXACT, color=COLOURS[j], label=name)
        ax.axvline(0, color="0.4", linewidth=1)
        ax.set(xlabel="difference against own error (dB)", xlim=(_EXACT, 8))
        ax.set_yticks(range(len(names)), labels=names)
        ax.invert_yaxis()
        if len(denoisers) > 1:
            ax.legend(fontsize="small")


class ReachDisplay(TableDisplay):
    """Side of the window that a denoiser uses, against the noise level.

    Parameters
    ----------
    table : Table
        ``audit(...).tables["reach"]``.
    """

    def _draw(self, ax):
        for (name, part), colour in zip(by_denoiser(self.table).items(), COLOURS, strict=False):
            draw_curve(ax, part["sigma"], part["side"], part["side_se"], label=name, color=colour,
                       marker="o")  # fmt: skip
        ax.set(xlabel="noise level σ", ylabel="side of the window (pixels)", ylim=(0, None))
        sigma_axis(ax, self.table)
        ax.legend(fontsize="small")


def sigma_axis(ax, table):
    """Put a logarithmic axis of the noise levels, which are the ticks if they have room."""
    sigmas = np.unique(table["sigma"])
    ax.set_xscale("log")
    if len(sigmas) <= 8:
        ax.set_xticks(sigmas, labels=[f"{sigma:.3g}" for sigma in sigmas])
        ax.set_xticks([], minor=True)
