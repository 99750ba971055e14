"""The UNet of the paper (arXiv 2310.02557), bias-free, for any number of blocks and channels."""

import torch
from torch import nn
from torch.nn import functional

from gahb_sk.networks._blocks import BiasFreeNorm, conv, up_conv


class UNetModule(nn.Module):
    """Bias-free UNet: blocks of two 3x3 convolutions at scales 1, 1/2, ..., 2^-n_blocks.

    ``n_blocks`` encoder blocks, a middle block and as many decoder blocks; 2x2 average pooling
    down, transposed 2x2 convolution up, skip connections by concatenation. The first convolution
    has no norm, the last is linear. With 64 channels and 3 blocks: 7,659,264 parameters. The
    names of the parameters are those of the published checkpoints.

    Parameters
    ----------
    channels : int, default=64
        Channels of the finest scale; each coarser scale has twice as many.
    n_blocks : int, default=3
        Number of encoder blocks.
    image_channels, generator, blind
        See :meth:`gahb_sk.networks.UNet.build`.
    """

    def __init__(self, channels=64, n_blocks=3, image_channels=1, generator=None, blind=True):
        super().__init__()
        self.blind = blind
        inputs = image_channels + (not blind)
        widths = [channels * 2**block for block in range(n_blocks + 1)]
        self.encoder = nn.ModuleList(
            _block(widths[b - 1] if b else inputs, widths[b], generator, first=b == 0)
            for b in range(n_blocks)
        )
        self.mid_block = _block(widths[-2], widths[-1], generator)
        self.decoder = nn.ModuleList(
            _block(2 * widths[b], widths[b], generator, last=0 if b else image_channels)
            for b in range(n_blocks)
        )
        self.upsample = nn.ModuleList(
            up_conv(widths[b + 1], widths[b], generator) for b in range(n_blocks)
        )

    @property
    def multiple(self):
        """The sides of an image must be multiples of this."""
        return 2 ** len(self.encoder)

    def forward(self, x):
        """Map noisy images (n, image_channels, H, W) to the noise in them."""
        skips = []
        for block in self.encoder:
            x = block(x)
            skips.append(x)
            x = functional.avg_pool2d(x, 2)
        x = self.mid_block(x)
        for block, up, skip in zip(
            reversed(self.decoder), reversed(self.upsample), reversed(skips), strict=True
        ):
            x = block(torch.cat([up(x), skip], dim=1))
        return x


def _block(in_channels, channels, generator, *, first=False, last=0):
    """Two convolutions, each with norm and ReLU, except the network's first and last ones."""
    layers = [conv(in_channels, channels, generator)]
    layers += [] if first else [BiasFreeNorm(channels)]
    layers += [nn.ReLU(inplace=True), conv(channels, last or channels, generator)]
    layers += [] if last else [BiasFreeNorm(channels), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)
