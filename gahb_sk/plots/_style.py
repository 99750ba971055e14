"""One look for all displays: each denoiser keeps its colour, each kind its line."""

from itertools import cycle
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gahb_sk.experiments import Table

LINES = {"learned": "-", "classical": "--", "optimal": ":"}
# Of one kind, markers differ, for readers who see no colours.
MARKERS = {"learned": "oPX*", "classical": "s^Dv<>", "optimal": (None,)}
# Okabe and Ito's colours, distinct with any colour vision; black is kept for bounds.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#6A3D9A")
GREYS = ("#000000", "#555555", "#888888", "#AAAAAA")


class AxisDisplay:
    """A display on one axis; a subclass draws in ``_draw(ax)``.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn last.
    """

    _figsize = (6.4, 4.8)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw on a matplotlib axis, by default that of a new figure."""
        self.ax_ = axis(ax, self._figsize)
        self.figure_ = self.ax_.figure
        self._draw(self.ax_)
        return self

    def _draw(self, ax):
        raise NotImplementedError


class TableDisplay(AxisDisplay):
    """A display of a table on one axis.

    Parameters
    ----------
    table : Table
        What the experiment returned.
    """

    def __init__(self, table: "Table"):
        self.table = table

    @classmethod
    def from_table(cls, table: "Table", **options: Any) -> Self:
        """Make the display from a table, with the options of the class."""
        return cls(table, **options)


class FigureDisplay:
    """A display of several axes; a subclass draws in ``_draw(figure)`` and has ``_size()``."""

    def plot(self, figure: "Figure | None" = None) -> Self:
        """Draw on a matplotlib figure, by default a new one."""
        self.figure_ = new_figure(self._size()) if figure is None else figure
        self._draw(self.figure_)
        return self

    def _size(self):
        raise NotImplementedError

    def _draw(self, figure):
        raise NotImplementedError


def axis(ax, figsize=(6.4, 4.8)):
    """Return ``ax``, or the axis of a new figure if it is None."""
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=figsize, layout="constrained")
    return ax


def canvas(width, height):
    """Return a figure that opens no window, to be saved."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def new_figure(figsize):
    """Return a new figure of pyplot's."""
    import matplotlib.pyplot as plt

    return plt.figure(figsize=figsize, layout="constrained")


def draw_curve(ax, x, y, error, **style):
    """Draw a curve with bars of two standard errors; unknown errors have none."""
    ax.errorbar(x, y, 2 * np.nan_to_num(error), **{"markersize": 4, "capsize": 2, **style})


def draw_identity(ax, x):
    """Draw the line on which a denoiser that changes nothing lies."""
    ax.plot(x, x, color="0.75", linewidth=1, zorder=0, label="noisy input")
    ax.set(xlabel="input PSNR (dB)", ylabel="output PSNR (dB)")


def by_denoiser(table):
    """Return the rows of each denoiser by its name, in order."""
    return {name: table.where(denoiser=name) for name in dict.fromkeys(table["denoiser"].tolist())}


def styled(table):
    """Yield the rows and the style of each denoiser: colour, line and marker of its kind, label.

    Optimal denoisers are grey to black; those that know the clean image are marked as bounds.
    """
    palettes = {"optimal": iter(GREYS * table.n_rows)}
    others = iter(COLOURS * table.n_rows)
    markers = {kind: cycle(these) for kind, these in MARKERS.items()}
    for name, part in by_denoiser(table).items():
        kind = str(part["kind"][0])
        yield (
            part,
            {
                "color": next(palettes.get(kind, others)),
                "linestyle": LINES[kind],
                "marker": next(markers[kind]),
                "label": f"{name} (bound)" if part["bound"][0] else name,
            },
        )
