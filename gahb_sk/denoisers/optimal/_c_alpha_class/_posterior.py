"""Sample the posterior of one noisy image in two independent runs."""

import dataclasses
import math

import torch

from gahb_sk.denoisers.optimal._c_alpha_class._innovations import (
    highest_normal_wave,
    log_correction,
    match_normal,
)
from gahb_sk.denoisers.optimal._c_alpha_class._record import Posterior
from gahb_sk.denoisers.optimal._c_alpha_class._tempering import (
    move,
    population_at,
    population_whitening,
    prior_population,
    temper,
)
from gahb_sk.image_classes._c_alpha_map import N_RANGES, bright_and_dark

N_RUNS = 2
_BLOCK = 4  # moves of which the last state is kept as a draw
_TOLERATED_CORRECTION = 4.0  # variance of the expansion's log weights
_EXACT_EFFORT = 2  # from the truth, times as many moves, each of up to twice as many steps


def sample_posterior(law, noisy, sigma, effort, generator, *, exact=None):
    """Sample the posterior of one image.

    Parameters
    ----------
    law : CAlphaLaw
    noisy : Tensor of shape (H, W)
    sigma : float
    effort : Effort
    generator : torch.Generator
    exact : bool, default=None
        Whether all innovations are uniform. None: some are normal where the expansion allows; see
        :mod:`._innovations`.

    Returns
    -------
    posterior : Posterior
    """
    exact = law.constant if exact is None else exact
    own = law if exact else _partly_normal(law)
    population = temper(
        prior_population(own, noisy, sigma, N_RUNS, effort, generator), effort, generator
    )
    population, visits = explore(population, effort, generator)
    if visits.correction > _TOLERATED_CORRECTION:
        return sample_posterior(law, noisy, sigma, effort, generator, exact=True)
    return visits.summary(population)


def sample_from_truth(law, latents, dark_above, noisy, sigma, effort, generator):
    """Sample the posterior from the true latents, which are a draw from it.

    Cold runs and these bracket the posterior: the ones may not have found all of it, the others
    not have left the truth.

    Parameters
    ----------
    law : CAlphaLaw
    latents : Tensor of shape (1, n_latents)
        Of uniform innovations.
    dark_above : Tensor of bool, of shape (1,)
    noisy, sigma, effort, generator
        See :func:`sample_posterior`.

    Returns
    -------
    posterior : Posterior
        Its ``log_evidence`` and ``dark_above`` mean nothing.
    """
    shape = (N_RUNS, effort.n_particles, -1)
    truth = latents[:, None].expand(shape), dark_above, noisy, sigma
    if not law.constant:
        start = population_at(_partly_normal(law), *truth)
        matched = match_normal(
            start.target.law, population_whitening(start), start.particles.latents
        )
        start = start._replace(particles=start.target.evaluate(matched))
        population, visits = _explore_from(start, effort, generator)
        if visits.correction <= _TOLERATED_CORRECTION:
            return visits.summary(population)
        effort = _for_exact(effort)
    start = population_at(law, *truth)
    population, visits = _explore_from(start, effort, generator)
    return visits.summary(population)


def _explore_from(start, effort, generator):
    return explore(move(start, effort.n_final, effort, generator), effort, generator)


def _partly_normal(law):
    return dataclasses.replace(law, normal_waves=highest_normal_wave(law.size))


def _for_exact(effort):
    return effort._replace(
        n_final=_EXACT_EFFORT * effort.n_final, longest=_EXACT_EFFORT * effort.longest
    )


