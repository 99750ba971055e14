"""DRUNet in the key layout of KAIR: a UNet of residual blocks, given the level as a channel.

K. Zhang, Y. Li, W. Zuo, L. Zhang, L. Van Gool and R. Timofte, "Plug-and-play image restoration with
deep denoiser prior", IEEE Trans. PAMI 44 (2022), doi:10.1109/TPAMI.2021.3088914.
"""

import torch
from torch import nn

from gahb_sk.networks._published import load_checked
from gahb_sk.networks.conventions._convention import Convention

_SCALES = (1, 2, 3)


class _Block(nn.Module):
    """``x + conv(relu(conv(x)))``."""

    def __init__(self, channels, bias):
        super().__init__()
        self.res = nn.Sequential(
            _conv(channels, channels, bias), nn.ReLU(), _conv(channels, channels, bias)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.res(x)


class DRUNet(nn.Module):
    """Three scales below the finest; strided convolutions down, transposed ones up, skips added.

    Parameters
    ----------
    image_channels : int
        Channels of the output; the input has one more, the noise level.
    widths : sequence of int
        Channels of the four scales, finest first.
    n_blocks : int
        Residual blocks per scale.
    bias : bool
        Whether convolutions have biases; published ones have none.
    """

    def __init__(self, image_channels, widths, n_blocks, bias):
        super().__init__()

        def blocks(channels):
            return [_Block(channels, bias) for _ in range(n_blocks)]

        self.m_head = _conv(image_channels + 1, widths[0], bias)
        for k in _SCALES:
            fine, coarse = widths[k - 1 : k + 1]
            down = nn.Conv2d(fine, coarse, 2, stride=2, bias=bias)
            up = nn.ConvTranspose2d(coarse, fine, 2, stride=2, bias=bias)
            self.add_module(f"m_down{k}", nn.Sequential(*blocks(fine), down))
            self.add_module(f"m_up{k}", nn.Sequential(up, *blocks(fine)))
        self.m_body = nn.Sequential(*blocks(widths[-1]))
        self.m_tail = _conv(widths[0], image_channels, bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images and the level, ``(n, C + 1, H, W)``, to denoised images."""
        skips = [self.m_head(x)]
        for k in _SCALES:
            skips.append(self.get_submodule(f"m_down{k}")(skips[-1]))
        x = self.m_body(skips[-1])
        for k in reversed(_SCALES):
            x = self.get_submodule(f"m_up{k}")(x + skips.pop())
        return self.m_tail(x + skips.pop())


def build_drunet(state, source):
    """Return the network and its convention."""
    n_blocks = len(
        [name for name in state if name.startswith("m_body.") and "res.0.weight" in name]
    )
    widths = [state["m_head.weight"].shape[0]]
    for k in _SCALES:
        down = f"m_down{k}.{n_blocks}.weight"
        if down not in state:
            raise ValueError(f"{source}: the state dict lacks {down!r}.")
        widths.append(state[down].shape[0])
    channels = state["m_head.weight"].shape[1] - 1
    network = DRUNet(channels, widths, n_blocks, "m_head.bias" in state)
    colour = channels if channels > 1 else None
    convention = Convention(level="map", multiple=8, channels=colour)
    return load_checked(network, state, source), convention


def _conv(in_channels, out_channels, bias):
    return nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=bias)
