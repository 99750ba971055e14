"""DnCNN, IRCNN and FFDNet in the key layout of KAIR: convolutions numbered in a chain.

DnCNN: K. Zhang, W. Zuo, Y. Chen, D. Meng and L. Zhang, IEEE Trans. Image Processing 26 (2017),
doi:10.1109/TIP.2017.2662206. IRCNN: K. Zhang, W. Zuo, S. Gu and L. Zhang, CVPR 2017,
doi:10.1109/CVPR.2017.300. FFDNet: K. Zhang, W. Zuo and L. Zhang, IEEE Trans. Image Processing 27
(2018), doi:10.1109/TIP.2018.2839891.
"""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from gahb_sk.networks._published import load_checked
from gahb_sk.networks.conventions._convention import Convention

_NAME = "model"
_EPS = 1e-4  # of the batch normalisation in KAIR
_IRCNN_DILATIONS = (1, 2, 3, 4, 3, 2, 1)


class Chain(nn.Module):
    """Numbered convolutions with rectifiers between them, and norms behind some of them.

    Parameters
    ----------
    layers : iterable of torch.nn.Module
        As numbered in the state dict.
    """

    def __init__(self, layers):
        super().__init__()
        self.model = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run the chain."""
        return self.model(x)


class FFDNet(nn.Module):
    """A chain at half resolution: four pixels side by side as channels, and the level behind.

    Parameters
    ----------
    layers : iterable of torch.nn.Module
        As numbered in the state dict.
    """

    def __init__(self, layers):
        super().__init__()
        self.model = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """Map images with even sides and levels ``(n, 1, 1, 1)`` to denoised images."""
        x = functional.pixel_unshuffle(x, 2)
        level = sigma.expand(x.shape[0], 1, *x.shape[-2:])
        return functional.pixel_shuffle(self.model(torch.cat([x, level], dim=1)), 2)


def convolutions(state):
    """Weights of the numbered convolutions, in their order; none if there is no such chain."""
    numbers = _numbers(state)
    weights = [state.get(f"{_NAME}.{i}.weight") for i in range(max(numbers, default=-1) + 1)]
    return [weight for weight in weights if weight is not None and weight.ndim == 4]


def build_dncnn(state, source):
    """Return the network, its norms folded into the convolutions, and its convention."""
    chain = load_checked(Chain(_layers(state)), state, source)
    chain.model = folded(chain.model)
    return chain, Convention("noise", channels=_colour(convolutions(state)[-1].shape[0]))


def build_ircnn(state, source):
    """Return the network, whose convolutions are dilated, and its convention."""
    chain = load_checked(Chain(_layers(state, _IRCNN_DILATIONS)), state, source)
    return chain, Convention("noise", channels=_colour(convolutions(state)[-1].shape[0]))


def build_ffdnet(state, source):
    """Return the network and its convention."""
    network = load_checked(FFDNet(_layers(state)), state, source)
    channels = convolutions(state)[-1].shape[0] // 4
    return network, Convention(level="column", multiple=2, channels=_colour(channels))


def folded(layers):
    """Return a chain with batch normalisation done by the convolutions in front of it."""
    kept = []
    for layer in layers.eval():
        if isinstance(layer, nn.BatchNorm2d):
            kept[-1] = fuse_conv_bn_eval(kept[-1], layer)
        else:
            kept.append(layer)
    return nn.Sequential(*kept)


def convolution(weight, bias=False, dilation=1):
    """Return an uninitialised convolution for a weight, which keeps the size of images."""
    out_channels, in_channels, side = weight.shape[:3]
    return nn.utils.skip_init(
        nn.Conv2d, in_channels, out_channels, side,
        padding=dilation * (side // 2), dilation=dilation, bias=bias,
    )  # fmt: skip


def _layers(state, dilations=None):
    """Layers by number: convolutions and norms as the state dict has them, else rectifiers."""
    left = list(dilations or [1] * len(convolutions(state)))
    for i in range(max(_numbers(state)) + 1):
        weight = state.get(f"{_NAME}.{i}.weight")
        if weight is None:
            yield nn.ReLU()
        elif weight.ndim == 4:
            yield convolution(weight, f"{_NAME}.{i}.bias" in state, left.pop(0))
        else:
            yield nn.BatchNorm2d(len(weight), eps=_EPS)


def _numbers(state):
    parts = (name.split(".") for name in state)
    return [int(p[1]) for p in parts if len(p) == 3 and p[0] == _NAME and p[1].isdigit()]


def _colour(channels):
    """Channels of a colour network, through which grey images go as well."""
    return channels if channels > 1 else None
