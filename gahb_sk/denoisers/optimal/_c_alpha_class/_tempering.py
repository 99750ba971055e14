r"""From the prior to the posterior: a sequential Monte Carlo sampler in the likelihood's power.

Particles come in groups, one for each independent run and each choice of the dark side. The next
power keeps a given share of the effective sample size, groups are resampled systematically and
moved, and the product of the mean weights estimates each group's evidence. Two sides
are weighed by their evidence; one that falls hopelessly behind is dropped.

The package ``particles`` has such samplers for arrays of numpy and random walks of one population.
Here moves are Hamiltonian, on tensors of all groups at once. Waste-free moves (Dau and Chopin
2022), whose every state becomes a particle, were tried and left out; see docs/optimum.md.
"""

import math
from typing import NamedTuple

import torch

from gahb_sk.denoisers.optimal._c_alpha_class._metric import whiten
from gahb_sk.denoisers.optimal._c_alpha_class._moves import Particles, Target, hamiltonian_move
from gahb_sk.image_classes._c_alpha_map import N_RANGES

# Nats by which a side may lag before it is dropped: on the way, and at the posterior.
_HOPELESS, _NEGLIGIBLE = 16.0, 8.0
_CROWD = 4  # times as many particles while moves are cheap:
_CROWDED = 0.03  # up to this power, where sides and contours are found
_ACCEPTANCE, _ADAPTATION = 0.75, 0.5
_LONGEST_STEP, _FIRST_STEP, _CAREFUL_STEP = 1.2, 0.5, 0.1
_ANGLE = 1.5  # of a trajectory; pi / 2 would make the next state of a Gaussian independent


class Effort(NamedTuple):
    """How much work is done.

    Attributes
    ----------
    n_particles : int
        In each group; several times as many at first.
    n_moves : int
        At each power.
    n_final : int
        At the posterior.
    share : float
        Of the effective sample size that a change of power leaves.
    longest : int
        Most rotations in a move.
    """

    n_particles: int = 24
    n_moves: int = 3
    n_final: int = 32
    share: float = 0.5
    longest: int = 12

    def times(self, factor):
        """Return the effort with so many times as many particles and moves at the posterior."""
        return self._replace(n_particles=factor * self.n_particles, n_final=factor * self.n_final)


class Population(NamedTuple):
    """Groups of particles on their way.

    Attributes
    ----------
    target : Target
        Whose ``dark_above`` says the dark side of each group.
    run : Tensor of int, of shape (G,)
        Independent run of each group.
    particles : Particles
    log_evidence : Tensor of shape (G,)
        So far, without the Gaussian's constant.
    steps : Tensor of shape (G, 1)
        Angles of a rotation, adapted.
    beta : float
    """

    target: Target
    run: torch.Tensor
    particles: Particles
    log_evidence: torch.Tensor
    steps: torch.Tensor
    beta: float


def prior_population(law, noisy, sigma, n_runs, effort, generator):
    """Draw particles from the prior, for each run and each dark side."""
    dark = torch.tensor([False, True]).repeat(n_runs)
    target = Target(law, noisy, sigma, dark)
    shape = (len(dark), _CROWD * effort.n_particles, law.n_latents)
    latents = torch.randn(shape, generator=generator, dtype=law.dtype)
    if law.min_contrast is not None:  # the law is symmetric in them: keep one order
        ranges = latents[..., :N_RANGES]
        ranges.copy_(ranges.sort(-1, descending=True).values)
    return Population(
        target,
        torch.arange(n_runs).repeat_interleave(2),
        target.evaluate(latents),
        torch.zeros(len(dark), dtype=torch.float64),
        torch.full((len(dark), 1), _FIRST_STEP, dtype=law.dtype),
        0.0,
    )


def population_at(law, latents, dark_above, noisy, sigma):
    """Return a population at the posterior, one group per run, with given latents."""
    target = Target(law, noisy, sigma, dark_above.expand(len(latents)))
    return Population(
        target,
        torch.arange(len(latents)),
        target.evaluate(latents.contiguous()),
        torch.zeros(len(latents), dtype=torch.float64),
        torch.full((len(latents), 1), _CAREFUL_STEP, dtype=law.dtype),
        1.0,
    )


