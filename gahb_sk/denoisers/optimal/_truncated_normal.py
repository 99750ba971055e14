"""Mean and variance of normal laws cut to an interval, however far in the tail."""

import numpy as np

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
TINY = np.finfo(np.float64).tiny
_DEPTH = 32.0  # integrate down to exp(-_DEPTH) of the peak


def truncated_normal(precision, slope, low, high):
    """Integrate the density proportional to exp(slope * t - precision * t^2 / 2) on an interval.

    Returns log-integral, mean and variance, in the shape of precision (at least 0) and slope.
    Gauss-Legendre quadrature where the density is not negligible: unlike formulas with the error
    function it loses no digits in the tails or on short intervals.
    """
    safe = np.maximum(precision, TINY)
    peak = np.clip(slope / safe, low, high)
    peak = np.where(precision > 0, peak, np.where(slope > 0, high, low))
    gradient = slope - precision * peak
    root = np.sqrt(gradient * gradient + 2 * precision * _DEPTH)
    above = np.minimum(high - peak, 2 * _DEPTH / np.maximum(root - gradient, TINY))
    below = np.minimum(peak - low, 2 * _DEPTH / np.maximum(root + gradient, TINY))
    half = 0.5 * (above + below)
    nodes = 0.5 * (above - below)[..., None] + half[..., None] * _NODES
    exponent = nodes * (gradient[..., None] - 0.5 * precision[..., None] * nodes)
    weights = np.exp(exponent) * _WEIGHTS
    total = weights.sum(-1)
    weights /= total[..., None]
    mean = (weights * nodes).sum(-1)
    variance = (weights * np.square(nodes - mean[..., None])).sum(-1)
    top = peak * (slope - 0.5 * precision * peak)
    return top + np.log(np.maximum(total * half, TINY)), peak + mean, variance
