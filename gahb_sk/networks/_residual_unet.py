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

from gahb_sk.networks._blocks import conv, down_conv, up_conv

# Channels of the second scale, in those of the finest; from there on they double.
_WIDENING = 3


class ResidualUNetModule(nn.Module):
    """Bias-free UNet of residual units at scales 1, 1/2, ..., 2^-n_blocks.

    ``channels`` at full resolution, ``3 * channels`` at half, twice as many at each coarser scale;
    a residual unit a scale on the way down, one on the way up. Down by 2x2 convolutions of stride 2
    (2x2 pixels side by side as channels, mixed linearly), up by transposed ones; skips are added.
    With 8 channels and 3 blocks: 319,632 parameters.

    Parameters
    ----------
    channels : int, default=8
        Channels of the finest scale.
    n_blocks : int, default=3
        Number of scales below the finest.
    image_channels : int, default=1
        1 for grey images, 3 for colour.
    generator : torch.Generator, default=None
        Source of the initial weights.
    blind : bool, default=True
        Whether the network does without the noise level. If not, its input has one channel more,
        behind those of the image: the noise level.
    """

    def __init__(self, channels=8, n_blocks=3, image_channels=1, generator=None, blind=True):
        super().__init__()
        self.blind = blind
        widths = [channels, *(_WIDENING * channels * 2**block for block in range(n_blocks))]
        self.first = conv(image_channels + (not blind), channels, generator)
        self.encoder = nn.ModuleList(ResidualUnit(width, generator) for width in widths[:-1])
        self.down = nn.ModuleList(
            down_conv(fine, coarse, generator)
            for fine, coarse in zip(widths[:-1], widths[1:], strict=True)
        )
        self.middle = ResidualUnit(widths[-1], generator)
        self.up = nn.ModuleList(
            up_conv(coarse, fine, generator)
            for fine, coarse in zip(widths[:-1], widths[1:], strict=True)
        )
        self.decoder = nn.ModuleList(ResidualUnit(width, generator) for width in widths[:-1])
        self.last = conv(channels, image_channels, generator)

    @property
    def multiple(self):
        """The sides of an image must be multiples of this."""
        return 2 ** len(self.encoder)

    def forward(self, x):
        """Map noisy images (n, image_channels, H, W) to the noise in them."""
        x = self.first(x)
        skips = []
        for unit, down in zip(self.encoder, self.down, strict=True):
            x = unit(x)
            skips.append(x)
            x = down(x)
        x = self.middle(x)
        for unit, up, skip in zip(
            reversed(self.decoder), reversed(self.up), reversed(skips), strict=True
        ):
            x = unit(up(x) + skip)
        return self.last(x)


class ResidualUnit(nn.Module):
    """``x + conv(relu(conv(x)))``.

    Parameters
    ----------
    channels : int
    generator : torch.Generator
    """

    def __init__(self, channels, generator):
        super().__init__()
        self.branch = nn.Sequential(
            conv(channels, channels, generator),
            nn.ReLU(inplace=True),
            conv(channels, channels, generator),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add the branch to ``x``."""
        return x + self.branch(x)
