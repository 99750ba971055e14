"""Masks of the pixels above a contour: hard, averaged over 2x2 pixels, or exact in area.

``contour`` of shape (n, W) is the height h_j of the contour at column j, in rows from the top edge
of the image, one period of a periodic function. ``angle`` (n,) turns it about the image's centre;
None leaves it horizontal. Every mask function has the signature
``mask(contour, angle, height, dtype) -> (n, height, W)``.
"""

import numpy as np
from scipy import fft

OVERSAMPLING = 8  # samples a pixel of a rotated contour
SMALLEST_WIDTH = 1e-4  # of a box, so that a line along the grid needs no case of its own


def hard_mask(contour, angle, height, dtype):
    """Return 1 for pixels above the rounded contour, else 0."""
    if angle is None:
        rows = np.arange(height, dtype=np.float32)[:, None]
        return (rows < np.rint(contour).astype(np.float32)[:, None, :]).astype(dtype)
    height_above, _ = _rotated(contour, angle, height)
    return (height_above > 0).astype(dtype)


def average_mask(contour, angle, height, dtype):
    """Return the hard mask averaged over each pixel, its lower, right and diagonal neighbour."""
    hard = hard_mask(contour, angle, height, dtype)
    rows = hard.copy()
    rows[:, :-1] += hard[:, 1:]
    rows[:, -1] += hard[:, -2]  # reflected
    out = rows.copy()
    out[:, :, :-1] += rows[:, :, 1:]
    out[:, :, -1] += rows[:, :, -2]
    out *= 0.25
    return out


def area_mask(contour, angle, height, dtype):
    """Return the share of each pixel's area that lies above the continuous contour."""
    if angle is not None:
        distance, normal = _rotated(contour, angle, height)
        return half_plane_coverage(distance, normal).astype(dtype)
    after = np.roll(contour, -1, axis=1)
    rows = np.arange(height)[:, None]
    return mean_clipped(contour[:, None] - rows, after[:, None] - rows).astype(dtype)


def mean_clipped(a, b):
    """Return the share of a unit pixel below a segment that enters at height a and leaves at b."""
    rise = b - a
    flat = np.abs(rise) < 1e-9
    sloped = (_clip_integral(b) - _clip_integral(a)) / np.where(flat, 1, rise)
    return np.where(flat, np.clip(a, 0, 1), sloped)


def _clip_integral(u):
    inside = np.clip(u, 0, 1)
    return 0.5 * inside * inside + np.maximum(u - 1, 0)


def half_plane_coverage(distance, normal):
    """Return the exact share of a unit pixel where ``normal . (p - centre) <= distance``.

    It is the integral of a trapezoid (the convolution of two boxes). ``normal``, of shape (2, ...),
    is of unit length and points outwards.
    """
    a, b = np.maximum(np.abs(normal), SMALLEST_WIDTH)
    outer, inner = 0.5 * (a + b), 0.5 * np.abs(a - b)
    d = np.clip(distance, -outer, outer)
    total = _square(d + outer) - _square(d + inner) - _square(d - inner) + _square(d - outer)
    return np.clip(total / (2 * a * b), 0, 1)


def _square(u):
    return np.square(np.maximum(u, 0))


def _rotated(contour, angle, height):
    """Return each pixel's signed distance to the turned contour's tangent, and the unit normal.

    In coordinates (s, t) turned by ``angle`` the distance is (h(s) - H/2 - t) / sqrt(1 + h'(s)^2).
    """
    n, width = contour.shape
    x = (np.arange(width) - (width - 1) / 2)[None, None, :]
    y = (np.arange(height) - (height - 1) / 2)[None, :, None]
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    s, t = cos * x + sin * y, cos * y - sin * x
    h, slope = _interpolate(contour, s + (width - 1) / 2)
    length = np.sqrt(1 + slope * slope)
    along, across = -slope / length, 1 / length  # the normal, in (s, t)
    normal = np.stack([cos * along - sin * across, sin * along + cos * across])
    return (h - height / 2 - t) / length, normal


def _interpolate(contour, s):
    """Return the band-limited contour and its slope at ``s``, linear between fine samples."""
    n, width = contour.shape
    spectrum = fft.rfft(contour) * OVERSAMPLING
    if width % 2 == 0:
        spectrum[:, -1] /= 2  # the highest frequency stands for two in a longer transform
    k = np.arange(spectrum.shape[1])
    derivative = 2j * np.pi / width * k * spectrum
    fine = [fft.irfft(f, n=OVERSAMPLING * width) for f in (spectrum, derivative)]
    left = np.floor(s * OVERSAMPLING)
    part = s * OVERSAMPLING - left
    left = left.astype(np.intp) % (OVERSAMPLING * width)
    after = (left + 1) % (OVERSAMPLING * width)
    image = np.arange(n)[:, None, None]
    return [f[image, left] * (1 - part) + f[image, after] * part for f in fine]


MASKS = {"area": area_mask, "average": average_mask, "none": hard_mask}
