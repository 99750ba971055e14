r"""Uniform innovations by way of normal ones.

Noise leaves few waves of a contour or a background visible. Each of them sums many uniform
innovations, so that together they are nearly normal: with P the projection on these waves and
h = P z, the density of h is that of normal innovations times, in Edgeworth's expansion,

.. math::
    1 + \frac{\kappa}{24} \sum_i \left( h_i^4 - 6 P_{ii} h_i^2 + 3 P_{ii}^2 \right), \qquad
    \kappa = -6/5 .

So the latents of a background move its low waves linearly, which makes moves several times longer,
and all that is left of it as the class says, :math:`2 \Phi(z) - 1`. The rest must not be normal
too: a single innovation weighs enough in the minimum and the maximum that normal ones would
stretch the range of a background by a sixth at alpha 1. Particles are reweighted by the expansion
where it is close to 1; elsewhere the posterior is sampled again under the exact law.
"""

import torch

from gahb_sk.image_classes._c_alpha_map import uniform

_EXCESS = -6 / 5  # fourth cumulant of a uniform law over its squared variance
_SPREAD = 0.03  # variance of the expansion over the class, which grows with the number of waves
_SEEN = 0.1  # information above which a direction of the contour counts as visible


def highest_normal_wave(size):
    r"""Return up to which frequency the waves of backgrounds may be normal.

    With a share p of the waves, the expansion's variance is :math:`\kappa^2 / 24` times
    :math:`2 H W p^3`.
    """
    pixels = size[0] * size[1]
    share = (_SPREAD * 24 / (_EXCESS**2 * 2 * pixels)) ** (1 / 3)
    return int((share**0.5 * min(size) - 1) / 2)


def log_correction(law, whitening, latents):
    """Logarithm of the density of normal waves under uniform over that under normal innovations.

    Parameters
    ----------
    law : CAlphaLaw
    whitening : Whitening
        Says which waves of the contour are visible.
    latents : Tensor of shape (G, n, n_latents)
        Under partly normal innovations.

    Returns
    -------
    log_weights : Tensor of shape (G, n)
    """
    _, contour, backgrounds = law.split(latents.flatten(0, 1))
    projection = visible_contour(whitening)
    h = contour.unflatten(0, latents.shape[:2]) @ projection
    total = _hermite(h, projection.diagonal(dim1=1, dim2=2)[:, None]).sum(2)
    if law.waves is not None:
        share = len(law.waves) / (law.size[0] * law.size[1])
        seen = _hermite(law.waves.project(backgrounds), share)
        total += seen.sum((1, 2, 3)).unflatten(0, latents.shape[:2])
    return (_EXCESS / 24 * total).double()


def match_normal(law, whitening, latents):
    """Return latents with the normal waves that those of uniform innovations have."""
    found = latents.clone()
    _, contour, backgrounds = law.split(found.flatten(0, 1))
    off = (3**0.5 * uniform(contour) - contour).unflatten(0, latents.shape[:2])
    contour += (off @ visible_contour(whitening)).flatten(0, 1)
    if law.waves is not None:
        backgrounds += law.waves.project(3**0.5 * uniform(backgrounds) - backgrounds)
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
