"""Layers without bias: what they compute is homogeneous, f(a y) = a f(y) for a > 0."""

import math

import torch
from torch import nn

from gahb_sk.networks._synchronised import synchronised_norm

_STEEPNESS = 3.0
_LEAST_POWER = 1e-24


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

    Attributes
    ----------
    synchronised : bool
        Whether the variance in training is that of the batches of all processes together. Set by
        the engine that trains on several.
    """

    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self.synchronised = False
        self.gammas = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.register_buffer("running_sd", torch.ones(1, channels, 1, 1))

    def forward(self, x):
        """Normalise ``x`` of shape (n, channels, H, W)."""
        if not self.training:
            return x * (self.gammas / self.running_sd)
        if self.synchronised:
            normalise = synchronised_norm
        else:
            normalise = _FusedNorm.apply if _is_fusable(x) else _plain_norm
        out, sd = normalise(x, self.gammas, self.eps)
        with torch.no_grad():
            self.running_sd.lerp_(sd.detach(), self.momentum)
        return out


def _is_fusable(x):
    return x.device.type == "cpu" and x.dtype == torch.float32 and not torch.compiler.is_compiling()


def _plain_norm(x, gammas, eps):
    """Definition, for any device and precision (statistics never in half precision)."""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    sd = (wide.var(dim=(0, 2, 3), keepdim=True, unbiased=False) + eps).sqrt()
    return x * (gammas / sd).to(x.dtype), sd


class _FusedNorm(torch.autograd.Function):
    """The same through torch's batch normalisation, whose kernels read the images less often.

    With r = 1/sd and m the mean, ``x r gamma = gamma (x - m) r + gamma m r``: batch normalisation
    plus a constant of each channel. Backwards, the constant adds ``gamma r mean(g)`` through m
    and ``-gamma r^3 m mean(g) (x - m)`` through r.
    """

    @staticmethod
    def forward(ctx, x, gammas, eps):
        out, mean, r = torch.native_batch_norm(
            x, gammas.flatten(), None, None, None, True, 0.0, eps
        )
        mean, r = mean.view_as(gammas), r.view_as(gammas)
        ctx.save_for_backward(x, gammas, mean, r)
        ctx.eps = eps
        sd = 1 / r
        ctx.mark_non_differentiable(sd)
        return out.add_(gammas * mean * r), sd

    @staticmethod
    def backward(ctx, grad, _):
        x, gammas, mean, r = ctx.saved_tensors
        grad_x, scale, shift = torch.ops.aten.native_batch_norm_backward(
            grad, x, gammas.flatten(), None, None, mean.flatten(), r.flatten(), True, ctx.eps,
            [True, True, True],
        )  # fmt: skip
        scale, shift = scale.view_as(gammas), shift.view_as(gammas)
        mean_grad = shift * (x.shape[1] / x.numel())
        slope = -gammas * r**3 * mean * mean_grad
        grad_x.addcmul_(x, slope).add_(gammas * r * mean_grad - slope * mean)
        return grad_x, scale + shift * mean * r, None


class SmoothUnit(nn.Module):
    """``x * sigmoid(3 x / r)``, r the root mean square over the channels of the same pixel.

    A smooth rectifier that keeps networks homogeneous. r belongs to one pixel alone: taken over the
    image, every pixel would see the whole of it, and the output would depend on the image's size.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Rectify ``x`` of shape (n, channels, H, W)."""
        # The bound keeps second derivatives finite in single precision where x is 0. They hold
        # powers of 1 / r up to the third, and through rsqrt() would hold the fifth.
        r = x.square().mean(dim=1, keepdim=True).clamp(min=_LEAST_POWER).sqrt()
        return x * torch.sigmoid(x * (_STEEPNESS / r))


# A new layer of each name, which rectifies feature maps.
ACTIVATIONS = {"relu": lambda: nn.ReLU(inplace=True), "smooth": SmoothUnit}


def conv(in_channels, out_channels, generator, padding="zeros"):
    """Return a 3x3 convolution without bias that keeps the image's size.

    ``padding`` says what is assumed beyond the border: "zeros", "replicate" (the border pixel) or
    "reflect" (mirrored at the border pixel). All three keep the layer linear. A network of small
    crops reads zeros as its position in the crop, and then fails on larger images.
    """
    sides = {"kernel_size": 3, "padding": 1, "padding_mode": padding}
    return _layer(nn.Conv2d, in_channels, out_channels, generator, **sides)


def down_conv(in_channels, out_channels, generator):
    """Return a 2x2 convolution of stride 2 without bias, which halves the image's size."""
    return _layer(nn.Conv2d, in_channels, out_channels, generator, kernel_size=2, stride=2)


def up_conv(in_channels, out_channels, generator):
    """Return a transposed 2x2 convolution without bias that doubles the image's size."""
    return _layer(nn.ConvTranspose2d, in_channels, out_channels, generator, kernel_size=2, stride=2)


def _layer(kind, in_channels, out_channels, generator, **sides):
    """Return a layer without bias; on torch's device "meta" its weights have a shape only."""
    shape_only = torch.get_default_device().type == "meta"
    layer = nn.utils.skip_init(
        kind, in_channels, out_channels, bias=False, device="meta" if shape_only else "cpu", **sides
    )
    return layer if shape_only else initialise(layer, generator)


def initialise(layer, generator):
    """Draw the weights as torch does by default, from ``generator`` instead of a global state."""
    nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
    return layer
