r"""The generalised Anscombe transformation and its exact unbiased inverse.

Counts of light with gain g, offset m and read noise of deviation r,

.. math::
    y = g\, p + m + r z, \qquad p \sim \mathrm{Poisson}(\lambda), \quad z \sim N(0, 1),

have the variance :math:`g (x - m) + r^2` around their mean :math:`x = g \lambda + m`. With
:math:`u = (y - m) / g` and :math:`\rho = r / g`,

.. math::
    f(u) = 2 \sqrt{\max(u + 3/8 + \rho^2, 0)}

has a variance of about 1 wherever :math:`\lambda` is not much below 1. A denoiser of white noise
then estimates :math:`E f`, which is not :math:`f(E)`: the exact unbiased inverse maps the
expectation :math:`E[f(u) \mid \lambda]` back to :math:`\lambda`.

References
----------
M. Makitalo, A. Foi, "Optimal inversion of the Anscombe transformation in low-count Poisson image
denoising", IEEE Trans. Image Processing 20, 2011, DOI 10.1109/TIP.2010.2056693; "A closed-form
approximation of the exact unbiased inverse of the Anscombe variance-stabilizing transformation",
ibid., DOI 10.1109/TIP.2011.2121085; "Optimal inversion of the generalized Anscombe transformation
for Poisson-Gaussian noise", IEEE Trans. Image Processing 22, 2013, DOI 10.1109/TIP.2012.2202675.
"""

from functools import lru_cache

import numpy as np
from scipy import stats

_BRIGHTEST = 64.0  # from there on the closed form is exact to 2e-4
_COUNTS = np.arange(160)
_NODES = 64


def anscombe(y, gain=1.0, read_noise=0.0, offset=0.0):
    """Stabilise the variance of counts: their noise then has a deviation of about 1.

    Parameters
    ----------
    y : ndarray
        Counts.
    gain, read_noise, offset : float, default=1.0, 0.0, 0.0
        Of the camera, in the units of y. Without gain the noise is white, and the limit, up to a
        constant, is ``y / read_noise``.

    Returns
    -------
    values : ndarray of the shape of y
    """
    if gain == 0:
        return y / (read_noise or 1.0)
    return _stabilised((y - offset) / gain, read_noise / gain)


def inverse_anscombe(values, gain=1.0, read_noise=0.0, offset=0.0):
    """Find the mean count for which the mean of :func:`anscombe` is ``values``.

    Parameters
    ----------
    values : ndarray
        Estimates of that mean, as a denoiser gives them.
    gain, read_noise, offset : float
        See :func:`anscombe`.

    Returns
    -------
    mean : ndarray of the shape of values
        At least ``offset``, if there is a gain: no mean of counts is darker.
    """
    if gain == 0:
        return values * (read_noise or 1.0)
    rho = read_noise / gain
    means, rates = _means(float(rho))
    bright = np.maximum(values, means[-1])
    closed = (
        bright**2 / 4 - 1 / 8 - rho**2
        + np.sqrt(1.5) / (4 * bright) - 11 / (8 * bright**2) + 5 * np.sqrt(1.5) / (8 * bright**3)
    )  # fmt: skip
    rate = np.where(values > means[-1], closed, np.interp(values, means, rates))
    return gain * rate + offset


def _stabilised(u, rho):
    return 2 * np.sqrt(np.maximum(u + 3 / 8 + rho**2, 0))


@lru_cache(maxsize=8)
def _means(rho):
    """Return E f at rates from 0 on, by sums over counts and Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    of_count = _stabilised(_COUNTS[:, None] + rho * nodes, rho) @ weights / weights.sum()
    rates = np.linspace(0, np.sqrt(_BRIGHTEST), 400) ** 2
    return stats.poisson.pmf(_COUNTS, rates[:, None]) @ of_count, rates
