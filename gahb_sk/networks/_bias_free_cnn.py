"""BF-CNN: a chain of convolutions at full resolution (arXiv 1906.05478), bias-free."""

from torch import nn

from gahb_sk.networks._blocks import BiasFreeNorm, conv


class BiasFreeCNNModule(nn.Module):
    """Convolution, ReLU, then (convolution, norm, ReLU) repeated, then one linear convolution.

    With 21 layers of 64 channels: 702,784 parameters. The receptive field is ``2 * depth + 1``
    pixels wide for 3x3 filters, so that ``depth`` sets it. The names of the parameters are those
    of the published checkpoints.

    Parameters
    ----------
    channels : int, default=64
        Channels of each hidden layer.
    depth : int, default=21
        Number of convolutions, at least 2.
    first_linear : bool, default=False
        Whether to leave out the ReLU after the first convolution, as some published networks do.
    image_channels, generator, blind
        See :meth:`gahb_sk.networks.BiasFreeCNN.build`.
    """

    multiple = 1

    def __init__(
        self,
        channels=64,
        depth=21,
        image_channels=1,
        first_linear=False,
        generator=None,
        blind=True,
    ):
        super().__init__()
        self.blind = blind
        widths = [image_channels + (not blind), *[channels] * (depth - 1), image_channels]
        self.first_linear = first_linear
        self.conv_layers = nn.ModuleList(
            conv(before, after, generator)
            for before, after in zip(widths[:-1], widths[1:], strict=True)
        )
        self.BN_layers = nn.ModuleList(BiasFreeNorm(channels) for _ in range(depth - 2))

    def forward(self, x):
        """Map noisy images (n, image_channels, H, W) to the noise in them."""
        first, *middle, last = self.conv_layers
        x = first(x)
        if not self.first_linear:
            x = x.relu()
        for layer, norm in zip(middle, self.BN_layers, strict=True):
            x = norm(layer(x)).relu()
        return last(x)
