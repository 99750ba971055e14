"""Piecewise constant images of polygons: their corners are singularities no C^alpha contour has.

Coordinates are those of array indices: pixel (i, j) covers [i - 1/2, i + 1/2] x
[j - 1/2, j + 1/2]. The area of a polygon in a pixel is a sum over its edges: an edge contributes,
with the sign of its direction down the rows, the part of the pixel to its right.
"""

from dataclasses import KW_ONLY, dataclass
from numbers import Integral

import numpy as np

from gahb_sk._validation import at_least, numbers_of_shape, sides, validate_params
from gahb_sk.image_classes._base import ImageClass
from gahb_sk.image_classes._contour_masks import mean_clipped
from gahb_sk.image_classes._sampling import check_range

# Nearest vertex to the centre, as a share of the farthest: polygons need not be convex.
DENTED = 0.4


@dataclass(frozen=True)
class PolygonLatents:
    """What polygon images are made of.

    Attributes
    ----------
    vertices : ndarray of shape (n, n_polygons, high, 2), float64
        Rows and columns; the last vertex is repeated where a polygon has fewer than ``high``.
    intensities : ndarray of shape (n, n_polygons + 1), float64
        The ground first.
    """

    vertices: np.ndarray
    intensities: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class PolygonImages(ImageClass):
    """Random polygons of constant intensity on a constant ground.

    A polygon is a star around its centre: angles are uniform, one in each equal sector, so that
    neighbours are less than two sectors apart, and distances to the centre are uniform between
    0.4 and 1 times a radius that is uniform between an eighth and three eighths of the shorter
    side. The centre is uniform in the image. Later polygons hide earlier ones. Each pixel holds
    the exact area of the polygons in it (of each one over what lies below). Latents are a record
    of ``vertices`` and ``intensities``.

    Parameters
    ----------
    image_size : int or tuple (height, width), default=64
        Sides in pixels, at least 4.
    n_polygons : int, default=1
        Polygons per image.
    n_vertices : int or tuple (low, high), default=(3, 6)
        Number of vertices of a polygon, uniform from low to high inclusive, at least 3.
    intensity_range : tuple (low, high), default=(0.0, 1.0)
        All intensities are uniform and independent in it.

    Examples
    --------
    >>> from gahb_sk.image_classes import PolygonImages
    >>> PolygonImages(16, n_polygons=2).sample(3, random_state=0).shape
    (3, 16, 16)
    """

    image_size: int | tuple = 64
    _: KW_ONLY
    n_polygons: int = 1
    n_vertices: int | tuple = (3, 6)
    intensity_range: tuple = (0.0, 1.0)

    _record = PolygonLatents
    _parameter_constraints = {"n_polygons": [at_least(1)]}

    def __post_init__(self):
        super().__post_init__()
        self._set(
            n_vertices=_check_vertices(self.n_vertices),
            intensity_range=check_range(self.intensity_range, "intensity_range"),
        )

    @property
    def _per_polygon(self):
        return 4 + 2 * self.n_vertices[1]

    @property
    def _n_draws(self):
        return self.n_polygons * (self._per_polygon + 1) + 1

    @property
    def _working_values(self):
        return 8 * self.image_size[0] * self.image_size[1]

    def _latents(self, draws, dtype):
        low, high = self.intensity_range
        n = self.n_polygons
        u = draws[:, n + 1 :].reshape(-1, n, self._per_polygon)
        vertices = _star_polygons(u, self.image_size, *self.n_vertices)
        return PolygonLatents(vertices, low + (high - low) * draws[:, : n + 1])

    def _render(self, latents, dtype):
        intensities = latents.intensities[..., None, None].astype(dtype)
        images = np.empty((len(intensities), *self.image_size), dtype)
        images[...] = intensities[:, 0]
        for p in range(self.n_polygons):
            coverage = polygon_coverage(latents.vertices[:, p], self.image_size).astype(dtype)
            images += coverage * (intensities[:, p + 1] - images)
        return images


@validate_params({"vertices": [numbers_of_shape("n", "n_vertices", 2)], "size": [sides(2)]})
def polygon_coverage(vertices, size):
    """Return the exact share of each pixel that a polygon covers.

    Parameters
    ----------
    vertices : ndarray of shape (n, n_vertices, 2)
        Row and column of the vertices, in order, of polygons that don't cross themselves.
    size : tuple (height, width)
        Sides in pixels.

    Returns
    -------
    coverage : ndarray of shape (n, height, width), float64
    """
    vertices = np.asarray(vertices, np.float64)
    height, width = size
    total = np.zeros((len(vertices), height, width))
    top = np.arange(height) - 0.5
    left = np.arange(width) - 0.5
    for k in range(vertices.shape[1]):
        start, end = vertices[:, k - 1, :, None], vertices[:, k, :, None]  # (n, 2, 1)
        (y0, x0), (y1, x1) = (np.moveaxis(v, 1, 0) for v in (start, end))
        enter, leave = (np.clip(y, top, top + 1) for y in (y0, y1))  # (n, H), within each row
        rise = y1 - y0
        slope = np.divide(x1 - x0, rise, out=np.zeros_like(rise), where=rise != 0)
        a, b = (np.clip(x0 + slope * (y - y0), *_ordered(x0, x1)) for y in (enter, leave))
        right = 1 - mean_clipped(a[:, :, None] - left, b[:, :, None] - left)
        right *= (leave - enter)[:, :, None]
        total += right
    return np.clip(np.abs(total), 0, 1)


def _ordered(a, b):
    return np.minimum(a, b), np.maximum(a, b)


def _star_polygons(u, size, fewest, most):
    """Map uniform numbers (n, p, 4 + 2 most) to vertices (n, p, most, 2)."""
    sides = np.array(size, dtype=np.float64)
    centre = u[..., None, :2] * sides - 0.5
    radius = (1 + 2 * u[..., 2:3]) / 8 * sides.min()
    count = fewest + np.floor(u[..., 3:4] * (most - fewest + 1))
    corner = np.minimum(np.arange(most), count - 1)  # beyond the last: the last again
    rank = corner.astype(np.intp)
    turn, far = (np.take_along_axis(u[..., 4 + a : 4 + a + most], rank, -1) for a in (0, most))
    angle = 2 * np.pi * (corner + turn) / count
    distance = radius * (DENTED + (1 - DENTED) * far)
    return centre + distance[..., None] * np.stack([np.sin(angle), np.cos(angle)], -1)


def _check_vertices(n_vertices):
    pair = (n_vertices, n_vertices) if isinstance(n_vertices, Integral) else n_vertices
    low, high = check_range(pair, "n_vertices")
    if not (low.is_integer() and high.is_integer() and low >= 3):
        raise ValueError(
            f"n_vertices: expected an int >= 3 or a pair (low, high) of them, got {n_vertices!r}."
        )
    return int(low), int(high)
