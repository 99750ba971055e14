r"""The two intensities of a disk, integrated out given its mask.

With a mask m, intensities a inside and b outside, uniform on a square, and noise level s, the
likelihood of an image y is a Gaussian in (a, b) cut to the square,

.. math::
    \log p = -\frac{1}{2 s^2} (A a^2 + 2 C a b + B b^2 - 2 a \langle y, m \rangle
             - 2 b \langle y, 1 - m \rangle) + \text{const},

with A = |m|^2, B = |1 - m|^2, C = <m, 1 - m>. It peaks at (a0, b0) in the square. Around the peak
it is a product of two one-dimensional factors, each integrated by Gauss and Legendre's rule where
it is not negligible, and exp(-C (a - a0)(b - b0) / s^2). As only the rim adds to C, the last is
nearly 1 and is expanded in a power series; where it is not (disks of a pixel or two) both
integrals are done at once on the product of the nodes.
"""

from typing import NamedTuple

import numpy as np

from gahb_sk._threads import in_threads

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_DEPTH = 14.0  # integrate down to exp(-_DEPTH) of the peak
_SERIES_COUPLING = 0.2  # largest C / sqrt(A B) for the series
_SERIES_ORDER = 4
_CHUNK = 2**12  # pairs at a time: their nodes stay in the cache


class MaskStatistics(NamedTuple):
    """Inner products of images and masks: ``<y, m>``, ``<y, 1 - m>``, A, C and B."""

    inside: np.ndarray
    outside: np.ndarray
    A: np.ndarray
    C: np.ndarray
    B: np.ndarray

    def take(self, index):
        """Return the statistics of some pairs of image and mask."""
        return MaskStatistics(*(values[index] for values in self))


class Moments(NamedTuple):
    """Posterior moments of b and k = a - b, given the mask: the image is b + k m."""

    b: np.ndarray
    k: np.ndarray
    bb: np.ndarray
    bk: np.ndarray
    kk: np.ndarray

    def take(self, index):
        """Return the moments of some pairs."""
        return Moments(*(values[index] for values in self))


def peak(stats, low, high):
    """Return the most likely (a, b) in the square ``[low, high]^2``, by alternating maximisation.

    Exact unless the peak lies on an edge of the square and the mask covers but a few pixels.
    """
    determinant = np.maximum(stats.A * stats.B - stats.C**2, 1e-300)
    a = np.clip((stats.inside * stats.B - stats.outside * stats.C) / determinant, low, high)
    for _ in range(2):
        b = np.clip((stats.outside - stats.C * a) / np.maximum(stats.B, 1e-300), low, high)
        a = np.clip((stats.inside - stats.C * b) / np.maximum(stats.A, 1e-300), low, high)
    return a, b


def peak_log_likelihood(stats, variance, low, high):
    """Return the log-likelihood at the peak (but for a constant of the image), and the peak."""
    a, b = peak(stats, low, high)
    value = a * stats.inside + b * stats.outside
    value -= 0.5 * (stats.A * a * a + stats.B * b * b) + stats.C * a * b
    return value / variance, a, b


def integrate(stats, variance, low, high, n_threads=1):
    """Integrate the likelihood over intensities in ``[low, high]^2``, for pairs of image and mask.

    Returns the log of the mean likelihood (but for a constant of the image) and the moments.
    """
    n = len(stats.inside)
    log_evidence, moments = np.empty(n), Moments(*np.empty((5, n)))

    def work(start):
        part = slice(start, start + _CHUNK)
        log_evidence[part], found = _integrate(stats.take(part), variance[part], low, high)
        for out, values in zip(moments, found, strict=True):
            out[part] = values

    in_threads(work, range(0, n, _CHUNK), n_threads)
    return log_evidence, moments


def _integrate(stats, variance, low, high):
    value, a, b = peak_log_likelihood(stats, variance, low, high)
    coupling = stats.C / variance
    squared = np.minimum(stats.C**2 / np.maximum(stats.A * stats.B, 1e-300), 1.0)
    spread = np.maximum(1 - squared, 1e-6)
    slope_a = (stats.inside - stats.A * a - stats.C * b) / variance
    slope_b = (stats.outside - stats.C * a - stats.B * b) / variance
    factor_a = _factor(stats.A / variance, slope_a, a - low, high - a, spread)
    factor_b = _factor(stats.B / variance, slope_b, b - low, high - b, spread)
    strong = squared > _SERIES_COUPLING**2
    scale, raw = np.zeros(len(a)), np.empty((6, len(a)))
    for rows, rule in ((~strong, _series), (strong, _product_rule)):
        if rows.any():
            factors = [[values[rows] for values in factor] for factor in (factor_a, factor_b)]
            scale[rows], raw[:, rows] = rule(*factors, coupling[rows])
    total = raw[0]
    da, db, daa, dab, dbb = raw[1:] / total
    log_evidence = value + scale + np.log(total) - 2 * np.log(high - low)
    mean_b, dk, k = b + db, da - db, a - b
    dkk = daa - 2 * dab + dbb
    moments = Moments(
        b=mean_b,
        k=k + dk,
        bb=b * b + 2 * b * db + dbb,
        bk=b * k + b * dk + k * db + dab - dbb,
        kk=k * k + 2 * k * dk + dkk,
    )
    return log_evidence, moments


def _factor(precision, slope, room_below, room_above, spread):
    """Return nodes (relative to the peak), exponents -precision t^2 / 2 + slope t, and weights."""
    depth = _DEPTH / spread
    root = np.sqrt(slope * slope + 2 * precision * depth)
    above = np.minimum(room_above, 2 * depth / np.maximum(root - slope, 1e-300))
    below = np.minimum(room_below, 2 * depth / np.maximum(root + slope, 1e-300))
    half = 0.5 * (above + below)
    nodes = (0.5 * (above - below))[:, None] + half[:, None] * _NODES
    exponent = nodes * (slope[:, None] - 0.5 * precision[:, None] * nodes)
    return nodes, exponent, np.maximum(half, 1e-300)[:, None] * _WEIGHTS


def _series(factor_a, factor_b, coupling):
    """Integrals of 1, a, b, aa, ab, bb (relative to the peak) over a scale, and its log, here 0."""
    A, B = (_powers(*factor, _SERIES_ORDER + 3) for factor in (factor_a, factor_b))
    out = np.zeros((6, len(coupling)))
    coefficient = np.ones_like(coupling)
    for j in range(_SERIES_ORDER + 1):
        for row, (p, q) in zip(out, _MOMENTS, strict=True):
            row += coefficient * A[j + p] * B[j + q]
        coefficient = coefficient * (-coupling / (j + 1))
    return np.zeros(len(coupling)), out


def _powers(nodes, exponent, weights, count):
    term, sums = weights * np.exp(exponent), []
    for _ in range(count):
        sums.append(term.sum(1))
        term = term * nodes
    return sums


def _product_rule(factor_a, factor_b, coupling):
    """Integrals as in :func:`_series`, on the product of the nodes."""
    (x, e, u), (y, f, v) = factor_a, factor_b
    exponent = -coupling[:, None, None] * x[:, :, None] * y[:, None, :]
    exponent += e[:, :, None] + f[:, None, :]
    scale = exponent.max((1, 2))
    joint = np.exp(exponent - scale[:, None, None])
    joint *= u[:, :, None] * v[:, None, :]
    integrals = [np.einsum("nij,ni,nj->n", joint, x**p, y**q, optimize=True) for p, q in _MOMENTS]
    return scale, np.stack(integrals)


_MOMENTS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
