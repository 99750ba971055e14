r"""Sampling a density by Langevin steps that are accepted or refused.

A denoiser f whose density :math:`p_\sigma` is known proposes, at the noise level :math:`\sigma`,

.. math:: y' = y + \tfrac{h^2}{2} (f(y, \sigma) - y) + h \sigma z ,

and the proposal is accepted with the probability of Metropolis and Hastings. Whatever h is, the
law of the chain at a level is then :math:`p_\sigma`. The level falls slowly, from one that drowns
the images to one near 0, where the image is denoised.

References
----------
G. O. Roberts and R. L. Tweedie, "Exponential convergence of Langevin distributions and their
discrete approximations", Bernoulli 2, 1996, DOI 10.2307/3318418.
"""

import warnings

import numpy as np

from gahb_sk._random import seed_sequence
from gahb_sk._validation import Interval, Real, at_least
from gahb_sk.sampling._base import BaseSampler
from gahb_sk.sampling._chain import Record, Streams, column, norms

_ADAPTATION = 0.1  # share by which the step changes with the acceptance
_DEPTH = 40.0  # log ratios below this are never accepted


class MetropolisSampler(BaseSampler):
    """Draw images from a density by Langevin steps with a Metropolis test.

    Without the test, steps that are too long, or a denoiser that is no score, change the law that
    is sampled. With it the law at each level is that of the denoiser's ``score_samples``.

    Parameters
    ----------
    denoiser : fitted denoiser
        With a method ``score_samples(X, sigma)``: a network that is an energy, or a posterior mean.
    n_levels : int, default=60
        Noise levels, in equal ratios.
    n_steps : int, default=10
        Steps at each level.
    acceptance : float in (0, 1), default=0.57
        Share of accepted steps that the length of the steps is led to, from level to level.
    sigma_start, sigma_end : float, default=1.0, 0.02
        First and last noise level in the units of the images. For a network take the top of its
        range.
    mean, on_divergence, random_state
        See :class:`ScoreSampler`.

    Attributes
    ----------
    acceptance_ : ndarray of shape (n_levels,)
        Share of steps accepted at each level in the last call of ``sample``.

    Examples
    --------
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.denoisers import GaussianPosteriorMean
    >>> from gahb_sk.sampling import MetropolisSampler
    >>> X = make_disk_images(500, 8, random_state=0)
    >>> sampler = MetropolisSampler(GaussianPosteriorMean().fit(X), random_state=0)
    >>> sampler.sample(4).images.shape
    (4, 8, 8)
    """

    _parameter_constraints: dict = {
        **BaseSampler._parameter_constraints,
        "n_levels": [at_least(2)],
        "n_steps": [at_least(1)],
        "acceptance": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        denoiser,
        *,
        n_levels=60,
        n_steps=10,
        acceptance=0.57,
        sigma_start=1.0,
        sigma_end=0.02,
        mean=0.5,
        on_divergence="raise",
        random_state=None,
    ):
        self.denoiser = denoiser
        self.n_levels = n_levels
        self.n_steps = n_steps
        self.acceptance = acceptance
        self.sigma_start = sigma_start
        self.sigma_end = sigma_end
        self.mean = mean
        self.on_divergence = on_divergence
        self.random_state = random_state

    def _run(self, prior, start, numbers):
        """Sample each level from where the one above it ended, and denoise once at the end."""
        if not hasattr(prior.denoiser, "score_samples"):
            raise TypeError(
                "denoiser: expected one with a density of its own, a method score_samples, such as "
                f'NetworkDenoiser("energy"), got {type(prior.denoiser).__name__}. Use ScoreSampler.'
            )
        streams = Streams(seed_sequence(self.random_state), numbers, prior.shape)
        everyone = np.arange(len(start))
        y = start + self.sigma_start * streams.draw(everyone, np.float64)
        # One length for each chain, so that a sample does not depend on the others.
        length = np.full(len(y), 0.5)
        record = Record(len(y), self.sigma_start, "the images are not finite", False)
        levels = np.geomspace(self.sigma_start, self.sigma_end, self.n_levels)
        self.acceptance_ = np.zeros(self.n_levels)
        for number, sigma in enumerate(levels):
            with warnings.catch_warnings():  # of proposals that no image of a class explains
                warnings.simplefilter("ignore", UserWarning)
                y, accepted = self._at_level(prior, y, sigma, length, streams)
            length *= np.exp(_ADAPTATION * (accepted - self.acceptance) * self.n_steps)
            self.acceptance_[number] = accepted.mean()
        record.n_steps += self.n_levels * self.n_steps
        record.sigma[:] = self.sigma_end
        y = prior(y, np.full(len(y), self.sigma_end))
        record.converged[:] = np.isfinite(norms(y))
        return record.samples(y.astype(np.float32)).checked(
            numbers, record.reason, self.on_divergence
        )

    def _at_level(self, prior, y, sigma, length, streams):
        """Take the steps of one level; return the images, and the share that each accepted."""
        everyone, accepted = np.arange(len(y)), np.zeros(len(y))
        level, h = np.full(len(y), sigma), column(length, y)
        density, drift = _density(prior, y, level), prior(y, level) - y
        for _ in range(self.n_steps):
            z = streams.draw(everyone, np.float64)
            new = y + h**2 / 2 * drift + h * sigma * z
            new_density, new_drift = _density(prior, new, level), prior(new, level) - new
            # The noise that would lead back.
            back = (y - new - h**2 / 2 * new_drift) / (h * sigma)
            log_ratio = new_density - density + (_squares(z) - _squares(back)) / 2
            uniform = streams.uniform(everyone)
            taken = np.log(np.maximum(uniform, np.exp(-_DEPTH))) < log_ratio
            y[taken], drift[taken] = new[taken], new_drift[taken]
            density = np.where(taken, new_density, density)
            accepted += taken / self.n_steps
        return y, accepted


def _density(prior, images, level):
    rows = images.reshape(len(images), -1) if prior.flat else images
    return prior.denoiser.score_samples(rows, level)


def _squares(stack):
    flat = stack.reshape(len(stack), -1)
    return np.vecdot(flat, flat)
