"""DnCNN, UNet and recurrent CNN with and without biases, as published with arXiv:1906.05478.

S. Mohan, Z. Kadkhodaie, E. P. Simoncelli and C. Fernandez-Granda, "Robust and interpretable blind
image denoising via bias-free convolutional neural networks", ICLR 2020. All are blind, for images
on [0, 1].
"""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from gahb_sk.networks._published import load_checked
from gahb_sk.networks.conventions._convention import Convention
from gahb_sk.networks.published._chains import convolution

_EPS = 1e-5


class _Backbone(nn.Module):
    """First, hidden and last convolutions, with rectifiers between them and norms in the middle."""

    def __init__(self, state):
        super().__init__()

        def layer(name):
            return convolution(state[f"{name}.weight"], f"{name}.bias" in state)

        hidden = range(_count(state, "hidden_layer_list"))
        norms = range(_count(state, "bn_layer_list"))
        self.first_layer = layer("first_layer")
        self.hidden_layer_list = nn.ModuleList(layer(f"hidden_layer_list.{i}") for i in hidden)
        if norms:
            channels = self.first_layer.out_channels
            self.bn_layer_list = nn.ModuleList(nn.BatchNorm2d(channels, eps=_EPS) for _ in norms)
        self.last_layer = layer("last_layer")

    def chain(self):
        """Return the layers as a chain, with the norms folded into the convolutions."""
        hidden = list(self.hidden_layer_list)
        if hasattr(self, "bn_layer_list"):
            fuse = _scaled if self.first_layer.bias is None else fuse_conv_bn_eval
            pairs = zip(hidden, self.bn_layer_list.eval(), strict=True)
            hidden = [fuse(conv.eval(), norm) for conv, norm in pairs]
        rectified = [one for conv in (self.first_layer, *hidden) for one in (conv, nn.ReLU())]
        return nn.Sequential(*rectified, self.last_layer)


class _Recurrent(nn.Module):
    """Apply the backbone to the noisy image and its latest result, over and over."""

    def __init__(self, chain, n_stages):
        super().__init__()
        self.chain = chain
        self.n_stages = n_stages

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = x
        for _ in range(self.n_stages):
            out = self.chain(torch.cat([x, out], dim=1))
        return out


class _UNet(nn.Module):
    """One scale down and up, with dilated convolutions on the coarse one."""

    def __init__(self, state):
        super().__init__()
        self.rectifier = nn.ReLU()
        has_bias = {i: f"conv{i}.bias" in state for i in range(1, 10)}
        for i, dilation in ((1, 1), (2, 1), (4, 1), (5, 2), (6, 4), (8, 1), (9, 1)):
            layer = convolution(state[f"conv{i}.weight"], has_bias[i], dilation)
            self.add_module(f"conv{i}", layer)
        fine, coarse = (state[f"conv{i}.weight"].shape[0] for i in (2, 3))
        self.conv3 = nn.Conv2d(fine, coarse, 3, stride=2, padding=1, bias=has_bias[3])
        self.conv7 = nn.ConvTranspose2d(
            coarse, state["conv7.weight"].shape[1], 4, stride=2, padding=1, bias=has_bias[7]
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skip = self._run((1, 2), x)
        x = self._run((3, 4, 5, 6, 7), skip)
        return self.get_submodule("conv9")(self._run((8,), torch.cat([x, skip], dim=1)))

    def _run(self, numbers, x):
        for i in numbers:
            x = self.rectifier(self.get_submodule(f"conv{i}")(x))
        return x


class _ZeroPadded(nn.Module):
    """Images with odd sides, extended by zeros as published."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[-2:]
        return self.network(functional.pad(x, (0, width % 2, 0, height % 2)))[..., :height, :width]


def build_dncnn(state, source):
    """Return the network, its norms folded into the convolutions, and its convention."""
    backbone = load_checked(_Backbone(state), state, source)
    return backbone.chain(), Convention("noise")


def build_recurrent_cnn(state, source, n_stages=4):
    """Return the network and its convention; the weights do not tell the number of stages."""
    state = {name.removeprefix("cnn."): value for name, value in state.items()}
    backbone = load_checked(_Backbone(state), state, source)
    return _Recurrent(backbone.chain(), n_stages), Convention()


def build_unet(state, source, residual=False):
    """Return the network and its convention; the weights do not tell what it predicts."""
    network = load_checked(_UNet(state), state, source)
    return _ZeroPadded(network), Convention("noise" if residual else "clean")


def _scaled(conv, norm):
    """Fold the bias-free norm: no mean, and eps added to the deviation, not to the variance."""
    scale = norm.weight / (norm.running_var.sqrt() + norm.eps)
    conv.weight.data.mul_(scale.view(-1, 1, 1, 1))
    return conv


def _count(state, name):
    parts = (key.removeprefix(f"{name}.") for key in state if key.startswith(f"{name}."))
    return len({part.split(".")[0] for part in parts})
