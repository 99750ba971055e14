"""A bias-free network for CPUs: thin where images are large, residual, without norms.

On a CPU a convolution at full resolution costs more time than its arithmetic says, because few
channels fill the vector units badly and many pixels do not fit into the caches. So the finest scale
has few channels and one residual unit each way, and each coarser scale, with a quarter of the
pixels, has many more. Skips and units are additions in place of concatenations, which halves the
input of the decoder's convolutions; and no statistics of the batch are computed, so that training
and evaluation compute the same function.
"""

import torch
from torch import nn
from torch.nn import functional

from gahb_sk.networks._blocks import ACTIVATIONS, conv, down_conv, up_conv

# Channels of the second scale, in those of the finest; from there on they double.
_WIDENING = 3


class ResidualUNetModule(nn.Module):
    """Bias-free UNet of residual units at scales 1, 1/2, ..., 2^-n_blocks.

    ``channels`` at full resolution, ``3 * channels`` at half, twice as many at each coarser scale;
    ``n_units`` residual units per scale in the encoder, as many in the decoder. Down by 2x2
    convolutions of stride 2 (2x2 pixels side by side as channels, mixed linearly), up by transposed
    ones; skips are added. With 8 channels and 3 blocks: 319,632 parameters.

    Parameters
    ----------
    channels : int or tuple of int, default=8
        Channels of the finest scale, or of every scale, finest first.
    n_blocks : int, default=3
        Number of scales below the finest. A tuple of ``channels`` replaces it.
    image_channels, generator, blind
        See :meth:`gahb_sk.networks.ResidualUNet.build`.
    n_units : int or tuple of int, default=1
        Residual units per scale, finest first; those of the coarsest scale come once, all others in
        the encoder and again in the decoder.
    unshuffle : int, default=1
        Squares of so many pixels a side become channels first, and pixels again at the end, so that
        nothing is computed at full resolution.
    padding : {"zeros", "replicate", "reflect"}, default="replicate"
        What the 3x3 convolutions assume beyond the border; see :func:`conv`.
    activation : {"relu", "smooth"}, default="relu"
        "smooth" has derivatives of all orders, see :class:`SmoothUnit`.

    Raises
    ------
    ValueError
        If ``n_units`` does not have one number per scale.
    """

    def __init__(
        self,
        channels=8,
        n_blocks=3,
        image_channels=1,
        generator=None,
        blind=True,
        n_units=1,
        unshuffle=1,
        padding="replicate",
        activation="relu",
    ):
        super().__init__()
        self.blind = blind
        self.unshuffle = unshuffle
        widths = scale_widths(channels, n_blocks)
        counts = units_per_scale(n_units, len(widths))
        style = {"generator": generator, "padding": padding, "activation": activation}
        pairs = list(zip(widths[:-1], widths[1:], strict=True))
        # The order in which weights are drawn is part of what a seed means: do not change it.
        inputs, outputs = (unshuffle**2 * n for n in (image_channels + (not blind), image_channels))
        self.first = conv(inputs, widths[0], generator, padding)
        self.encoder = _units_by_scale(widths, counts, style)
        self.down = nn.ModuleList(down_conv(fine, coarse, generator) for fine, coarse in pairs)
        self.middle = _units(widths[-1], counts[-1], style)
        self.up = nn.ModuleList(up_conv(coarse, fine, generator) for fine, coarse in pairs)
        self.decoder = _units_by_scale(widths, counts, style)
        self.last = conv(widths[0], outputs, generator, padding)

    @property
    def multiple(self):
        """The sides of an image must be multiples of this."""
        return self.unshuffle * 2 ** len(self.encoder)

    def forward(self, x):
        """Map noisy images (n, image_channels, H, W) to the noise in them."""
        if self.unshuffle > 1:
            x = functional.pixel_unshuffle(x, self.unshuffle)
        x = self.first(x)
        skips = []
        for units, down in zip(self.encoder, self.down, strict=True):
            x = units(x)
            skips.append(x)
            x = down(x)
        x = self.middle(x)
        for units, up, skip in zip(
            reversed(self.decoder), reversed(self.up), reversed(skips), strict=True
        ):
            x = units(up(x) + skip)
        x = self.last(x)
        return functional.pixel_shuffle(x, self.unshuffle) if self.unshuffle > 1 else x


def scale_widths(channels, n_blocks):
    """Return the channels of each scale, finest first."""
    if isinstance(channels, (tuple, list)):
        return list(channels)
    return [channels, *(_WIDENING * channels * 2**block for block in range(n_blocks))]


def units_per_scale(n_units, n_scales):
    """Return the residual units of each scale, finest first.

    Raises
    ------
    ValueError
        If there is not one number per scale.
    """
    counts = list(n_units) if isinstance(n_units, (tuple, list)) else [n_units] * n_scales
    if len(counts) != n_scales:
        raise ValueError(
            f"n_units: expected one number, or one per scale ({n_scales}), got {n_units!r}."
        )
    return counts


def _units_by_scale(widths, counts, style):
    """Units of all scales but the coarsest."""
    return nn.ModuleList(
        _units(width, count, style) for width, count in zip(widths[:-1], counts[:-1], strict=True)
    )


def _units(channels, n_units, style):
    """One unit, or a sequence of them; the name of a single one's weights has no number."""
    units = [ResidualUnit(channels, **style) for _ in range(n_units)]
    return units[0] if n_units == 1 else nn.Sequential(*units)


class ResidualUnit(nn.Module):
    """``x + conv(activation(conv(x)))``.

    Parameters
    ----------
    channels : int
    generator : torch.Generator
    padding : {"zeros", "replicate", "reflect"}
        See :func:`conv`.
    activation : {"relu", "smooth"}, default="relu"
        See ``ACTIVATIONS``.
    """

    def __init__(self, channels, generator, padding, activation="relu"):
        super().__init__()
        self.branch = nn.Sequential(
            conv(channels, channels, generator, padding),
            ACTIVATIONS[activation](),
            conv(channels, channels, generator, padding),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add the branch to ``x``."""
        return x + self.branch(x)
