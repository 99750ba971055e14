r"""How much more likely one denoiser's prior makes an image than another's.

The logarithm of a density is an integral of denoising errors (I-MMSE): for the exact denoisers
:math:`f_p, f_q` of two densities,

.. math::
    \log \frac{p(x)}{q(x)} = \int_0^\infty \mathrm{E}\left[\|x - f_q(x + \sigma z)\|^2
        - \|x - f_p(x + \sigma z)\|^2\right] \sigma^{-3}\, d\sigma .

Its mean over images of p is the Kullback-Leibler divergence. With any denoiser as
:math:`f_q` and the optimum as :math:`f_p` it is the bound of arXiv 2310.02557, section 1.

References
----------
X. Kong, R. Brekelmans and G. Ver Steeg, "Information-theoretic diffusion", ICLR 2023,
arXiv:2302.03792. Z. Kadkhodaie, F. Guth, E. P. Simoncelli and S. Mallat, ICLR 2024,
arXiv:2310.02557.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gahb_sk._arrays import as_array, to_numpy
from gahb_sk._image_checks import check_dimensions
from gahb_sk._random import Seed, child, image_normals, seed_sequence
from gahb_sk._validation import at_least, numbers_of_shape
from gahb_sk.denoisers import as_denoiser


@dataclass(frozen=True)
class LogDensityRatio:
    """An integral over noise levels, for each image.

    Attributes
    ----------
    values : ndarray of shape (n,)
        For each image, in nats.
    sigma : ndarray of shape (s,)
        Noise levels, ascending.
    integrand : ndarray of shape (s,)
        Mean over images of the gap in squared error, times ``sigma ** -2``: its integral over
        ``log(sigma)`` is the mean.
    """

    values: np.ndarray
    sigma: np.ndarray
    integrand: np.ndarray

    @property
    def mean(self) -> float:
        """Mean over the images."""
        return float(self.values.mean())

    @property
    def standard_error(self) -> float:
        """Standard error of the mean: the scatter of the images and of their noise."""
        if len(self.values) < 2:
            return float("inf")
        return float(self.values.std(ddof=1) / np.sqrt(len(self.values)))


def log_density_ratio(
    p: Any,
    q: Any,
    X: npt.ArrayLike,
    sigma: npt.ArrayLike | None = None,
    *,
    n_draws: int = 1,
    random_state: Seed = 0,
) -> LogDensityRatio:
    """Logarithm of the ratio of two denoisers' densities at clean images.

    Parameters
    ----------
    p, q : fitted denoisers
        No oracles. Positive values mean that ``p`` makes the image more likely.
    X : array-like of shape (n, H, W) or (n, C, H, W)
        Clean images.
    sigma : array-like, default=None
        Noise levels of the integral (trapezoids in their logarithm), at least 2, ascending; None
        is 24 from 0.002 to 20. What lies beyond them is not counted.
    n_draws : int, default=1
        Noisy images per clean one at each level. Both denoisers see the same noise.
    random_state : int, RandomState or None, default=0
        Seed of the noise.

    Returns
    -------
    ratio : LogDensityRatio

    Raises
    ------
    ValueError, TypeError
        If the levels are not ascending and positive, or a denoiser is an oracle or gives NaN.

    Examples
    --------
    >>> from gahb_sk import WienerDenoiser
    >>> from gahb_sk.datasets import make_c_alpha_images, make_disk_images
    >>> from gahb_sk.sampling import log_density_ratio
    >>> X = make_c_alpha_images(300, 8, random_state=0)
    >>> p = WienerDenoiser().fit(X)
    >>> q = WienerDenoiser().fit(make_disk_images(300, 8, random_state=0))
    >>> log_density_ratio(p, q, X[:50]).mean > 0
    True
    """
    if not at_least(1).is_satisfied_by(n_draws):
        raise ValueError(f"n_draws: expected an int >= 1, got {n_draws!r}.")
    X = to_numpy(as_array(X))
    check_dimensions(X)
    levels = _check_levels(np.geomspace(0.002, 20.0, 24) if sigma is None else sigma)
    p, q = (as_denoiser(x, name=name, oracles=False) for name, x in (("p", p), ("q", q)))
    density = path_integral(p.denoise, q.denoise, X, levels, n_draws, seed_sequence(random_state))
    values = np.trapezoid(density, np.log(levels), axis=0)
    return LogDensityRatio(values, levels, density.mean(axis=1))


def path_integral(p, q, X, levels, n_draws, root):
    """Return the gaps of squared errors times ``level ** -2``, ``(levels, n)``.

    ``p`` and ``q`` are functions of noisy images and one level.
    """
    gaps = np.zeros((len(levels), len(X)))
    for number, (gap, level) in enumerate(zip(gaps, levels, strict=True)):
        for draw in range(n_draws):
            noise = image_normals(child(root, number, draw), range(len(X)), X.shape[1:], X.dtype)
            noisy = X + float(level) * noise
            gap += (_errors(q, X, noisy, level) - _errors(p, X, noisy, level)) / n_draws
    if not np.isfinite(gaps).all():
        raise ValueError("p, q: a denoiser returned NaN or infinity; check its weights.")
    return gaps / levels[:, None] ** 2


def kl_bound(
    denoiser: Any,
    optimum: Any,
    X: npt.ArrayLike,
    sigma: npt.ArrayLike | None = None,
    *,
    n_draws: int = 1,
    random_state: Seed = 0,
) -> LogDensityRatio:
    """Bound on the divergence of a denoiser's density from that of a class whose optimum is known.

    ``KL(p || p_f) <= int [MSE(f) - MSE(f*)] sigma^-3 dsigma``, squared errors summed over pixels.

    Parameters
    ----------
    denoiser : fitted denoiser
        The one to judge.
    optimum : fitted denoiser
        The posterior mean of the class, or another denoiser to compare with.
    X : array-like of shape (n, H, W) or (n, C, H, W)
        Clean images of the class.
    sigma, n_draws, random_state
        See :func:`log_density_ratio`.

    Returns
    -------
    bound : LogDensityRatio
        ``mean`` in nats with its ``standard_error``.
    """
    denoiser = as_denoiser(denoiser, name="denoiser", oracles=False)
    optimum = as_denoiser(optimum, name="optimum", oracles=False)
    options: dict = {"n_draws": n_draws, "random_state": random_state}
    return log_density_ratio(optimum, denoiser, X, sigma, **options)


def _errors(denoise, clean, noisy, sigma):
    away = np.asarray(denoise(noisy, sigma), np.float64) - clean
    return np.square(away).reshape(len(clean), -1).sum(axis=1)


def _check_levels(sigma):
    legal = numbers_of_shape("n").is_satisfied_by(sigma)
    levels = np.asarray(sigma, np.float64) if legal else np.empty(0)
    if len(levels) < 2 or levels[0] <= 0 or not (np.diff(levels) > 0).all():
        raise ValueError(
            f"sigma: expected at least two positive noise levels, ascending, got {sigma!r}."
        )
    return levels
