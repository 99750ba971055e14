r"""The law of :math:`C^\alpha` images as a differentiable function of standard normal numbers.

With z standard normal, :math:`2 \Phi(z) - 1` is uniform in [-1, 1] and :math:`\Phi(z)` in [0, 1],
so an image is a function x(z, side) of white noise z and of which side of the contour is bright.
For each side, with :math:`\nu = (g - \min g) / (\max g - \min g)` and its range [l, h],

.. math::
    G = l + (h - l) \nu, \qquad
    dG = \frac{h - l}{\max g - \min g} \left[ dg - (1 - \nu)\, dg(p_{\min})
         - \nu\, dg(p_{\max}) \right] + (1 - \nu)\, dl + \nu\, dh ,

where p are the pixels of the extremes. The filters are symmetric, so the adjoint of the map costs
what the map costs. Latents lie in one row: two for the ranges, W for the contour, and H W for
each background.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from scipy import fft
from scipy.special import ndtri

from gahb_sk._random import seed_sequence
from gahb_sk.image_classes._axis_waves import AxisWaves
from gahb_sk.image_classes._c_alpha import N_SCALARS, power_filter
from gahb_sk.image_classes._contour_slopes import area_adjoint, area_mask

N_RANGES = 2


class Parts(NamedTuple):
    """An image and what its gradient needs; the first axis runs over particles.

    Attributes
    ----------
    image, mask : Tensor of shape (P, H, W)
    contour : Tensor of shape (P, W)
    sides : Tensor of shape (P, 2, H, W)
        The scaled backgrounds, above and below the contour.
    relative : Tensor of shape (P, 2, H, W)
        The backgrounds mapped to [0, 1].
    scale : Tensor of shape (P, 2)
        By how much each background is multiplied.
    extremes : Tensor of shape (P, 2, 2)
        Pixel of the minimum and of the maximum of each side.
    """

    image: torch.Tensor
    mask: torch.Tensor
    contour: torch.Tensor
    sides: torch.Tensor
    relative: torch.Tensor
    scale: torch.Tensor
    extremes: torch.Tensor


@dataclass(frozen=True)
class CAlphaLaw:
    """The class's parameters and its filters; see :class:`~gahb_sk.image_classes.CAlphaImages`.

    Attributes
    ----------
    size : tuple (H, W)
    alpha, beta : float
        Regularity of the contour and of the backgrounds.
    constant : bool
        Whether each side is constant.
    min_contrast : float or None
    normal_waves : int or None
        Innovations of the contour are normal, and those of the backgrounds along waves up to this
        frequency, of the variance of the class's uniform ones. None: all are uniform.
    """

    size: tuple
    alpha: float = 2.0
    beta: float = 2.0
    constant: bool = False
    min_contrast: float | None = None
    normal_waves: int | None = None
    dtype: torch.dtype = torch.float32
    contour_filter: torch.Tensor = field(init=False, repr=False, compare=False)
    background_filter: torch.Tensor = field(init=False, repr=False, compare=False)
    waves: AxisWaves | None = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        height, width = self.size
        low = fft.rfftfreq(width, 1 / width).clip(1) ** -float(self.alpha)
        high = power_filter(height, width, self.beta)
        object.__setattr__(self, "contour_filter", torch.as_tensor(low, dtype=self.dtype))
        object.__setattr__(self, "background_filter", torch.as_tensor(high, dtype=self.dtype))
        normal = self.normal and not self.constant
        waves = AxisWaves(self.size, self.normal_waves, self.dtype) if normal else None
        object.__setattr__(self, "waves", waves)

    @classmethod
    def of(cls, image_class, **changes):
        """Return the law of a :class:`CAlphaImages`."""
        beta = image_class.background_alpha
        return cls(
            image_class.image_size,
            image_class.alpha,
            image_class.alpha if beta is None else beta,
            image_class.constant_background,
            image_class.min_contrast,
            **changes,
        )

    @property
    def normal(self):
        """Whether some innovations are normal."""
        return self.normal_waves is not None

    @property
    def slope(self):
        """How far an innovation moves with its latent, on average."""
        return 1 / math.sqrt(3 if self.normal else math.pi)

    def of_contour(self, latents):
        """Return innovations of the contour, of variance 1/3."""
        return latents / math.sqrt(3) if self.normal else uniform(latents)

    def of_backgrounds(self, latents):
        """Return the backgrounds' innovations."""
        innovations = uniform(latents)
        if self.waves is not None:
            innovations += self.waves.project(latents / math.sqrt(3) - innovations)
        return innovations

    @property
    def n_latents(self):
        """Number of standard normal numbers behind one image."""
        height, width = self.size
        return N_RANGES + width + (0 if self.constant else 2 * height * width)

    def split(self, latents):
        """Return views of the latents of the ranges, the contour and the backgrounds."""
        height, width = self.size
        ranges = latents[:, :N_RANGES]
        contour = latents[:, N_RANGES : N_RANGES + width]
        if self.constant:
            return ranges, contour, None
        return ranges, contour, latents[:, N_RANGES + width :].unflatten(1, (2, height, width))


def drawn_latents(image_class, n_samples, random_state=None, first_image=0):
    """Return the latents behind the images that a class draws.

    Parameters
    ----------
    image_class : CAlphaImages
        With horizontal contours.
    n_samples, random_state, first_image
        See ``image_class.sample``.

    Returns
    -------
    latents : Tensor of shape (n_samples, n_latents), float64
    dark_above : Tensor of bool, of shape (n_samples,)
    """
    indices = range(first_image, first_image + n_samples)
    draws = image_class._draw(seed_sequence(random_state), indices)
    ranges, side, innovations = draws[:, :N_RANGES], draws[:, N_RANGES], draws[:, N_SCALARS:]
    latents = ndtri(np.concatenate([ranges, innovations], axis=1))
    return torch.as_tensor(latents), torch.as_tensor(side < 0.5)


