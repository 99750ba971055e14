r"""Sampling by following the denoiser uphill with noise that shrinks.

With :math:`s = f(y) - y`, which is :math:`\sigma^2 \nabla \log p_\sigma(y)`, and the noise level
:math:`\sigma = \|s\| / \sqrt d` that it shows, one step is

.. math::
    y \leftarrow y + h\, s + \gamma z, \qquad
    \gamma^2 = \left[(1 - \beta h)^2 - (1 - h)^2\right] \sigma^2,

after which the level is :math:`(1 - \beta h) \sigma`. A linear measurement with orthonormal rows,
:math:`m = M^T x`, replaces s by :math:`(1 - M M^T) s + M (m - M^T y)`.

References
----------
Z. Kadkhodaie and E. P. Simoncelli, "Solving linear inverse problems using the prior implicit in a
denoiser", 2020, arXiv:2007.13640. Z. Kadkhodaie, F. Guth, E. P. Simoncelli and S. Mallat, ICLR
2024, arXiv:2310.02557, appendix on sampling.
"""

import numpy as np

from gahb_sk._random import seed_sequence
from gahb_sk._validation import Interval, Real, at_least
from gahb_sk.sampling._base import BaseSampler
from gahb_sk.sampling._chain import Record, Streams, column, has_diverged, look
from gahb_sk.sampling._constraint import Constraint
from gahb_sk.sampling._steps import STEPS, first_step


class ScoreSampler(BaseSampler):
    """Draw images from a denoiser's implicit prior, by the paper's algorithm.

    For blind networks, which see the level themselves. Each step takes the denoised image for the
    clean one, so that samples vary less than the images do: by a quarter with the exact denoiser of
    a Gaussian class. :class:`FlowSampler` keeps the law within 2 %.

    Parameters
    ----------
    denoiser : fitted denoiser
        Blind ones need no level. Others are given the level that the rule itself prescribes,
        ``(1 - beta h) sigma`` after each step from ``sigma_start`` on.
    h0 : float in (0, 1], default=0.01
        First step; not used with ``n_steps``.
    n_steps : int, default=None
        Number of steps, from which the first step follows. Chains of denoisers that are given
        the level take exactly this many. Those of blind ones stop by the level they see.
    beta : float in (0, 1], default=0.1
        1 adds no noise (deterministic from the starting noise on); smaller adds more.
    sigma_start, sigma_end : float, default=1.0, 0.05
        Noise level of the start, and at which a sample is done, in the units of the images.
    growing_step : bool, default=True
        Whether step t is ``h0 t / (1 + h0 (t - 1))``, as in the published code, or always ``h0``.
    max_steps : int, default=2000
        Steps after which a sample counts as not converged.
    mean : float or array-like of the shape of an image, default=0.5
        Mean of the starting noise.
    keep_trajectory : bool, default=False
        Whether to keep every step of each sample.
    on_divergence : {"raise", "nan"}, default="raise"
        What to do with samples that do not converge: raise :class:`DivergenceError`, or return
        them as NaN. They are never returned as samples.
    random_state : int, RandomState or None, default=None
        Seed. Sample k depends on the seed and k, not on how many are drawn at once. An int gives
        the same samples at every call.

    Examples
    --------
    >>> from gahb_sk import WienerDenoiser
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.sampling import ScoreSampler
    >>> X = make_c_alpha_images(200, 16, random_state=0)
    >>> sampler = ScoreSampler(WienerDenoiser().fit(X), random_state=0)
    >>> sampler.sample(4).images.shape
    (4, 16, 16)
    """

    _parameter_constraints: dict = {
        **BaseSampler._parameter_constraints,
        "h0": [Interval(Real, 0, 1, closed="right")],
        "n_steps": [at_least(1), None],
        "beta": [Interval(Real, 0, 1, closed="right")],
        "growing_step": ["boolean"],
        "max_steps": [at_least(1)],
        "keep_trajectory": ["boolean"],
    }

    def __init__(
        self,
        denoiser,
        *,
        h0=0.01,
        n_steps=None,
        beta=0.1,
        sigma_start=1.0,
        sigma_end=0.05,
        growing_step=True,
        max_steps=2000,
        mean=0.5,
        keep_trajectory=False,
        on_divergence="raise",
        random_state=None,
    ):
        self.denoiser = denoiser
        self.h0 = h0
        self.n_steps = n_steps
        self.beta = beta
        self.sigma_start = sigma_start
        self.sigma_end = sigma_end
        self.growing_step = growing_step
        self.max_steps = max_steps
        self.mean = mean
        self.keep_trajectory = keep_trajectory
        self.on_divergence = on_divergence
        self.random_state = random_state

    def _run_inverse(self, prior, start, numbers, operator, known, sigma):
        return self._run(prior, start, numbers, Constraint(operator, known, sigma))

    def step_size(self, t: int) -> float:
        """Return the step h of iteration ``t = 1, 2, ...``."""
        h0 = self.h0
        if self.n_steps is not None:
            ratio = self.sigma_end / self.sigma_start
            h0 = first_step(self.n_steps, ratio, self.beta, self.growing_step)
        return float(STEPS[self.growing_step](h0, t))

    def _run(self, prior, start, numbers, constraint=None):
        """Run all chains, each until its own end, and denoise once at the end."""
        self.step_size(1)  # raises if n_steps is too small
        streams = Streams(seed_sequence(self.random_state), numbers, prior.shape)
        y = start.astype(np.float32)
        active = np.arange(len(y))
        y += np.float32(self.sigma_start) * streams.draw(active, y.dtype)
        given = np.full(len(y), float(self.sigma_start))
        stuck = f"sigma stayed above sigma_end for {self.max_steps} steps"
        record = Record(len(y), self.sigma_start, stuck, self.keep_trajectory)
        for t in range(1, self.max_steps + 2):
            denoised, direction, level, shown = look(prior, y, given, active, constraint)
            record.see(active, y, level)
            failed = has_diverged(shown, self.sigma_start)
            record.reason[active[failed]] = "the noise grew or was not finite"
            ended = ~failed & (level <= self.sigma_end)
            record.converged[active[ended]] = True
            y[active[ended]] = denoised[ended]
            going = ~failed & ~ended
            active, direction, level = active[going], direction[going], level[going]
            if not len(active) or t > self.max_steps:
                break
            h = self.step_size(t)
            draw = streams.draw(active, y.dtype)
            if constraint is not None:
                draw = constraint.thin(draw, level)
            gamma = np.sqrt((1 - self.beta * h) ** 2 - (1 - h) ** 2) * level
            y[active] += np.float32(h) * direction + column(gamma, draw) * draw
            given[active] = (1 - self.beta * h) * level
            record.n_steps[active] += 1
        y = y if constraint is None else constraint.settle(y)
        return record.samples(y).checked(numbers, record.reason, self.on_divergence)