def temper(population, effort, generator):
    """Carry a population to the posterior.

    Parameters
    ----------
    population : Population
    effort : Effort
    generator : torch.Generator

    Returns
    -------
    population : Population
        At ``beta = 1``; groups may have been dropped.
    """
    while population.beta < 1:
        population = _without_sides(_reweighted(population, effort, generator), _HOPELESS)
        population = move(population, effort.n_moves, effort, generator)
    return _without_sides(population, _NEGLIGIBLE)


def population_whitening(population):
    """Return the change of variables of a population; see :func:`whiten`."""
    target, particles = population.target, population.particles
    return whiten(
        target.law,
        particles.latents,
        target.dark_above,
        particles.parts,
        population.beta / target.sigma**2,
    )


def move(population, n_moves, effort, generator, *, whitening=None, visit=None):
    """Move all particles ``n_moves`` times in one metric, adapting the steps.

    Parameters
    ----------
    population : Population
    n_moves : int
    effort : Effort
    generator : torch.Generator
    whitening : Whitening, default=None
        None: that of the population as it is.
    visit : callable, default=None
        Called with the particles after each move.

    Returns
    -------
    population : Population
    """
    target, particles = population.target, population.particles
    whitening = population_whitening(population) if whitening is None else whitening
    steps, dtype = population.steps, target.law.dtype
    for _ in range(n_moves):
        jitter = 0.7 + 0.6 * torch.rand(1, generator=generator, dtype=dtype)
        n_steps = min(max(1, round(_ANGLE / float(steps.mean()))), effort.longest)
        noise = (
            torch.randn(particles.latents.shape, generator=generator, dtype=dtype),
            torch.rand(particles.misfit.shape, generator=generator, dtype=torch.float64),
        )
        particles, acceptance = hamiltonian_move(
            target, particles, whitening, population.beta, steps * jitter, n_steps, noise
        )
        excess = acceptance.mean(1, keepdim=True) - _ACCEPTANCE
        steps = (steps * torch.exp(_ADAPTATION * excess).to(dtype)).clamp(max=_LONGEST_STEP)
        if visit is not None:
            visit(particles)
    return population._replace(particles=particles, steps=steps)


def _reweighted(population, effort, generator):
    """Raise the power, and resample each group."""
    misfit = population.particles.misfit
    rise = _next_rise(misfit, 1 - population.beta, effort.share)
    log_weights = -rise * misfit
    n = misfit.shape[1]
    evidence = population.log_evidence + torch.logsumexp(log_weights, 1) - math.log(n)
    weights = torch.softmax(log_weights, 1)
    beta = population.beta + rise
    left = n if beta < _CROWDED else effort.n_particles
    offset = torch.rand(len(misfit), 1, generator=generator, dtype=torch.float64)
    points = (offset + torch.arange(left)) / left
    index = torch.searchsorted(weights.cumsum(1), points).clamp(max=n - 1)
    return population._replace(
        particles=population.particles.take(index),
        log_evidence=evidence,
        beta=1.0 if beta > 1 - 1e-9 else beta,
    )


def _next_rise(misfit, most, share):
    """Largest rise of the power that leaves the share of the effective sample size."""

    def left(rise):
        weights = torch.softmax(-rise * misfit, 1)
        return float((1 / weights.square().sum(1)).mean()) / misfit.shape[1]

    if left(most) >= share:
        return most
    low, high = 0.0, most
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if left(middle) >= share else (low, middle)
    return high


def _without_sides(population, lag):
    """Drop the groups whose evidence lags that of their run's other side by more nats."""
    run, evidence = population.run, population.log_evidence
    best = torch.stack([evidence[run == r].max() for r in run])
    kept = torch.nonzero(evidence > best - lag).flatten()
    if len(kept) == len(run):
        return population
    return population._replace(
        target=population.target._replace(dark_above=population.target.dark_above[kept]),
        run=run[kept],
        particles=population.particles.groups(kept),
        log_evidence=evidence[kept],
        steps=population.steps[kept],
    )
