"""One disk on a constant ground: a class of images that is a manifold of five dimensions."""

from dataclasses import KW_ONLY, dataclass

import numpy as np

from gahb_sk._validation import StrOptions
from gahb_sk.image_classes._base import ImageClass
from gahb_sk.image_classes._disk_rendering import disk_tangents, render_disks
from gahb_sk.image_classes._sampling import check_image_size, check_range


@dataclass(frozen=True, eq=False, repr=False)
class DiskImages(ImageClass):
    """One disk: random centre, radius and two intensities.

    Latents are row and column of the centre (pixel (i, j) has its centre at (i, j)), radius,
    intensity inside and outside.

    Parameters
    ----------
    image_size : int or tuple (height, width), default=64
        Sides in pixels.
    lattice : {"continuous", "integer"}, default="continuous"
        Whether centre and radius are real or whole numbers. "continuous": radius uniform in
        ``radius_range``, then the centre uniform among those that keep the disk within the image,
        or, with ``wrap``, uniform on the torus. "integer": whole rows and columns uniform in the
        middle of the image (a margin of an eighth of each side is left), then a whole radius
        uniform from the smallest one up to, not including, the distance from the centre to the
        border.
    antialias : {"area", "none"}, default="area"
        "area": each pixel holds the exact area of the disk in it; "none": pixels whose centre
        lies in the disk.
    wrap : bool, default=False
        Whether a continuous disk may cross the border and come in at the opposite side.
    radius_range : tuple (low, high), default=None
        Radii in pixels, ``high`` not included. None: for "continuous" [3, (side - 3) / 2) of the
        shorter side (3 becomes an eighth of the side below 24 pixels); for "integer" from a
        sixteenth of the shorter side (5 at 80 pixels) on, with no upper bound but the border.
    intensity_range : tuple (low, high), default=(0.0, 1.0)
        Both intensities are uniform and independent in it.

    Attributes
    ----------
    geometry : ContinuousGeometry or IntegerGeometry
        The law of centre and radius.

    Notes
    -----
    At small noise the optimal denoiser projects on the tangent space: its mean squared error is
    5 sigma^2 summed over pixels [1]_. Tangents exist with continuous parameters and area coverage
    only: otherwise the image jumps. :func:`disk_tangents` gives the derivative of the area-covered
    disk at any parameters.

    References
    ----------
    .. [1] Kadkhodaie, Guth, Simoncelli, Mallat, Generalization in diffusion models arises from
       geometry-adaptive harmonic representations, ICLR 2024. arXiv:2310.02557

    Examples
    --------
    >>> from gahb_sk.image_classes import DiskImages
    >>> images, latents = DiskImages(32).sample(10, random_state=0, return_latents=True)
    >>> images.shape, latents.shape
    ((10, 32, 32), (10, 5))
    """

    image_size: int | tuple = 64
    _: KW_ONLY
    lattice: str = "continuous"
    antialias: str = "area"
    wrap: bool = False
    radius_range: tuple | None = None
    intensity_range: tuple = (0.0, 1.0)

    dimension = 5
    _estimator = "DiskPosteriorMean"
    _n_draws = 5
    _smallest = 1
    _parameter_constraints = {
        "lattice": [StrOptions({"continuous", "integer"})],
        "antialias": [StrOptions({"area", "none"})],
        "wrap": ["boolean"],
    }

    def __post_init__(self):
        super().__post_init__()
        if self.wrap and self.lattice == "integer":
            raise ValueError(
                "wrap: expected False with lattice='integer', whose disks lie inside the image; "
                "got True. Use lattice='continuous'."
            )
        if self.radius_range is not None:
            self._set(radius_range=check_range(self.radius_range, "radius_range"))
        self._set(
            intensity_range=check_range(self.intensity_range, "intensity_range"),
            geometry=GEOMETRIES[self.lattice](self.image_size, self.radius_range, self.wrap),
        )

    def __setstate__(self, state):
        super().__setstate__(state)
        self.__post_init__()

    def _latents(self, draws, dtype):
        low, high = self.intensity_range
        geometry = self.geometry.from_uniform(draws[:, :3])
        return np.column_stack([geometry, low + (high - low) * draws[:, 3:]])

    def _render(self, latents, dtype):
        return render_disks(
            latents, self.image_size, antialias=self.antialias, wrap=self.wrap, dtype=dtype
        )

    def _tangents(self, latents, dtype):
        return disk_tangents(latents, self.image_size, wrap=self.wrap, dtype=dtype)

    def _check_tangents(self):
        if self.antialias == "none" or self.lattice == "integer":
            raise ValueError(
                "tangents: expected antialias='area' and lattice='continuous', got "
                f"antialias={self.antialias!r}, lattice={self.lattice!r}. Without antialiasing, "
                "or with whole-number parameters, the image jumps: it has no derivative by centre "
                "and radius. disk_tangents gives the derivative of the area-covered disk at any "
                "parameters."
            )


