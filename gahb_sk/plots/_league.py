"""How near theories come to a network, against the noise level."""

from typing import TYPE_CHECKING

from gahb_sk._validation import check_name
from gahb_sk.plots._style import COLOURS, GREYS, TableDisplay, draw_curve

if TYPE_CHECKING:
    from gahb_sk.experiments import Table

_LABELS = {
    "agreement": "agreement (dB)",
    "output_cosine": "cosine of outputs",
    "output_r2": "squared correlation of outputs",
    "residual_cosine": "cosine of residuals",
    "residual_r2": "squared correlation of residuals",
    "alignment": "overlap of leading eigenvectors",
}


class LeagueDisplay(TableDisplay):
    """Similarity of each rival to one network, with two standard errors.

    Theories are coloured, another network is black and the optimum grey.

    Parameters
    ----------
    table : Table
        Result of :func:`~gahb_sk.experiments.league`.
    quantity : str, default="agreement"
        "agreement", "output_cosine", "output_r2", "residual_cosine", "residual_r2" or, if it was
        measured, "alignment".
    network : str, default=None
        Whose rivals to show; None: the first network's.

    Raises
    ------
    ValueError
        For an unknown quantity or network.
    """

    def __init__(self, table: "Table", *, quantity: str = "agreement", network: str | None = None):
        self.table = table
        self.quantity = quantity
        self.network = network

    def _draw(self, ax):
        quantity = check_name(self.quantity, [q for q in _LABELS if q in self.table], "quantity")
        networks = list(dict.fromkeys(self.table["network"].tolist()))
        network = networks[0] if self.network is None else self.network
        table = self.table.where(network=check_name(network, networks, "network"))
        theories = iter(COLOURS * table.n_rows)
        for rival in dict.fromkeys(table["rival"].tolist()):
            part = table.where(rival=rival)
            own = {"network": GREYS[0], "optimum": GREYS[2]}.get(part["role"][0])
            draw_curve(
                ax, part["sigma"], part[quantity], part[f"{quantity}_se"], marker="o",
                color=next(theories) if own is None else own, label=rival,
            )  # fmt: skip
        ax.set(xscale="log", xlabel="noise level", ylabel=_LABELS[quantity])
        ax.legend(fontsize="small")
