"""Layers without bias: what they compute is homogeneous, f(a y) = a f(y) for a > 0."""

import math

import torch
from torch import nn


class BiasFreeNorm(nn.Module):
    """Divide each channel by its standard deviation, without removing its mean.

    ``x / sd * gamma`` with ``sd = sqrt(variance over batch and pixels + 1e-5)``; in evaluation
    mode ``sd`` is the running average seen in training, so that the layer is linear (paper,
    appendix on architectures).

    Parameters
    ----------
    channels : int
        Number of channels.
    momentum : float, default=0.1
        Weight of the newest batch in the running average.
    eps : float, default=1e-5
        Added to the variance.
    """

    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self.gammas = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.register_buffer("running_sd", torch.ones(1, channels, 1, 1))

    def forward(self, x):
        """Normalise ``x`` of shape (n, channels, H, W)."""
        if self.training:
            variance = x.var(dim=(0, 2, 3), keepdim=True, unbiased=False)
            sd = (variance + self.eps).sqrt()
            with torch.no_grad():
                self.running_sd.lerp_(sd, self.momentum)
        else:
            sd = self.running_sd
        return x * (self.gammas / sd)


def conv(in_channels, out_channels, generator):
    """Return a 3x3 convolution without bias that keeps the image's size (zero padding)."""
    layer = nn.utils.skip_init(
        nn.Conv2d, in_channels, out_channels, kernel_size=3, padding=1, bias=False
    )
    return initialise(layer, generator)


def up_conv(in_channels, out_channels, generator):
    """Return a transposed 2x2 convolution without bias that doubles the image's size."""
    layer = nn.utils.skip_init(
        nn.ConvTranspose2d, in_channels, out_channels, kernel_size=2, stride=2, bias=False
    )
    return initialise(layer, generator)


def initialise(layer, generator):
    """Draw the weights as torch does by default, from ``generator`` instead of a global state."""
    nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
    return layer
