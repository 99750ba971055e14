r"""Networks of linear layers and rectifiers, whose Jacobian is a network of the same layers.

Such a network is affine as long as no rectifier changes sides. With the slopes of the rectifiers
recorded at an image, replacing each rectifier by a multiplication with its slopes, and leaving out
all biases, gives a network that IS the Jacobian.
"""

import copy

import torch
from torch import nn

from gahb_sk.jacobians._winograd import WinogradConvolution, is_worthwhile
from gahb_sk.networks._blocks import BiasFreeNorm

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class Gate(nn.Module):
    """A rectifier whose slopes are recorded once, and then held.

    Images ``(n, ...)`` are recorded; vectors come as ``(n * k, ...)``, k per image.
    """

    def __init__(self, slope=0.0):
        super().__init__()
        self.slope = slope
        self.masks, self.calls, self.recording = [], 0, True

    def forward(self, x):
        """Record and rectify, or multiply by what was recorded."""
        if self.recording:
            mask = (x > 0).to(x.dtype)
            self.masks.append(mask + self.slope * (1 - mask) if self.slope else mask)
            return x * self.masks[-1]
        mask = self.masks[self.calls % len(self.masks)]  # one module may be called several times
        self.calls += 1
        vectors = x.view(len(mask), -1, *mask.shape[1:])
        if x.requires_grad:
            return (vectors * mask[:, None]).view(x.shape)
        vectors.mul_(mask[:, None])
        return x


def gated_map(network, function, points, levels):
    """Return the Jacobian at ``points (n, C, H, W)`` as a map of vectors ``(n, k, C, H, W)``.

    ``function(network, images, levels)`` denoises. Levels are held fixed: vectors come with level
    0.
    """
    network = copy.deepcopy(network)
    on_cpu = points.device.type == "cpu"
    if on_cpu:
        network = network.to(memory_format=torch.channels_last)
    gates = _replace(network, (nn.ReLU, nn.LeakyReLU), _as_gate)
    with torch.no_grad():
        function(network, points, levels)
    for gate in gates:
        gate.recording = False
    _drop_offsets(network)
    _fold_norms(network)
    if on_cpu:
        _replace(network, nn.Conv2d, lambda layer: _as_winograd(layer, points.dtype))

    def apply(vectors):
        flat = vectors.flatten(0, 1)
        return function(network, flat, flat.new_zeros(len(flat))).reshape(vectors.shape)

    return apply


def _replace(network, kind, new):
    """Replace the layers of a kind by ``new(layer)``, each once; return the new ones."""
    made = {}
    for path, layer in list(network.named_modules(remove_duplicate=False)):
        if path and isinstance(layer, kind):
            made.setdefault(id(layer), new(layer))
            parent, _, name = path.rpartition(".")
            setattr(network.get_submodule(parent), name, made[id(layer)])
    return list(made.values())


def _as_gate(layer):
    return Gate(getattr(layer, "negative_slope", 0.0))


def _as_winograd(layer, dtype):
    return WinogradConvolution(layer) if is_worthwhile(layer, dtype) else layer


def _drop_offsets(network):
    for layer in network.modules():
        if isinstance(getattr(layer, "bias", None), nn.Parameter):
            layer.bias = None
        if isinstance(layer, _BATCH_NORMS) and layer.running_mean is not None:
            layer.running_mean.zero_()


def _fold_norms(network):
    """Let convolutions do what the norms behind them do in evaluation mode, a scaling."""
    for chain in network.modules():
        if isinstance(chain, nn.Sequential):
            for i in range(1, len(chain)):
                scale = _scale_of(chain[i])
                if scale is not None and type(chain[i - 1]) is nn.Conv2d:
                    chain[i - 1].weight.mul_(scale.view(-1, 1, 1, 1))
                    chain[i] = nn.Identity()


def _scale_of(norm):
    if isinstance(norm, BiasFreeNorm):
        return norm.gammas / norm.running_sd
    if isinstance(norm, nn.BatchNorm2d) and norm.running_var is not None:
        gain = torch.ones_like(norm.running_var) if norm.weight is None else norm.weight
        return gain / torch.sqrt(norm.running_var + norm.eps)
    return None
