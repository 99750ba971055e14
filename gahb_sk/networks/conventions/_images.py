r"""What images a network takes: their range of intensities, their sides, their channels."""

import math

import torch
from torch import nn

from gahb_sk.networks._inference import extended


class Rescaled(nn.Module):
    r"""Images on [0, 1] through a denoiser D of images on [low, high].

    With :math:`z = a y + b`, :math:`a = high - low` and :math:`b = low`, the noise of z has level
    :math:`a \sigma`, and :math:`f(y, \sigma) = (D(a y + b, a \sigma) - b) / a`.

    Parameters
    ----------
    module : torch.nn.Module
        Called with images ``(n, C, H, W)`` and levels ``(n,)`` or None.
    low, high : float
        Black and white.
    """

    def __init__(self, module, low, high):
        super().__init__()
        self.module = module
        self.low, self.high = low, high

    def forward(self, images: torch.Tensor, sigma: torch.Tensor | None = None) -> torch.Tensor:
        """Denoise."""
        span = self.high - self.low
        level = None if sigma is None else span * sigma
        return (self.module(span * images + self.low, level) - self.low) / span


class Padded(nn.Module):
    """Images of any size through a denoiser whose images have sides that are multiples of a number.

    Sides are extended by mirroring, ``f(y) = crop(D(extend(y)))``, which is linear.

    Parameters
    ----------
    module : torch.nn.Module
        Called with images ``(n, C, H, W)`` and levels ``(n,)`` or None.
    multiple : int
    """

    def __init__(self, module, multiple):
        super().__init__()
        self.module = module
        self.multiple = multiple

    def forward(self, images: torch.Tensor, sigma: torch.Tensor | None = None) -> torch.Tensor:
        """Denoise."""
        height, width = images.shape[-2:]
        return self.module(extended(images, self.multiple), sigma)[..., :height, :width]


class GreyAsColour(nn.Module):
    r"""Grey images through a denoiser D of images of several channels.

    The grey image is repeated in the C channels, and the channels are averaged,
    :math:`f(y, \sigma) = \frac 1 C \sum_c D_c(y \cdot 1, \sqrt C\, \sigma)`. The repeated noise
    lies along the grey axis :math:`1 / \sqrt C`, where its deviation is
    :math:`\sqrt C\, \sigma`. That is the level D is given: with :math:`\sigma` it would take most
    of the noise for texture. Images of C channels go through as they are.

    Parameters
    ----------
    module : torch.nn.Module
        Called with images ``(n, C, H, W)`` and levels ``(n,)`` or None.
    channels : int
        C.
    """

    def __init__(self, module, channels):
        super().__init__()
        self.module = module
        self.channels = channels

    def forward(self, images: torch.Tensor, sigma: torch.Tensor | None = None) -> torch.Tensor:
        """Denoise."""
        came = images.shape[1]
        if came == self.channels:
            return self.module(images, sigma)
        if came != 1:
            raise ValueError(
                f"X: expected images of 1 or {self.channels} channels, got {came}. The module "
                f"takes {self.channels}."
            )
        level = None if sigma is None else math.sqrt(self.channels) * sigma
        repeated = images.expand(-1, self.channels, -1, -1)
        return self.module(repeated, level).mean(dim=1, keepdim=True)
