"""The squares and directions of a bandlet basis, drawn over the image."""

from typing import TYPE_CHECKING, Self

import numpy as np

from gahb_sk.plots._style import axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class GeometryDisplay:
    """Quadtree squares of one band or of the image, each with its direction.

    Parameters
    ----------
    squares : list of Square
        Result of ``BandletTransform.squares()`` for one image.
    image : ndarray of shape (H, W)
        What to draw them on.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn last.
    """

    def __init__(self, squares: list, image: np.ndarray):
        self.squares = squares
        self.image = image

    def plot(
        self, ax: "Axes | None" = None, *, scale: int | None = None, orientation: str | None = None
    ) -> Self:
        """Draw the squares.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        scale : int, default=None
            Of the squares to draw; None takes the finest.
        orientation : str, default=None
            Orientation of their band; None takes the first.

        Raises
        ------
        ValueError
            If there is no square of that scale and orientation.
        """
        ax = axis(ax, (5, 5))
        ax.imshow(self.image, cmap="gray")
        for square in self._chosen(scale, orientation):
            self._draw(ax, square)
        height, width = self.image.shape
        ax.set(xticks=[], yticks=[], xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _chosen(self, scale, orientation):
        scale = min((s.scale for s in self.squares), default=None) if scale is None else scale
        there = [s for s in self.squares if s.scale == scale]
        if orientation is None and there:
            orientation = there[0].orientation
        chosen = [s for s in there if s.orientation == orientation]
        if not chosen:
            bands = sorted({(s.scale, s.orientation) for s in self.squares})
            raise ValueError(
                f"scale, orientation: expected one of {bands}, got {(scale, orientation)!r}."
            )
        return chosen

    @staticmethod
    def _draw(ax, square):
        """Draw the outline in pixels and, if it has a direction, a line along it."""
        unit = 2**square.scale
        top, left, side = unit * square.top - 0.5, unit * square.left - 0.5, unit * square.side
        corners = np.array([[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]) * side
        ax.plot(left + corners[:, 1], top + corners[:, 0], color="#0072B2", linewidth=0.6)
        if square.angle is not None:
            reach = 0.4 * side * np.array([-1, 1])
            x = left + side / 2 + reach * np.cos(square.angle)
            y = top + side / 2 + reach * np.sin(square.angle)
            ax.plot(x, y, color="#D55E00", linewidth=1.2)
