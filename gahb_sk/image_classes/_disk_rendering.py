r"""Disks drawn analytically: images of given parameters and their derivatives.

Coordinates are those of array indices: pixel (i, j) has its centre at (i, j) and covers
[i - 1/2, i + 1/2] x [j - 1/2, j + 1/2]. A disk has parameters (row, column, radius, inside,
outside) and the image is outside + (inside - outside) * coverage.

With area coverage, the coverage of a pixel is the exact area of pixel and disk in common: the
second difference over the pixel's corners of

    G(X, Y) = area of the disk of radius r about 0 within { x <= X, y <= Y },

which has a closed form whose parts depend on X or Y alone. With S(t) the integral of
sqrt(r^2 - s^2) for s from 0 to t, and A(t) = pi r^2 / 2 + 2 S(t) the area of { x <= t }:

    inside the disk     G = X Y + S(X) + S(Y) + pi r^2 / 4
    outside             G = [Y > 0] A(X) + [X > 0] A(Y) - [X > 0][Y > 0] pi r^2

The derivatives of G are arc lengths and chord lengths, so the tangents are exact too. All is done
in double precision; the error of a coverage is about 1e-12.
"""

import numpy as np

from gahb_sk._validation import StrOptions, numbers_of_shape, sides, validate_params

RIM = 0.75  # a pixel's centre is within half a diagonal, .7072, of any point of the pixel


@validate_params(
    {
        "params": [numbers_of_shape("n", 5)],
        "image_size": [sides(2)],
        "wrap": ["boolean"],
        "antialias": [StrOptions({"area", "none"})],
    }
)
def render_disks(params, image_size, *, antialias="area", wrap=False, dtype=np.float64):
    """Draw disks.

    Parameters
    ----------
    params : array-like of shape (n, 5)
        Row and column of the centre and radius in pixels, intensity inside and outside.
    image_size : tuple (height, width)
        Sides in pixels.
    antialias : {"area", "none"}, default="area"
        "area": exact area of the disk in each pixel; "none": pixels whose centre is closer than
        the radius.
    wrap : bool, default=False
        Whether the image is a torus; then the diameter must fit into each side.
    dtype : {numpy.float32, numpy.float64}, default=numpy.float64
        Precision of the result.

    Returns
    -------
    images : ndarray of shape (n, height, width)
    """
    params = np.asarray(params, dtype=np.float64)
    coverage = _on_torus(COVERAGES[antialias], params[:, :3], image_size, wrap, dtype)
    inside, outside = params[:, 3:].T.astype(dtype)[..., None, None]
    coverage *= inside - outside
    coverage += outside
    return coverage


@validate_params(
    {
        "geometry": [numbers_of_shape("n", 3)],
        "image_size": [sides(2)],
        "wrap": ["boolean"],
        "antialias": [StrOptions({"area", "none"})],
    }
)
def disk_coverage(geometry, image_size, *, antialias="area", wrap=False):
    """Return the share of each pixel that the disk covers.

    Parameters
    ----------
    geometry : array-like of shape (n, 3)
        Row, column and radius in pixels.
    image_size, antialias, wrap
        See :func:`render_disks`.

    Returns
    -------
    coverage : ndarray of shape (n, height, width), float64
    """
    geometry = np.asarray(geometry, dtype=np.float64)
    return _on_torus(COVERAGES[antialias], geometry, image_size, wrap, np.float64)


@validate_params(
    {
        "params": [numbers_of_shape("n", 5)],
        "image_size": [sides(2)],
        "wrap": ["boolean"],
    }
)
def disk_tangents(params, image_size, *, wrap=False, dtype=np.float64):
    """Return the derivatives of :func:`render_disks` (with area coverage) by the parameters.

    Parameters
    ----------
    params, image_size, wrap, dtype
        See :func:`render_disks`.

    Returns
    -------
    tangents : ndarray of shape (n, 5, height, width)
        By row, column, radius (per pixel), inside and outside intensity.
    """
    params = np.asarray(params, dtype=np.float64)
    coverage = disk_coverage(params[:, :3], image_size, wrap=wrap)
    slopes = _on_torus(_area_slopes, params[:, :3], image_size, wrap, np.float64)
    slopes *= (params[:, 3] - params[:, 4])[:, None, None, None]
    tangents = np.empty((len(params), 5, *image_size), dtype)
    tangents[:, :3] = slopes
    tangents[:, 3] = coverage
    tangents[:, 4] = 1 - coverage
    return tangents


