r"""Deterministic sampling along the probability flow.

With the noise level :math:`\sigma` as time, images move by

.. math:: dy/d\sigma = (y - f(y, \sigma)) / \sigma ,

which carries the law of ``x + sigma z`` from one level to the next. It is linear in y and solved
exactly, with the denoiser extrapolated in :math:`\log\sigma` from this level and the one before:

.. math::
    y' = \frac{\sigma'}{\sigma} y + \left(1 - \frac{\sigma'}{\sigma}\right)
        \left[f + \frac{h}{2 h_0} (f - f_0)\right], \qquad h = \log \frac{\sigma}{\sigma'} .

This is of second order, at one denoising per step. After the last step comes one more.

References
----------
C. Lu, Y. Zhou, F. Bao, J. Chen, C. Li and J. Zhu, "DPM-Solver++: fast solver for guided sampling of
diffusion probabilistic models", 2022, arXiv:2211.01095, algorithm 2.

T. Karras, M. Aittala, T. Aila and S. Laine, "Elucidating the design space of diffusion-based
generative models", NeurIPS 2022, arXiv:2206.00364, equation 5.
"""

from dataclasses import replace

import numpy as np

from gahb_sk._random import seed_sequence
from gahb_sk._validation import at_least, positive, validate_params
from gahb_sk.sampling._base import BaseSampler
from gahb_sk.sampling._chain import Record, Streams, has_diverged, norms
from gahb_sk.sampling._conditional import Conditional
from gahb_sk.sampling._constraint import Constraint


@validate_params(
    {
        "sigma_start": [positive()],
        "sigma_end": [positive()],
        "n_steps": [at_least(1)],
        "rho": [positive()],
    }
)
def karras_schedule(
    sigma_start: float, sigma_end: float, n_steps: int, rho: float = 7.0
) -> np.ndarray:
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
    return np.linspace(ends[0], ends[1], n_steps + 1) ** rho


class FlowSampler(BaseSampler):
    """Draw images along the probability flow: for posterior means and denoisers given sigma.

    The sampler to use where the law of the samples matters. With the exact denoiser of a Gaussian
    class, variances are right within 2 % by default, those of :class:`ScoreSampler`, the paper's
    algorithm, within a quarter.

    Sampling is deterministic given the starting noise. The same noise gives comparable samples of
    two denoisers.

    Parameters
    ----------
    denoiser : fitted denoiser
        No oracle. Blind ones work too, at the level they see.
    n_steps : int, default=50
        One denoising each.
    sigma_start, sigma_end : float, default=80.0, 0.01
        First and last noise level in the units of the images. The starting noise must drown the
        images for the samples to follow their law, also their mean brightness, which is the
        largest of their modes. For a network take the top of its range.
    rho : float, default=7.0
        See :func:`karras_schedule`.
    mean, on_divergence, random_state
        See :class:`ScoreSampler`.

    Examples
    --------
    >>> from gahb_sk import WienerDenoiser
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.sampling import FlowSampler
    >>> X = make_c_alpha_images(200, 16, random_state=0)
    >>> FlowSampler(WienerDenoiser().fit(X), random_state=0).sample(4).images.shape
    (4, 16, 16)
    """

    _parameter_constraints: dict = {
        **BaseSampler._parameter_constraints,
        "n_steps": [at_least(2)],
        "rho": [positive()],
    }

    def __init__(
        self,
        denoiser,
        *,
        n_steps=50,
        sigma_start=80.0,
        sigma_end=0.01,
        rho=7.0,
        mean=0.5,
        on_divergence="raise",
        random_state=None,
    ):
        self.denoiser = denoiser
        self.n_steps = n_steps
        self.sigma_start = sigma_start
        self.sigma_end = sigma_end
        self.rho = rho
        self.mean = mean
        self.on_divergence = on_divergence
        self.random_state = random_state

    def _run(self, prior, start, numbers):
        return self._follow(lambda noisy, sigma, which: prior(noisy, sigma), start, numbers)

    def _run_inverse(self, prior, start, numbers, operator, known, sigma):
        samples = self._follow(Conditional(prior, operator, known, sigma), start, numbers)
        images = Constraint(operator, known, sigma).settle(samples.images)
        return replace(samples, images=images)

    def _follow(self, denoise, start, numbers):
        """Carry the starting noise along the flow, and denoise once at the end."""
        n, shape = len(start), start.shape[1:]
        streams = Streams(seed_sequence(self.random_state), numbers, shape)
        y = start + self.sigma_start * streams.draw(range(n), np.float64)
        limit = self.sigma_start + norms(start)
        record = Record(n, self.sigma_start, "the images grew or were not finite", False)
        sigmas = karras_schedule(self.sigma_start, self.sigma_end, self.n_steps, self.rho)
        active, before, h_before = np.arange(n), np.zeros_like(y), np.inf
        for now, then in zip(sigmas[:-1], sigmas[1:], strict=True):
            denoised, h = denoise(y[active], np.full(len(active), now), active), np.log(now / then)
            with np.errstate(over="ignore", invalid="ignore"):  # which has_diverged sees
                ahead = denoised + h / (2 * h_before) * (denoised - before[active])
                y[active] = then / now * y[active] + (1 - then / now) * ahead
            before[active], h_before = denoised, h
            active = active[~has_diverged(norms(y[active]), limit[active])]
            if not len(active):
                break
            record.n_steps[active] += 1
            record.sigma[active] = then
        if len(active):
            y[active] = denoise(y[active], np.full(len(active), self.sigma_end), active)
        axes = tuple(range(1, y.ndim))
        record.converged[active] = np.isfinite(y[active]).all(axis=axes)
        samples = record.samples(y.astype(np.float32))
        return samples.checked(numbers, record.reason, self.on_divergence)
