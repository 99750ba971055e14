r"""A change of variables in which the posterior is nearly isotropic.

For particles of one group the average Fisher information of the latents is, with J = dx / dz,

.. math::
    A = I + \beta \, \mathrm{E}[J^T J] / \sigma^2 .

It is kept block by block: the contour; and for each side its range together with the frequencies
of its background that the noise leaves visible. Through the minimum and the maximum every
frequency shifts and stretches its whole side: two terms of rank one a particle, without which
steps would have to be fifty times shorter. Other frequencies are scaled one by one, or left as
they are. With :math:`A = L L^T` latents are z = c + T q, T = L^{-T} on each block.
"""

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import torch

from gahb_sk.image_classes._axis_waves import AxisWaves
from gahb_sk.image_classes._c_alpha_map import N_RANGES, uniform_slope
from gahb_sk.image_classes._contour_slopes import area_slopes

_DENSE = 10.0  # largest frequency with a row of its own in the dense block
_VISIBLE = 0.1  # information below which a frequency is left as it is


class Waves(AxisWaves):
    """Waves with their weights in a background, and which of them are dense, by index."""

    def __init__(self, law, highest, dense):
        super().__init__(law.size, highest, law.dtype)
        self.weight = law.slope * self.frequencies.clamp_min(1) ** -law.beta
        self.dense = torch.nonzero(self.frequencies <= dense).flatten()

    def at(self, pixels):
        """Values of the dense waves at flat pixels (...,), (..., m)."""
        width = len(self.columns)
        rows, columns = self.rows[pixels // width], self.columns[pixels % width]
        return (rows[..., :, None] * columns[..., None, :]).flatten(-2)[..., self.dense]

    def gram(self, weights):
        """Gram matrices (..., m, m) of the dense waves under weights (..., H, W)."""
        a, b = self.rows.shape[1], self.columns.shape[1]
        rows = (self.rows[:, :, None] * self.rows[:, None, :]).flatten(1)
        columns = (self.columns[:, :, None] * self.columns[:, None, :]).flatten(1)
        products = (rows.T @ (weights @ columns)).unflatten(-1, (b, b)).unflatten(-3, (a, a))
        whole = products.transpose(-3, -2).flatten(-2).flatten(-3, -2)
        return whole[..., self.dense[:, None], self.dense]


@dataclass
class Whitening:
    """The affine change of variables of G groups of particles.

    Attributes
    ----------
    law : CAlphaLaw
    center : Tensor of shape (G, n_latents)
    contour : Tensor of shape (G, W, W)
        T of the contour's latents.
    sides : Tensor of shape (G, 2, m + 1, m + 1)
        T of the dense waves of a background and, last, of its side's range.
    others : Tensor of shape (G, 2, k)
        T, diagonal, of all waves; the dense ones are ignored.
    ranges : Tensor of shape (G, 2)
        Which latent is the range of the side above and below.
    waves : Waves
    """

    law: object
    center: torch.Tensor
    contour: torch.Tensor
    sides: torch.Tensor
    others: torch.Tensor | None
    ranges: torch.Tensor
    waves: Waves | None

    def latents(self, q):
        """Return z = c + T q of states ``(G, n, n_latents)``."""
        return self._apply(q, lambda T: T.transpose(-1, -2)).add_(self.center[:, None])

    def gradient(self, gradient):
        """Return the gradient in q, given that in z."""
        return self._apply(gradient, lambda T: T)

    def states(self, latents):
        """Return q of latents: the inverse of :meth:`latents`."""
        return self._inverse._apply(latents - self.center[:, None], lambda T: T.transpose(-1, -2))

    @cached_property
    def _inverse(self):
        return dataclasses.replace(
            self,
            contour=_inverted(self.contour),
            sides=_inverted(self.sides),
            others=None if self.others is None else 1 / self.others,
        )

    def _apply(self, x, turned):
        out = x.clone()
        ranges, contour, fields = (
            None if part is None else part.unflatten(0, x.shape[:2])
            for part in self.law.split(out.flatten(0, 1))
        )
        contour.copy_(contour @ turned(self.contour))
        which = self.ranges[:, None].expand(-1, x.shape[1], -1)
        own = ranges.gather(2, which)[..., None]
        if fields is None:
            mixed = (own.transpose(1, 2) @ turned(self.sides)).transpose(1, 2)
        else:
            dense = self.waves.dense
            before = self.waves.analyse(fields)
            after = before * self.others[:, None]
            packed = torch.cat([before[..., dense], own], -1).transpose(1, 2)
            mixed = (packed @ turned(self.sides)).transpose(1, 2)
            after[..., dense] = mixed[..., :-1]
            fields.add_(self.waves.synthesise(after.sub_(before)))
        ranges.scatter_(2, which, mixed[..., -1])
        return out


def whiten(law, latents, dark_above, parts, precision, *, centred=True):
    """Estimate the change of variables from particles.

    Parameters
    ----------
    law : CAlphaLaw
    latents : Tensor of shape (G, n, n_latents)
        Particles in groups; those of a group have the same side dark.
    dark_above : Tensor of bool, of shape (G,)
    parts : Parts
        Of the particles, flat.
    precision : float
        beta / sigma^2.
    centred : bool, default=True
        Whether c is the mean of the group's visible latents, else 0.

    Returns
    -------
    whitening : Whitening
    """
    groups = latents.shape[:2]
    contour = _triangular(_contour_information(law, parts, groups) * precision).to(latents)
    dark = dark_above.long()
    ranges = torch.stack([dark, 1 - dark], 1)
    range_slope = (0.5 * uniform_slope(latents[..., :N_RANGES])).gather(
        2, ranges[:, None].expand(-1, groups[1], -1)
    )
    masks = torch.stack([parts.mask, 1 - parts.mask], 1)
    if law.constant:
        information = range_slope.square() * masks.square().sum((2, 3)).unflatten(0, groups)
        sides = _triangular(precision * information.mean(1)[..., None, None].double())
        others = waves = None
        center = latents.mean(1)
    else:
        strength = (parts.scale.square() * masks.square().mean((2, 3))).mean().double() * precision
        waves = visible_waves(law, float(strength))
        information, diagonal = _side_information(waves, parts, masks, range_slope, ranges, groups)
        sides = _triangular(information * precision)
        others = (1 + precision * diagonal).rsqrt().to(latents)
        center = _visible_mean(law, waves, latents)
    if not centred:
        center = torch.zeros_like(center)
    return Whitening(law, center, contour, sides.to(latents), others, ranges, waves)


def visible_waves(law, strength):
    """Return the waves whose information, strength times squared weight, is not negligible."""
    half = max(law.size) // 2
    k = torch.arange(1, half + 1, dtype=torch.float64)
    information = strength * (law.slope * k**-law.beta).square()
    highest = max(int((information > _VISIBLE).sum()), 2)
    return Waves(law, highest, min(highest, _DENSE))


def _visible_mean(law, waves, latents):
    center = latents.mean(1)
    fields = law.split(center)[2]
    fields.copy_(waves.project(fields))
    return center


def _inverted(upper):
    eye = torch.eye(upper.shape[-1], dtype=torch.float64).expand(upper.shape)
    return torch.linalg.solve_triangular(upper.double(), eye, upper=True).to(upper)


def _triangular(information):
    """Return T with T T^T = (I + information)^-1."""
    eye = torch.eye(information.shape[-1], dtype=torch.float64)
    lower = torch.linalg.cholesky(information.double() + eye)
    return torch.linalg.solve_triangular(lower.mT, eye.expand_as(lower), upper=True)


def _contour_information(law, parts, groups):
    """E[J^T J] of the contour's latents, (G, W, W)."""
    height, width = law.size
    by_own, by_next = area_slopes(parts.contour, parts.mask)
    jump = (parts.sides[:, 0] - parts.sides[:, 1]).square()
    own = (jump * by_own.square()).sum(1) + torch.roll((jump * by_next.square()).sum(1), 1, 1)
    both = (jump * by_own * by_next).sum(1)
    own, both = (a.unflatten(0, groups).mean(1).double() for a in (own, both))
    column = torch.arange(width)
    of_heights = torch.zeros(groups[0], width, width, dtype=torch.float64)
    of_heights[:, column, column] = own
    after = (column + 1) % width
    of_heights[:, column, after] += both
    of_heights[:, after, column] += both
    spectrum = torch.fft.rfft(torch.eye(width, dtype=torch.float64))
    filtered = torch.fft.irfft(spectrum * law.contour_filter.double(), n=width)
    filtered *= law.slope * height
    return filtered.T @ of_heights @ filtered


def _side_information(waves, parts, masks, range_slope, ranges, groups):
    """E[J^T J] of each side's dense waves and range, and its diagonal for all waves."""
    scale2 = parts.scale.square()
    squared = masks.square()
    relative = parts.relative
    weights = (scale2[..., None, None] * squared).unflatten(0, groups).mean(1)
    gram = waves.gram(weights).double()
    ends = waves.at(parts.extremes).double()  # (P, 2, 2, m): minimum, maximum
    shares = torch.stack([1 - relative, relative], 2)
    overlap = waves.analyse(squared[:, :, None] * shares)[..., waves.dense].double()
    cross = torch.einsum("psahw,psbhw->psab", squared[:, :, None] * shares, shares).double()
    pulled = torch.einsum("psab,psbm->psam", cross, ends)
    half = (0.5 * pulled - overlap) * scale2[..., None, None]
    half, ends = (a.unflatten(0, groups).permute(0, 2, 1, 3, 4).flatten(2, 3) for a in (half, ends))
    moved = half.mT @ ends / groups[1]
    block = gram + moved + moved.mT
    weight = waves.weight[waves.dense]
    block *= weight[:, None] * weight
    # the range moves its side by 1 - nu where it is the lowest intensity, by nu where the highest
    is_high = ranges.repeat_interleave(groups[1], 0)
    which = is_high[:, :, None, None]
    by_range = (overlap - pulled).gather(2, which.expand(-1, -1, 1, overlap.shape[-1]))[:, :, 0]
    slope = range_slope.flatten(0, 1).double()
    by_range = by_range * weight * (parts.scale * slope)[..., None]
    own = cross.diagonal(dim1=2, dim2=3).gather(2, is_high[..., None])[..., 0] * slope.square()
    side = torch.zeros(*block.shape[:2], len(weight) + 1, len(weight) + 1, dtype=torch.float64)
    side[..., :-1, :-1] = block
    by_range, own = (a.unflatten(0, groups).mean(1) for a in (by_range, own))
    side[..., -1, :-1] = side[..., :-1, -1] = by_range
    side[..., -1, -1] = own
    diagonal = weights.double().mean((2, 3))[..., None] * waves.weight.square()
    return side, diagonal
