"""Overlap of adaptive bases with reference bases."""

from typing import TYPE_CHECKING

import numpy as np

from gahb_sk.plots._style import COLOURS, TableDisplay, draw_curve

if TYPE_CHECKING:
    from gahb_sk.experiments import Table


class AlignmentDisplay(TableDisplay):
    """Overlap with each reference against the number of vectors, for one denoiser.

    The grey band reaches from nothing to the 95th percentile of random subspaces.

    Parameters
    ----------
    table : Table
        Result of :func:`~gahb_sk.experiments.basis_alignment`.
    denoiser : str, default=None
        Which denoiser; None takes the first that is no reference.
    sigma : float, default=None
        Which noise level; None takes the middle one.

    Raises
    ------
    ValueError
        If the table has no such rows.
    """

    def __init__(self, table: "Table", *, denoiser: str | None = None, sigma: float | None = None):
        self.table = table
        self.denoiser = denoiser
        self.sigma = sigma

    def _draw(self, ax):
        name, sigma = self._choice()
        part = self.table.where(denoiser=name, sigma=sigma)
        if not part.n_rows:
            raise ValueError(
                f"denoiser, sigma: expected one of {sorted(set(self.table['denoiser'].tolist()))} "
                f"and of {np.unique(self.table['sigma']).tolist()}, got {name!r}, {sigma!r}."
            )
        references = list(dict.fromkeys(part["reference"].tolist()))
        for reference, colour in zip(references, COLOURS * len(references), strict=False):
            rows = part.where(reference=reference)
            draw_curve(
                ax, rows["k"], rows["overlap"], rows["overlap_se"], label=reference,
                color=colour, marker="o",
            )  # fmt: skip
        k, place = np.unique(part["k"], return_index=True)
        ax.fill_between(k, 0, part["chance_high"][place], color="0.85", label="chance (95 %)")
        ax.set(xlabel="number of vectors k", ylabel="overlap of the first k vectors", xscale="log")
        ax.set_xticks(k, labels=[str(number) for number in k])
        ax.set_xticks([], minor=True)
        ax.set(ylim=(0, 1), title=f"{name}, noise level {sigma:g}")
        ax.legend(fontsize="small")

    def _choice(self):
        names = list(dict.fromkeys(self.table["denoiser"].tolist()))
        references = set(self.table["reference"].tolist())
        own = [name for name in names if name not in references] or names
        sigmas = np.unique(self.table["sigma"])
        sigma = sigmas[len(sigmas) // 2] if self.sigma is None else self.sigma
        return self.denoiser or own[0], float(sigma)
