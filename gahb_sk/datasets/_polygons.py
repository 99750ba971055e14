"""Piecewise constant images of polygons: their corners are singularities no C^alpha contour has.

Coordinates are those of array indices: pixel (i, j) covers [i - 1/2, i + 1/2] x
[j - 1/2, j + 1/2]. The area of a polygon in a pixel is a sum over its edges: an edge contributes,
with the sign of its direction down the rows, the part of the pixel to its right.
"""

from numbers import Integral

import numpy as np

from gahb_sk._random import seed_sequence
from gahb_sk._validation import at_least, validate_params
from gahb_sk.datasets._chunks import (
    check_dtype,
    check_image_size,
    check_range,
    image_draws,
    make_in_chunks,
)
from gahb_sk.datasets._coverage import mean_clipped

DENTED = (
    0.4  # nearest vertex to the centre, as a share of the farthest: polygons need not be convex
)


@validate_params(
    {
        "n_samples": [at_least(0)],
        "n_polygons": [at_least(1)],
        "first_image": [at_least(0)],
        "return_latents": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_polygon_images(
    n_samples=100,
    image_size=64,
    *,
    n_polygons=1,
    n_vertices=(3, 6),
    intensity_range=(0.0, 1.0),
    first_image=0,
    return_latents=False,
    dtype=np.float32,
    n_jobs=None,
    random_state=None,
):
    """Make images of random polygons of constant intensity on a constant ground.

    A polygon is a star around its centre: angles are uniform, one in each equal sector, so that
    neighbours are less than two sectors apart, and distances to the centre are uniform between
    0.4 and 1 times a radius that is uniform between an eighth and three eighths of the shorter
    side. The centre is uniform in the image. Later polygons hide earlier ones.

    Parameters
    ----------
    n_samples : int, default=100
        Number of images.
    image_size : int or tuple (height, width), default=64
        Sides in pixels, at least 4.
    n_polygons : int, default=1
        Polygons an image.
    n_vertices : int or tuple (low, high), default=(3, 6)
        Number of vertices of a polygon, uniform from low to high inclusive, at least 3.
    intensity_range : tuple (low, high), default=(0.0, 1.0)
        All intensities are uniform and independent in it.
    first_image : int, default=0
        Number of the first image.
    return_latents : bool, default=False
        Return ``(images, latents)``.
    dtype : {numpy.float32, numpy.float64}, default=numpy.float32
        Precision of the images.
    n_jobs : int, default=None
        Threads; None is 1, -1 all processors. The images don't depend on it.
    random_state : int, RandomState or None, default=None
        Seed. Image k depends on the seed, k and the other parameters only.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width)
        Each pixel holds the exact area of the polygons in it (of each one over what lies below).
    latents : Bunch, only if ``return_latents``
        ``vertices`` (n, n_polygons, high, 2), float64: row and column; where a polygon has fewer
        than ``high`` vertices its last one is repeated. ``intensities`` (n, n_polygons + 1),
        the ground first.

    Raises
    ------
    ValueError
        For fewer than 3 vertices, or a size or range that is none.
    """
    size = check_image_size(image_size)
    dtype = check_dtype(dtype)
    fewest, most = _check_vertices(n_vertices)
    low, high = check_range(intensity_range, "intensity_range")
    root = seed_sequence(random_state)
    per_polygon = 4 + 2 * most

    def make_chunk(indices):
        draws = image_draws(root, indices, n_polygons * per_polygon + n_polygons + 1)
        intensities = low + (high - low) * draws[:, : n_polygons + 1]
        u = draws[:, n_polygons + 1 :].reshape(-1, n_polygons, per_polygon)
        vertices = _star_polygons(u, size, fewest, most)
        images = np.empty((len(draws), *size), dtype)
        images[...] = intensities[:, 0, None, None]
        for p in range(n_polygons):
            coverage = polygon_coverage(vertices[:, p], size).astype(dtype)
            images += coverage * (intensities[:, p + 1, None, None].astype(dtype) - images)
        return {"images": images, "vertices": vertices, "intensities": intensities}

    made = make_in_chunks(make_chunk, n_samples, first_image, 8 * size[0] * size[1], n_jobs)
    images = made.pop("images")
    return (images, made) if return_latents else images


def polygon_coverage(vertices, size):
    """Return the share of each pixel that a polygon covers, exactly.

    Parameters
    ----------
    vertices : ndarray of shape (n, n_vertices, 2)
        Row and column of the vertices, in order, of polygons that don't cross themselves.
    size : tuple (height, width)
        Sides in pixels.

    Returns
    -------
    coverage : ndarray of shape (n, height, width), float64
        In [0, 1].
    """
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
