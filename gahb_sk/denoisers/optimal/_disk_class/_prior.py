"""The law of the disks' geometry, as ``make_disk_images`` draws it."""

import numpy as np

from gahb_sk.datasets._disk_images import RADII


class ContinuousPrior:
    """Radius uniform in a range, then the centre uniform where the disk fits, or on the torus.

    Parameters
    ----------
    size : tuple (height, width)
        Sides in pixels.
    radius_range : tuple (low, high) or None
        As in ``make_disk_images``.
    wrap : bool
        Whether the image is a torus.

    Attributes
    ----------
    radii : tuple (low, high)
    """

    def __init__(self, size, radius_range, wrap):
        self.size = size
        self.wrap = wrap
        self.sides = np.array(size, np.float64)
        self.radii = RADII["continuous"](size, radius_range, wrap)

    def mass(self, geometry, cells):
        """Return the prior probability of boxes.

        Parameters
        ----------
        geometry : ndarray of shape (n, 3)
            Middle of each box: row, column, radius.
        cells : ndarray of shape (n, 3)
            Sides of each box.

        Returns
        -------
        mass : ndarray of shape (n,)
            With the range of the centre at the radius in the middle of the box.
        """
        low, high = self.radii
        mass = _overlap(geometry[:, 2], cells[:, 2], low, high) / (high - low)
        if self.wrap:
            return mass * np.prod(cells[:, :2] / self.sides, axis=1)
        for axis, side in enumerate(self.size):
            first, last = self._centre_range(geometry[:, 2], side)
            length = np.maximum(last - first, 1e-12)
            mass = mass * _overlap(geometry[:, axis], cells[:, axis], first, last) / length
        return mass

    def nearest(self, geometry):
        """Return the nearest geometry that is possible."""
        geometry = geometry.copy()
        geometry[:, 2] = np.clip(geometry[:, 2], *self.radii)
        if self.wrap:
            geometry[:, :2] %= self.sides
            return geometry
        for axis, side in enumerate(self.size):
            bounds = self._centre_range(geometry[:, 2], side)
            geometry[:, axis] = np.clip(geometry[:, axis], *bounds)
        return geometry

    def difference(self, geometry, other):
        """Return ``geometry - other``, the short way round a torus."""
        away = geometry - other
        if self.wrap:
            away[:, :2] -= self.sides * np.round(away[:, :2] / self.sides)
        return away

    def lattice(self, phases):
        """Return the middles of the radii's cells, the cells' sides (3,), and the phases."""
        low, high = self.radii
        count = max(4, int(np.ceil((high - low) * phases * np.sqrt(2))))
        step = (high - low) / count
        radii = low + step * (np.arange(count) + 0.5)
        return radii, np.array([1 / phases, 1 / phases, step])

    @staticmethod
    def _centre_range(radius, side):
        middle = 0.5 * (side - 1)
        reach = np.maximum(0.5 * side - radius, 0)
        return middle - reach, middle + reach


class IntegerPrior:
    """Whole centres uniform in the middle of the image, then a whole radius; see the generator.

    Parameters
    ----------
    size : tuple (height, width)
        Sides in pixels.
    radius_range : tuple (low, high) or None
        As in ``make_disk_images``.
    """

    def __init__(self, size, radius_range, wrap=False):
        self.size = size
        self.wrap = wrap
        self.radii = RADII["integer"](size, radius_range)
        least, bound = self.radii
        sides = np.array(size)
        self._margin = np.maximum(sides // 8, least + 1)
        self._count = sides - 2 * self._margin + (sides == 2 * self._margin)
        self._bound = np.ceil(bound)

    def mass(self, geometry, cells):
        """Return the prior probability of whole geometries (n, 3); ``cells`` is not used."""
        centre, radius = geometry[:, :2], geometry[:, 2]
        first, last = self._margin, self._margin + self._count
        mass = ((centre >= first) & (centre < last)).all(1) / np.prod(self._count)
        border = np.minimum(centre, np.array(self.size) - centre).min(1)
        least = self.radii[0]
        count = np.minimum(self._bound, border) - least
        possible = (radius >= least) & (radius < least + count)
        return np.where(possible, mass / np.maximum(count, 1), 0.0)

    def lattice(self, phases):
        """Return all radii and the (unit) cells."""
        top = min(self._bound, max(self.size) // 2 + 1)
        return np.arange(self.radii[0], top, dtype=np.float64), np.ones(3)


def _overlap(middle, side, low, high):
    return np.maximum(np.minimum(middle + side / 2, high) - np.maximum(middle - side / 2, low), 0)


PRIORS = {"continuous": ContinuousPrior, "integer": IntegerPrior}