class ContinuousGeometry:
    """Radius uniform in a range, then the centre uniform where the disk fits, or on the torus."""

    def __init__(self, size, radius_range, wrap):
        self.size, self.wrap = size, wrap
        self.sides = np.array(size, np.float64)
        side = min(size)
        if radius_range is None:
            low, high = min(3.0, side / 8), (side - 3) / 2
            self.radii = low, high if high > low else side / 2
            return
        self.radii = check_range(radius_range, "radius_range", 0, side / 2)
        if self.radii[0] <= 0:
            raise ValueError(f"radius_range: expected radii above 0, got {radius_range!r}.")

    def from_uniform(self, u):
        """Map uniform numbers (n, 3) to (row, column, radius)."""
        low, high = self.radii
        radius = low + (high - low) * u[:, 2]
        if self.wrap:
            return np.column_stack([u[:, :2] * self.sides, radius])
        reach = radius[:, None]
        return np.column_stack([u[:, :2] * (self.sides - 2 * reach) + reach - 0.5, radius])

    def mass(self, geometry, cells):
        """Return the probability of boxes with given middles and sides, both (n, 3).

        The range of the centre is the one at the radius in the middle of the box.
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

    def cells(self, phases):
        """Return the middles of radii and the sides (3,) of cells, ``phases`` per pixel."""
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


class IntegerGeometry:
    """Whole centres uniform in the middle of the image, then a whole radius below ``radii[1]``."""

    def __init__(self, size, radius_range, wrap=False):
        self.size, self.wrap = check_image_size(size), wrap
        self.radii = self._check_radii(radius_range)
        sides, least = np.array(size), self.radii[0]
        self._margin = np.maximum(sides // 8, least + 1)
        self._count = sides - 2 * self._margin + (sides == 2 * self._margin)
        self._bound = np.ceil(self.radii[1])

    def _check_radii(self, radius_range):
        side = min(self.size)
        if radius_range is None:
            return max(1, side // 16), side
        low, high = check_range(radius_range, "radius_range", 1)
        if low != int(low) or low + 1 > side // 2 or high <= low:
            raise ValueError(
                f"radius_range: expected a whole low in [1, {side // 2 - 1}] and high > low, so "
                f"that a disk fits into {self.size[0]}x{self.size[1]} pixels, got {radius_range!r}."
            )
        return int(low), high

    def _n_radii(self, centre):
        border = np.minimum(centre, np.array(self.size) - centre).min(1)
        return np.minimum(self._bound, border) - self.radii[0]

    def from_uniform(self, u):
        """Map uniform numbers (n, 3) to whole (row, column, radius)."""
        centre = self._margin + np.floor(u[:, :2] * self._count)
        count = self._n_radii(centre)
        return np.column_stack([centre, self.radii[0] + np.floor(u[:, 2] * count)])

    def mass(self, geometry, cells):
        """Return the probability of whole geometries (n, 3); ``cells`` is not used."""
        centre, radius = geometry[:, :2], geometry[:, 2]
        first, last = self._margin, self._margin + self._count
        mass = ((centre >= first) & (centre < last)).all(1) / np.prod(self._count)
        count, least = self._n_radii(centre), self.radii[0]
        possible = (radius >= least) & (radius < least + count)
        return np.where(possible, mass / np.maximum(count, 1), 0.0)

    def cells(self, phases):
        """Return all radii and the (unit) cells."""
        top = min(self._bound, max(self.size) // 2 + 1)
        return np.arange(self.radii[0], top, dtype=np.float64), np.ones(3)


def _overlap(middle, side, low, high):
    return np.maximum(np.minimum(middle + side / 2, high) - np.maximum(middle - side / 2, low), 0)


GEOMETRIES = {"continuous": ContinuousGeometry, "integer": IntegerGeometry}