def _on_torus(draw, geometry, image_size, wrap, dtype):
    """Draw in the plane, or, on a torus, in the middle of the image and then shifted."""
    if not wrap:
        return draw(geometry, image_size, dtype)
    middle = np.array([(side - 1) // 2 for side in image_size])
    shift = np.floor(geometry[:, :2]).astype(np.intp) - middle
    centred = geometry.copy()
    centred[:, :2] -= shift
    drawn = draw(centred, image_size, dtype)
    rows, columns = (
        (np.arange(side) - shift[:, axis, None]) % side for axis, side in enumerate(image_size)
    )
    image = np.arange(len(drawn)).reshape(-1, *(1,) * (drawn.ndim - 1))
    if drawn.ndim == 3:
        return drawn[image, rows[:, :, None], columns[:, None, :]]
    layer = np.arange(drawn.shape[1])[:, None, None]
    return drawn[image, layer, rows[:, None, :, None], columns[:, None, None, :]]


def _hard(geometry, image_size, dtype):
    squared = _squared_distances(geometry, image_size)
    return (squared < _reach(geometry, 0)).astype(dtype)


def _area(geometry, image_size, dtype):
    """Draw the disk hard-edged, then put the exact area into the pixels the rim may touch."""
    squared = _squared_distances(geometry, image_size)
    coverage = (squared < _reach(geometry, 0)).astype(dtype)
    rim = squared > _reach(geometry, -RIM)
    rim &= squared < _reach(geometry, RIM)
    where = np.flatnonzero(rim)
    coverage.reshape(-1)[where] = _rim_area(
        geometry, image_size, *np.unravel_index(where, rim.shape)
    )
    return coverage


def _rim_area(geometry, image_size, image, row, column):
    """Return the area of the disk in single pixels, from G at their four corners."""
    radius, y, x = _corners(geometry, image_size)
    y, x = ((t, t > 0, _half_chord_integral(t, radius)) for t in (y, x))
    square = np.square(geometry[image, 2])
    top, bottom = ([values[image, row + a] for values in y] for a in (0, 1))
    left, right = ([values[image, column + b] for values in x] for b in (0, 1))
    area = _corner_area(*bottom, *right, square) - _corner_area(*top, *right, square)
    area += _corner_area(*top, *left, square) - _corner_area(*bottom, *left, square)
    return np.clip(area, 0, 1)


def _corner_area(y, below, sy, x, right, sx, square):
    """Return G at single corners; see the head of the module."""
    inner = y * x + sy + sx + np.pi / 4 * square
    half = np.pi / 2 * square
    outer = below * (half + 2 * sx) + right * (half + 2 * sy - 2 * half * below)
    return np.where(y * y + x * x < square, inner, outer)


def _squared_distances(geometry, image_size):
    """Return the squared distances of the pixels' centres to the disk's, in single precision."""
    row, column, _ = geometry.T[..., None]
    y = (np.arange(image_size[0]) - row).astype(np.float32)
    x = (np.arange(image_size[1]) - column).astype(np.float32)
    return (y * y)[:, :, None] + (x * x)[:, None, :]


def _reach(geometry, margin):
    """Return the squared radius of a disk that is larger by a margin; -1 if there is none."""
    reach = geometry[:, 2, None, None] + margin
    return np.where(reach > 0, reach * reach, -1).astype(np.float32)


def _area_slopes(geometry, image_size, dtype):
    """Return the derivatives of the coverage by row, column and radius, (n, 3, H, W)."""
    radius, y, x = _corners(geometry, image_size)
    below = _inside_circle(radius, y, x)
    cy, cx = (np.sqrt(np.maximum(radius**2 - t * t, 0)) for t in (y, x))  # half chords
    ay, ax = (radius * np.arcsin(np.clip(t / radius, -1, 1)) for t in (y, x))  # arcs
    by_row = np.where(below, x[:, None, :] + cy[:, :, None], _step(x) * 2 * cy[:, :, None])
    by_column = np.where(below, y[:, :, None] + cx[:, None, :], _step(y, 2) * 2 * cx[:, None, :])
    quarter = np.pi / 2 * radius
    by_radius = np.where(
        below,
        (ay + quarter)[:, :, None] + ax[:, None, :],
        _outside(y, x, 2 * (quarter + ay), 2 * (quarter + ax), 4 * quarter),
    )
    return np.stack(
        [
            -_second_difference(by_row),
            -_second_difference(by_column),
            _second_difference(by_radius),
        ],
        axis=1,
    )


def _corners(geometry, image_size):
    """Return radius (n, 1) and the pixel corners relative to the centre, (n, H+1), (n, W+1)."""
    row, column, radius = geometry.T[..., None]
    height, width = image_size
    return radius, np.arange(height + 1) - 0.5 - row, np.arange(width + 1) - 0.5 - column


def _inside_circle(radius, y, x):
    return (y * y)[:, :, None] < (radius * radius - x * x)[:, None, :]


def _half_chord_integral(t, radius):
    t = np.clip(t, -radius, radius)
    return 0.5 * (t * np.sqrt(radius**2 - t * t) + radius**2 * np.arcsin(t / radius))


def _step(t, axis=1):
    return np.expand_dims((t > 0).astype(np.float64), axis)


def _outside(y, x, area_y, area_x, full):
    """Return ``[y > 0] A(x) + [x > 0] A(y) - [x > 0][y > 0] full`` on all corners."""
    right, down = _step(x), _step(y, 2)
    return down * area_x[:, None, :] + right * (area_y[:, :, None] - full[:, :, None] * down)


def _second_difference(corners):
    rows = corners[:, 1:] - corners[:, :-1]
    return rows[:, :, 1:] - rows[:, :, :-1]


COVERAGES = {"area": _area, "none": _hard}