def explore(population, effort, generator):
    """Move a population at the posterior and take in its states.

    Returns
    -------
    population : Population
    visits : Visits
    """
    whitening = population_whitening(population)  # kept, so that moves leave the law as it is
    visits = Visits(population, whitening)
    for _ in range(max(1, effort.n_final // _BLOCK)):
        population = move(
            population, _BLOCK, effort, generator, whitening=whitening, visit=visits.add
        )
        visits.keep(population.particles)
    visits.finish()
    return population, visits


class Visits:
    """Weighted sums over the states that a population visits."""

    def __init__(self, population, whitening):
        self.whitening = whitening
        self.law, self.groups = population.target.law, population.particles.misfit.shape
        shape = (self.groups[0], *self.law.size)
        self.first = torch.zeros(shape, dtype=torch.float64)
        self.second = torch.zeros(shape, dtype=torch.float64)
        self.weights = torch.zeros(self.groups[0], dtype=torch.float64)
        self.chains = torch.zeros(*self.groups, *self.law.size)
        self.log_weights, self.draws, self.draw_weights = [], [], []
        self.draw_contours, self.draw_ranges = [], []
        self.base = population.log_evidence

    def add(self, particles):
        """Take in the present states."""
        log_weights = torch.zeros(self.groups, dtype=torch.float64)
        if self.law.normal:
            log_weights = log_correction(self.law, self.whitening, particles.latents)
        self.log_weights.append(log_weights)
        weights = log_weights.clamp(-8, 8).exp()
        images = particles.parts.image.unflatten(0, self.groups)
        self.chains += images
        images = images.double()
        self.first += torch.einsum("gn,gnhw->ghw", weights, images)
        self.second += torch.einsum("gn,gnhw->ghw", weights, images.square())
        self.weights += weights.sum(1)
        self.last = weights

    def keep(self, particles):
        """Keep the present states as draws."""
        parts = particles.parts
        self.draws.append(parts.image.unflatten(0, self.groups))
        self.draw_contours.append(parts.contour.unflatten(0, self.groups))
        self.draw_ranges.append(bright_and_dark(self.law, particles.latents[..., :N_RANGES]))
        self.draw_weights.append(self.last)

    def finish(self):
        """Work out each group's evidence and how far the weights go."""
        log_weights = torch.stack(self.log_weights)
        mean = torch.logsumexp(log_weights.permute(1, 0, 2).flatten(1), 1)
        self.evidence = self.base + mean - math.log(log_weights.shape[0] * self.groups[1])
        self.correction = float(log_weights.permute(1, 0, 2).flatten(1).var(1).mean())
        self.between = (self.chains / len(log_weights)).var(1).sum((1, 2)).double()

    def summary(self, population):
        """Return the :class:`Posterior`."""
        run, target = population.run, population.target
        share = torch.zeros_like(self.evidence)
        log_evidence = torch.empty(N_RUNS, dtype=torch.float64)
        for r in range(N_RUNS):
            own = run == r
            share[own] = torch.softmax(self.evidence[own], 0)
            log_evidence[r] = torch.logsumexp(self.evidence[own], 0) - math.log(2)
        d = target.noisy.numel()
        log_evidence -= 0.5 * d * math.log(2 * math.pi * target.sigma**2)
        pixels = (share / self.weights)[:, None, None]
        first, second = pixels * self.first, pixels * self.second
        means = torch.stack([first[run == r].sum(0) for r in range(N_RUNS)])
        squares = torch.stack([second[run == r].sum(0) for r in range(N_RUNS)])
        variances = (squares - means.square()).sum((1, 2))
        # Runs weigh by their evidence, as a population of both would: a run that missed the
        # better side counts for little. Half their squared distance is the error of one run.
        of_run = torch.softmax(log_evidence, 0)
        apart = float((means[0] - means[1]).square().sum()) / 2
        share *= of_run[run]
        group_mean = self.first / self.weights[:, None, None]
        total = (self.second / self.weights[:, None, None] - group_mean.square()).sum((1, 2))
        within = (total - self.between).clamp_min(1e-3 * total)
        draws, contours, ranges, weights = self._drawn(share)
        return Posterior(
            mean=torch.einsum("r,rhw->hw", of_run, means).numpy(),
            run_means=means.numpy(),
            variance=float(of_run @ variances) + apart,
            run_variances=variances.numpy(),
            error_variance=apart * float(of_run.square().sum()),
            log_evidence=log_evidence.numpy(),
            dark_above=float(share[target.dark_above].sum()),
            draws=draws,
            draw_weights=weights,
            draw_contours=contours,
            draw_ranges=ranges,
            correction=self.correction,
            exact=not self.law.normal,
            r_hat=float((share * (total / within).sqrt()).sum()),
        )

    def _drawn(self, share):
        """Return the draws with their contours and ranges, and the weight of each."""
        draws = (
            torch.stack(kept, 1).flatten(0, 2).numpy()
            for kept in (self.draws, self.draw_contours, self.draw_ranges)
        )
        weights = torch.stack(self.draw_weights, 1)
        weights = weights / weights.sum((1, 2), keepdim=True) * share[:, None, None]
        return *draws, weights.flatten().numpy()
