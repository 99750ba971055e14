r"""Deterministic sampling along the probability flow.

With the noise level :math:`\sigma` as time, images move by

.. math:: dy/d\sigma = (y - f(y, \sigma)) / \sigma ,

which carries the law of ``x + sigma z`` from one level to the next. Heun's rule of second order
follows it, from ``sigma_start`` to ``sigma_end`` over the levels of Karras et al., then one
denoising.

References
----------
T. Karras, M. Aittala, T. Aila and S. Laine, "Elucidating the design space of diffusion-based
generative models", NeurIPS 2022, arXiv:2206.00364, algorithm 1 and equation 5.
"""

import numpy as np

from gahb_sk._random import seed_sequence
from gahb_sk._validation import Real, StrOptions, at_least, positive, validate_params
from gahb_sk.sampling._chain import (
    Prior,
    Streams,
    check_count,
    check_levels,
    check_mean,
    finish,
    has_diverged,
    norms,
)

_CONSTRAINTS = {
    "n_steps": [at_least(2)],
    "sigma_start": [positive()],
    "sigma_end": [positive()],
    "rho": [positive()],
    "mean": [Real, "array-like"],
    "on_divergence": [StrOptions({"raise", "nan"})],
    "random_state": ["random_state"],
}


def karras_schedule(sigma_start, sigma_end, n_steps, rho=7.0):
    """Noise levels from high to low, equally spaced in ``sigma ** (1 / rho)``.

    Parameters
    ----------
    sigma_start, sigma_end : float
        First and last.
    n_steps : int
        Steps between them.
    rho : float, default=7.0
        The larger, the more of the levels are low.

    Returns
    -------
    sigmas : ndarray of shape (n_steps + 1,)

    Examples
    --------
    >>> from gahb_sk.sampling import karras_schedule
    >>> print(karras_schedule(1.0, 0.01, 2, rho=2.0).round(4))
    [1.     0.3025 0.01  ]
    """
    ends = np.array([sigma_start, sigma_end], np.float64) ** (1 / rho)
    return np.linspace(*ends, n_steps + 1) ** rho


class FlowSampler:
    """Draw images along the probability flow: for posterior means and denoisers told the level.

    The only chance is in the starting noise, so the same noise gives comparable samples of two
    denoisers.

    Parameters
    ----------
    denoiser : fitted denoiser
        No oracle. Blind ones work, too: they see the level that they are at.
    n_steps : int, default=50
        Steps of Heun's rule, two denoisings each.
    sigma_start, sigma_end : float, default=10.0, 0.01
        First and last noise level in the units of the images. The starting noise must drown the
        images for the samples to follow their law; for a network take the top of its range.
    rho : float, default=7.0
        See :func:`karras_schedule`.
    mean : float or array-like of the shape of an image, default=0.5
        Mean of the starting noise.
    on_divergence : {"raise", "nan"}, default="raise"
        See :class:`ScoreSampler`.
    random_state : int, RandomState or None, default=None
        Seed. Sample k depends on the seed and k alone.

    Attributes
    ----------
    sigmas_ : ndarray of shape (n_steps + 1,)
        The levels.
    converged_ : ndarray of shape (n,), bool

    Examples
    --------
    >>> from gahb_sk import WienerDenoiser
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.sampling import FlowSampler
    >>> X = make_c_alpha_images(200, 16, random_state=0)
    >>> FlowSampler(WienerDenoiser().fit(X), random_state=0).sample(4).shape
    (4, 16, 16)
    """

    @validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
    def __init__(
        self,
        denoiser,
        *,
        n_steps=50,
        sigma_start=10.0,
        sigma_end=0.01,
        rho=7.0,
        mean=0.5,
        on_divergence="raise",
        random_state=None,
    ):
        check_levels(sigma_start, sigma_end)
        self.denoiser = denoiser
        self.n_steps = n_steps
        self.sigma_start = sigma_start
        self.sigma_end = sigma_end
        self.rho = rho
        self.mean = mean
        self.on_divergence = on_divergence
        self.random_state = random_state

    def sample(self, n_samples=1, image_shape=None, *, first=0):
        """Draw images.

        Parameters
        ----------
        n_samples : int, default=1
            How many.
        image_shape : tuple of int, default=None
            ``(H, W)`` or ``(C, H, W)``; None is that of the denoiser's training images.
        first : int, default=0
            Number of the first one.

        Returns
        -------
        samples : ndarray of shape (n_samples, ...), float32

        Raises
        ------
        DivergenceError, ValueError, TypeError
            See :meth:`ScoreSampler.sample`.
        """
        prior = Prior(self.denoiser, image_shape)
        numbers = range(first, first + check_count(n_samples))
        streams = Streams(seed_sequence(self.random_state), numbers, prior.shape)
        mean = check_mean(self.mean, prior.shape)
        y = mean + self.sigma_start * streams.draw(range(n_samples), np.float64)
        self.sigmas_ = karras_schedule(self.sigma_start, self.sigma_end, self.n_steps, self.rho)
        active = np.arange(n_samples)
        for now, then in zip(self.sigmas_[:-1], self.sigmas_[1:], strict=True):
            y[active] = _heun(prior, y[active], now, then)
            limit = self.sigma_start + norms(np.broadcast_to(mean, (1, *prior.shape)))
            active = active[~has_diverged(norms(y[active]), limit)]
            if not len(active):
                break
        if len(active):
            y[active] = prior(y[active], np.full(len(active), self.sigma_end))
        finite = np.isfinite(y).reshape(n_samples, -1).all(axis=1)
        self.converged_ = np.isin(np.arange(n_samples), active) & finite
        reason = np.full(n_samples, "the images grew or were not finite", object)
        return finish(y.astype(np.float32), self.converged_, numbers, reason, self.on_divergence)


def _heun(prior, y, now, then):
    """One step of Heun's rule from level ``now`` to level ``then``."""
    slope = _slope(prior, y, now)
    euler = y + (then - now) * slope
    if not np.isfinite(euler).all():
        return euler
    return y + (then - now) * (slope + _slope(prior, euler, then)) / 2


def _slope(prior, y, sigma):
    return (y - prior(y, np.full(len(y), sigma))) / sigma