def render(law, latents, dark_above):
    """Return the :class:`Parts` of images.

    Parameters
    ----------
    law : CAlphaLaw
    latents : Tensor of shape (P, n_latents)
    dark_above : Tensor of bool, of shape (P,)
        Whether the side above the contour is the dark one.

    Returns
    -------
    parts : Parts
    """
    ranges, contour, backgrounds = law.split(latents)
    height = law.size[0]
    heights = height * (0.5 + _filter_contour(law, law.of_contour(contour)))
    mask = area_mask(heights, height)
    low, high = _side_ranges(law, ranges, dark_above)
    width = high - low
    if law.constant:
        relative = torch.stack([dark_above, ~dark_above], 1).to(latents)[..., None, None]
        scale = extremes = None
    else:
        g = _filter_backgrounds(law, law.of_backgrounds(backgrounds))
        flat = g.flatten(2)
        least, most = flat.min(2), flat.max(2)
        scale = width / (most.values - least.values)
        relative = g.sub_(least.values[..., None, None]).mul_((scale / width)[..., None, None])
        extremes = torch.stack([least.indices, most.indices], 2)
    sides = low[..., None, None] + width[..., None, None] * relative
    image = sides[:, 1] + mask * (sides[:, 0] - sides[:, 1])
    return Parts(image, mask, heights, sides, relative, scale, extremes)


def pull_back(law, latents, dark_above, parts, residual):
    """Return the gradient of the latents, given that of the image: the adjoint of the map.

    Parameters
    ----------
    law, latents, dark_above, parts
        See :func:`render`, which returned the parts for them.
    residual : Tensor of shape (P, H, W)
        Gradient with respect to the image.

    Returns
    -------
    gradient : Tensor of shape (P, n_latents)
    """
    gradient = torch.empty_like(latents)
    ranges, contour, backgrounds = law.split(gradient)
    above = parts.mask * residual
    on_sides = torch.stack([above, residual - above], 1)
    on_high = (on_sides * parts.relative).sum((2, 3))
    total = on_sides.sum((2, 3))
    on_low = total - on_high
    ranges.copy_(_ranges_adjoint(law, latents, dark_above, on_low, on_high))
    on_mask = residual * (parts.sides[:, 0] - parts.sides[:, 1])
    on_heights = area_adjoint(parts.contour, parts.mask, on_mask)
    on_innovations = law.size[0] * _filter_contour(law, on_heights)
    _, own, own_backgrounds = law.split(latents)
    contour.copy_(on_innovations * (law.slope if law.normal else uniform_slope(own)))
    if not law.constant:
        flat = on_sides.flatten(2)
        flat.scatter_add_(2, parts.extremes, -torch.stack([on_low, on_high], 2))
        on_sides.mul_(parts.scale[..., None, None])
        backgrounds.copy_(_backgrounds_adjoint(law, own_backgrounds, on_sides))
    return gradient


def uniform(latents):
    """Return ``2 Phi(z) - 1``."""
    return torch.erf(latents * math.sqrt(0.5))


def uniform_slope(latents):
    """Return the derivative of :func:`uniform`."""
    return torch.exp(-0.5 * latents * latents).mul_(math.sqrt(2 / math.pi))


def bright_and_dark(law, ranges):
    """Return u1 and u2, (..., 2), of the ranges' latents (..., 2)."""
    u = torch.special.ndtr(ranges)
    if law.min_contrast is None:
        return u
    free = 1 - law.min_contrast
    return torch.stack([1 - free * (1 - u.amax(-1)), free * u.amin(-1)], -1)


def _side_ranges(law, ranges, dark_above):
    """Return the lowest and the highest intensity of each side, (P, 2) each."""
    bright, dark = bright_and_dark(law, ranges).unbind(-1)
    first = torch.stack([torch.zeros_like(dark), dark], 1)
    second = torch.stack([bright, torch.ones_like(bright)], 1)
    dark_above = dark_above[:, None]
    above = torch.where(dark_above, first, second)
    below = torch.where(dark_above, second, first)
    return torch.stack([above[:, 0], below[:, 0]], 1), torch.stack([above[:, 1], below[:, 1]], 1)


def _ranges_adjoint(law, latents, dark_above, on_low, on_high):
    """Gradient of the ranges' latents, given that of the lowest and highest intensities."""
    z = latents[:, :N_RANGES]
    row = torch.arange(len(z))
    dark = torch.where(dark_above, 0, 1)
    on_u = torch.stack([on_low[row, 1 - dark], on_high[row, dark]], 1)
    if law.min_contrast is not None:
        ordered = (z[:, :1] >= z[:, 1:]).expand(-1, 2)
        on_u = (1 - law.min_contrast) * torch.where(ordered, on_u, on_u.flip(1))
    return on_u * uniform_slope(z) * 0.5


def _filter_contour(law, noise):
    spectrum = torch.fft.rfft(noise) * law.contour_filter
    return torch.fft.irfft(spectrum, n=law.size[1])


def _filter_backgrounds(law, noise):
    spectrum = torch.fft.rfft2(noise).mul_(law.background_filter)
    return torch.fft.irfft2(spectrum, s=law.size)


def _backgrounds_adjoint(law, latents, on_sides):
    """Gradient of the backgrounds' latents, given that of the fields that the filter returned."""
    on_innovations = _filter_backgrounds(law, on_sides)
    if law.waves is None:
        return on_innovations.mul_(uniform_slope(latents))
    low = law.waves.project(on_innovations)
    return on_innovations.sub_(low).mul_(uniform_slope(latents)).add_(low, alpha=law.slope)
