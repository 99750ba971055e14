r"""Uniform innovations by way of normal ones.

A contour or a background sees its innovations through the few waves that the noise leaves visible.
Those sums of many uniform numbers are nearly normal: with P the projection on the visible waves
and h = P z, the density of h is that of normal innovations times, in Edgeworth's expansion,

.. math::
    1 + \frac{\kappa}{24} \sum_i \left( h_i^4 - 6 P_{ii} h_i^2 + 3 P_{ii}^2 \right), \qquad
    \kappa = -6/5 .

With normal innovations an image is linear in its latents but for the extremes and the contour,
and moves are several times longer. Particles are reweighted by the expansion where it is close to
1; elsewhere they are matched to uniform innovations with the same visible waves and moved on under
the exact law.
"""

import dataclasses

import torch

_EXCESS = -6 / 5  # fourth cumulant of a uniform law over its squared variance
_SEEN = 0.1  # information above which a direction of the contour counts as visible
_N_FIXED_POINT = 12


def log_correction(law, whitening, latents):
    """Logarithm of the density of visible waves under uniform over that under normal innovations.

    Parameters
    ----------
    law : CAlphaLaw
    whitening : Whitening
        Says which waves are visible.
    latents : Tensor of shape (G, n, n_latents)
        Under normal innovations.

    Returns
    -------
    log_weights : Tensor of shape (G, n)
    """
    _, contour, backgrounds = law.split(latents.flatten(0, 1))
    projection = visible_contour(whitening)
    h = contour.unflatten(0, latents.shape[:2]) @ projection
    total = _hermite(h, projection.diagonal(dim1=1, dim2=2)[:, None]).sum(2)
    if not law.constant:
        waves = whitening.waves
        seen = waves.synthesise(waves.analyse(backgrounds))
        share = waves.weight.numel() / (law.size[0] * law.size[1])
        total += _hermite(seen, share).sum((1, 2, 3)).unflatten(0, latents.shape[:2])
    return (_EXCESS / 24 * total).double()


def match_uniform(law, whitening, latents):
    """Return latents of uniform innovations that have the visible waves of normal ones.

    Other waves keep their latents.
    """
    target = latents / 3**0.5
    found = latents.clone()
    groups = latents.shape[:2]
    _, contour, backgrounds = law.split(found.flatten(0, 1))
    _, wanted_contour, wanted = law.split(target.flatten(0, 1))
    projection = visible_contour(whitening)
    exact = dataclasses.replace(law, normal=False)
    for _ in range(_N_FIXED_POINT):
        missing = (wanted_contour - exact.innovations(contour)).unflatten(0, groups) @ projection
        contour += missing.flatten(0, 1) / exact.slope
        if not law.constant:
            missing = wanted - exact.innovations(backgrounds)
            missing = whitening.waves.synthesise(whitening.waves.analyse(missing))
            backgrounds += missing / exact.slope
    return found


def match_normal(law, whitening, latents):
    """Return latents of normal innovations with the visible waves of uniform ones."""
    wanted = 3**0.5 * dataclasses.replace(law, normal=False).innovations(latents) - latents
    found = latents.clone()
    _, contour, backgrounds = law.split(found.flatten(0, 1))
    _, off_contour, off = law.split(wanted.flatten(0, 1))
    projection = visible_contour(whitening)
    contour += (off_contour.unflatten(0, latents.shape[:2]) @ projection).flatten(0, 1)
    if not law.constant:
        backgrounds += whitening.waves.synthesise(whitening.waves.analyse(off))
    return found


def visible_contour(whitening):
    """Projections (G, W, W) of the contour's latents on the directions that the noise shows."""
    covariance = (whitening.contour @ whitening.contour.mT).double()
    values, vectors = torch.linalg.eigh(covariance)
    kept = (values < 1 / (1 + _SEEN)).double()
    return ((vectors * kept[:, None]) @ vectors.mT).to(whitening.contour)


def _hermite(h, share):
    square = h.square()
    return square * square - 6 * share * square + 3 * share**2
