r"""Hamiltonian moves of many particles at once, about a Gaussian.

In whitened states q the potential is :math:`U = |q|^2 / 2` and a remainder. The integrator turns
(q, w) by exact rotation and adds the remainder's force in kicks, so that thousands of latents that
the data do not touch cost no error, and steps are as long as the remainder is small.
"""

from typing import NamedTuple

import torch

from gahb_sk.image_classes._c_alpha_map import Parts, pull_back, render


class Target(NamedTuple):
    """One noisy image and the groups of particles that explain it.

    Attributes
    ----------
    law : CAlphaLaw
    noisy : Tensor of shape (H, W)
    sigma : float
    dark_above : Tensor of bool, of shape (G,)
    """

    law: object
    noisy: torch.Tensor
    sigma: float
    dark_above: torch.Tensor

    def evaluate(self, latents):
        """Return :class:`Particles` at latents ``(G, n, n_latents)``."""
        flat = latents.flatten(0, 1)
        dark = self.dark_above.repeat_interleave(latents.shape[1])
        parts = render(self.law, flat, dark)
        residual = (self.noisy - parts.image) / self.sigma
        misfit = 0.5 * residual.square().sum((1, 2), dtype=torch.float64)
        force = pull_back(self.law, flat, dark, parts, residual.div_(self.sigma))
        shape = latents.shape[:2]
        return Particles(latents, misfit.unflatten(0, shape), force.unflatten(0, shape), parts)


class Particles(NamedTuple):
    """Latents, minus their log likelihood (up to a constant), its downhill force, and images."""

    latents: torch.Tensor
    misfit: torch.Tensor
    force: torch.Tensor
    parts: Parts

    def take(self, index):
        """Return particles ``index`` (G, n) of each group."""
        group = torch.arange(len(index))[:, None]
        n = self.latents.shape[1]
        flat = (group * n + index).flatten()
        parts = Parts(*(None if a is None else a[flat] for a in self.parts))
        return Particles(*(a[group, index] for a in self[:3]), parts)

    def groups(self, kept):
        """Return the particles of some groups, ``kept`` a tensor of their numbers."""
        index = torch.arange(self.latents.shape[1]).expand(len(kept), -1)
        flat = (kept[:, None] * self.latents.shape[1] + index).flatten()
        parts = Parts(*(None if a is None else a[flat] for a in self.parts))
        return Particles(*(a[kept] for a in self[:3]), parts)

    def replaced(self, accepted, other):
        """Return ``other`` where ``accepted`` (G, n), else self."""
        groups, flat = accepted.shape, accepted.flatten()

        def pick(new, old):
            return torch.where(flat.reshape(-1, *[1] * (old.ndim - 1)), new, old)

        own = [
            pick(new.flatten(0, 1), old.flatten(0, 1)).unflatten(0, groups)
            for new, old in zip(other[:3], self[:3], strict=True)
        ]
        parts = [
            None if old is None else pick(new, old)
            for new, old in zip(other.parts, self.parts, strict=True)
        ]
        return Particles(*own, Parts(*parts))


def hamiltonian_move(target, particles, whitening, beta, steps, n_steps, noise):
    """Move all particles once.

    Parameters
    ----------
    target : Target
    particles : Particles
    whitening : Whitening
    beta : float
        Power of the likelihood.
    steps : Tensor of shape (G, 1)
        Angle of each rotation, in radians.
    n_steps : int
        Number of rotations.
    noise : tuple of Tensor
        Standard normal velocities ``(G, n, n_latents)`` and uniform numbers ``(G, n)``.

    Returns
    -------
    particles : Particles
    acceptance : Tensor of shape (G, n)
        Probability with which each was moved.
    """
    velocity, uniform = noise
    q = whitening.states(particles.latents)
    w = velocity
    cos, sin = torch.cos(steps)[..., None], torch.sin(steps)[..., None]
    half = 0.5 * steps[..., None]
    start = _energy(particles, w, beta)
    now, kick = particles, _remainder(particles, q, whitening, beta)
    for _ in range(n_steps):
        w = w + half * kick
        q, w = q * cos + w * sin, w * cos - q * sin
        now = target.evaluate(whitening.latents(q))
        kick = _remainder(now, q, whitening, beta)
        w = w + half * kick
    change = start - _energy(now, w, beta)
    acceptance = torch.nan_to_num(change.clamp(max=0).exp(), nan=0.0)
    if target.law.min_contrast is not None:
        z = now.latents[..., :2]
        acceptance = acceptance * (z[..., 0] >= z[..., 1])
    return particles.replaced(uniform < acceptance, now), acceptance


def _energy(particles, velocity, beta):
    prior = particles.latents.square().sum(2, dtype=torch.float64)
    kinetic = velocity.square().sum(2, dtype=torch.float64)
    return beta * particles.misfit + 0.5 * (prior + kinetic)


def _remainder(particles, q, whitening, beta):
    return whitening.gradient(beta * particles.force - particles.latents).add_(q)
