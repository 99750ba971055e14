r"""Orthogonal bandlets: a basis whose vectors follow the geometry of one image.

The *floor* is an orthonormal wavelet transform, or the pixels themselves. In each detail band of
the floor (or on the image), a quadtree of dyadic squares is chosen, and in each square a basis
warped along one direction (:mod:`._warped`), or none: then a square of wavelets is left alone, and
a square of pixels, which are not sparse, takes its cosine basis. Any choice is an orthonormal
basis; :func:`~gahb_sk.transforms.best_bandlets` finds the best one for an additive cost.

References
----------
E. Le Pennec, S. Mallat, "Bandelet image approximation and compression", SIAM Multiscale Modeling
and Simulation 4, 2005. DOI 10.1137/040619454.
S. Mallat, G. Peyre, "Orthogonal bandelet bases for geometric images approximation",
Communications on Pure and Applied Mathematics 61, 2008. DOI 10.1002/cpa.20242.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft

from gahb_sk.transforms._base import Subband, Transform
from gahb_sk.transforms._quadtree import tile, untile
from gahb_sk.transforms._warped import warped_bases

ABSENT, ALONE = -2, -1  # instead of the number of an angle: no leaf here; a leaf without direction


@dataclass(frozen=True)
class Square:
    """A leaf of a quadtree.

    Parameters
    ----------
    scale : int
        Of its band: a coefficient stands for a square of side ``2**scale`` pixels; 0 for pixels.
    orientation : str
        Orientation of its band.
    top, left, side : int
        Where it lies, in coefficients of its band.
    angle : float or None
        Direction in radians, in [0, pi): 0 runs along rows to the right, pi / 2 along columns
        downwards. None for a square without direction.
    """

    scale: int
    orientation: str
    top: int
    left: int
    side: int
    angle: float | None


@dataclass(frozen=True)
class BandletGeometry:
    """Squares and directions chosen for each image of a stack.

    Parameters
    ----------
    lead : tuple of int
        Shape of the stack, ``()`` for one image.
    sides : tuple of tuple of int
        For each detail band of the floor, the sides that its squares may have.
    choices : tuple of tuple of int ndarray of shape ``(*lead, rows, columns)``
        For each band and side, the number of the angle in each square of that side; -1 for a
        leaf without direction, -2 where there is no leaf. Read only.
    """

    lead: tuple
    sides: tuple
    choices: tuple

    def __post_init__(self):
        for choice in (c for band in self.choices for c in band):
            choice.setflags(write=False)

    def __getitem__(self, index: Any) -> "BandletGeometry":
        """Return the geometry of one image, or of a part of the stack."""
        part = np.empty(self.lead)[index]
        choices = tuple(tuple(np.asarray(c[index]) for c in band) for band in self.choices)
        return BandletGeometry(np.shape(part), self.sides, choices)


class PixelFloor(Transform):
    """The pixels themselves, as the floor of bandlets: one band, the image."""

    def forward(self, images: npt.ArrayLike) -> np.ndarray:
        """Return the images."""
        return self.check(images)

    def inverse(self, coefficients: npt.ArrayLike) -> np.ndarray:
        """Return the coefficients."""
        return self.check(coefficients, "coefficients")

    def subbands(self) -> list[Subband]:
        """Return the one band, of scale 0."""
        return [Subband(0, "all", tuple(slice(0, n) for n in self.shape))]


class BandletTransform(Transform):
    """A bandlet basis for each image of a stack, or one basis for all.

    Made by :func:`best_bandlets`. It holds the geometry, not the images, so it applies to any
    others of their size.

    Parameters
    ----------
    floor : WaveletTransform or PixelFloor
        What the squares are laid on.
    geometry : BandletGeometry
        Squares and directions.
    order : int, default=1
        Vanishing moments of the warped bases: 1 is Haar, more are Alpert multiwavelets.

    Notes
    -----
    A stack of geometries ``(n,)`` transforms ``(n, H, W)`` image by image; by the rules of
    broadcasting one geometry, ``()``, transforms any stack. ``transform[i]`` is the basis of
    image i. The coefficients of a square stand in its place in the layout of the floor.
    """

    pixels_at_once = 2**18  # of a stack, since each band and side is a step of its own

    def __init__(self, floor: Transform, geometry: BandletGeometry, order: int = 1):
        super().__init__(floor.shape)
        self.floor, self.geometry, self.order = floor, geometry, order

    def __getitem__(self, index: Any) -> "BandletTransform":
        """Return the basis of one image of the stack, or of a part of it."""
        return BandletTransform(self.floor, self.geometry[index], self.order)

    def forward(self, images: npt.ArrayLike) -> np.ndarray:
        """Return the coefficients ``(..., H, W)`` of the images ``(..., H, W)``."""
        return self._turned(self.floor.forward(self._check_stack(images)), "forward")

    def inverse(self, coefficients: npt.ArrayLike) -> np.ndarray:
        """Return the images ``(..., H, W)`` that have these coefficients."""
        coefficients = self._check_stack(coefficients, "coefficients")
        return self.floor.inverse(self._turned(coefficients, "inverse"))

    def subbands(self) -> list[Subband]:
        """Return the bands of the floor, coarse first; bandlets stay in their band."""
        return self.floor.subbands()

    def vectors(self, indices: npt.ArrayLike | None = None) -> np.ndarray:
        """Return basis vectors of one image's basis; see :meth:`Transform.vectors`."""
        self._check_single()
        return super().vectors(indices)

    def squares(self) -> list[Square]:
        """Return the leaves of all quadtrees, for one image."""
        self._check_single()
        found = []
        for band, n, choice in self._choices():
            angles = warped_bases(n, self.order).angles
            for row, column in np.argwhere(choice != ABSENT).tolist():
                k = choice[row, column]
                angle = None if k == ALONE else float(angles[k])
                found.append(Square(band.scale, band.orientation, row * n, column * n, n, angle))
        return found

    def _choices(self):
        """Yield each band with each side of its squares and the choices there."""
        geometry = self.geometry
        parts = zip(detail_bands(self.floor), geometry.sides, geometry.choices, strict=True)
        for band, sides, choices in parts:
            yield from ((band, n, choice) for n, choice in zip(sides, choices, strict=True))

    def _turned(self, coefficients, direction):
        """Turn the squares from the floor to their own bases ("forward"), or back."""
        lead = coefficients.shape[:-2]
        out = coefficients.reshape(-1, *self.shape).copy()
        for band, n, choice in self._choices():
            rows, columns = choice.shape[-2:]
            view = band.of(out)[:, : rows * n, : columns * n]
            every = np.broadcast_to(choice, (*lead, rows, columns)).reshape(-1)
            moved = every >= (ALONE if self._has_cosines else 0)
            if moved.any():
                squares = tile(view, n)
                self._turn(squares, every, n, direction)
                untile(squares, view, n)
        return out.reshape(coefficients.shape)

    def _turn(self, squares, every, n, direction):
        which = np.flatnonzero(every >= 0)
        bases = getattr(warped_bases(n, self.order), direction)
        squares[:, which] = bases(squares[:, which], every[which])
        if self._has_cosines:
            which = np.flatnonzero(every == ALONE)
            squares[:, which] = COSINES[direction](squares[:, which], n)

    @property
    def _has_cosines(self):
        return isinstance(self.floor, PixelFloor)

    def _check_stack(self, array, what="images"):
        array = self.check(array, what)
        lead = self.geometry.lead
        try:
            fits = np.broadcast_shapes(lead, array.shape[:-2]) == array.shape[:-2]
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(
                f"{what} must fit the stack of geometries {lead}, got {array.shape}. Take the "
                "basis of one image, transform[i], to apply it to others."
            )
        return array

    def _check_single(self):
        if prod(self.geometry.lead) != 1:
            raise ValueError(
                f"There is a basis for each image of a stack {self.geometry.lead}: take that of "
                "one image, transform[i]."
            )


def detail_bands(floor):
    """Return the bands of a floor other than the coarse one."""
    return [band for band in floor.subbands() if band.orientation != "coarse"]


def cosines(squares, n):
    """Return the orthonormal cosine coefficients of squares ``(n * n, m)``."""
    return fft.dctn(squares.reshape(n, n, -1), axes=(0, 1), norm="ortho").reshape(n * n, -1)


def _from_cosines(coefficients, n):
    squares = fft.idctn(coefficients.reshape(n, n, -1), axes=(0, 1), norm="ortho")
    return squares.reshape(n * n, -1)


COSINES = {"forward": cosines, "inverse": _from_cosines}
