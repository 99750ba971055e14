r"""Exact Jacobians of networks, for blocks of vectors and several images at once.

A bias-free network of linear layers and rectifiers is linear as long as no rectifier changes
sides: with the gates :math:`g = [a > 0]` recorded at an image y, replacing each rectifier by a
multiplication with its gates gives a network that IS the Jacobian. Its product with a block of
vectors is one ordinary pass, and its transpose the backward pass of it. Whether a network is of
this kind is tried out once, against forward mode on a random vector; any other network is
differentiated by torch, in forward and reverse mode.
"""

import copy
import functools
import warnings
import weakref

import numpy as np
import torch
from torch import nn

from gahb_sk.jacobians._winograd import WinogradConvolution, is_worthwhile
from gahb_sk.networks._blocks import BiasFreeNorm
from gahb_sk.networks._inference import denoise

# Pixels of a batch of vectors: 4 vectors of 80x80 images; bounds the memory of feature maps, and
# keeps them near the processor. Batches are multiples of the least, so that the graph of a
# transpose serves the blocks of Lanczos and all others.
_PIXELS_AT_ONCE = 2**15
_LEAST_BLOCK, _LARGEST_BLOCK = 4, 64
_TRIED = 16  # side of the corner of an image on which a network is tried out
# Relative disagreement of the gated network with forward mode that rounding explains, in double
# precision. In single precision the two may put a rectifier near zero on different sides.
_TOLERANCE = 1e-10

_is_gated = weakref.WeakKeyDictionary()  # network -> whether its gated copy is its Jacobian


def jacobian_products(network, images, *, sigma=None, dtype=np.float64, device="cpu", block=None):
    """Products with the Jacobians of ``denoise`` at one or several images.

    Parameters
    ----------
    network : torch.nn.Module
        Returns the noise in its input; left as it is. Evaluation mode is used.
    images : ndarray of shape (n, C, H, W)
        Where to linearise.
    sigma : ndarray of shape (n,), default=None
        Noise levels that a conditional network is told; they are held fixed.
    dtype : {numpy.float64, numpy.float32}, default=numpy.float64
        Precision of the computation.
    device : str or torch.device, default="cpu"
        Where to compute.
    block : int, default=None
        Vectors handled at once; None bounds the memory, 4 vectors of 80x80 pixels.

    Returns
    -------
    matmat, rmatmat : callable
        ``V (n, d, k)`` to ``(n, d, k)``, ndarrays of ``dtype``: in place i the product with the
        Jacobian, or its transpose, at image i.
    """
    dtype = {"float64": torch.float64, "float32": torch.float32}[np.dtype(dtype).name]
    points = torch.from_numpy(np.array(images, np.float64)).to(device, dtype)
    level = np.broadcast_to(0.0 if sigma is None else sigma, len(points))
    level = torch.from_numpy(np.array(level, np.float64)).to(points)
    if block is None:
        block = _PIXELS_AT_ONCE // (points.shape[-1] * points.shape[-2] * len(points))
        block = min(max(_LEAST_BLOCK, block - block % _LEAST_BLOCK), _LARGEST_BLOCK)
    frozen = _frozen_copy(network, dtype, device)
    forward, backward = _gated_or_generic(frozen, network, points, level)
    return _in_blocks(forward, points, block), _in_blocks(backward, points, block)


def _frozen_copy(network, dtype, device):
    frozen = copy.deepcopy(network).to(device, dtype).eval().requires_grad_(False)
    for module in frozen.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return frozen


def _gated_or_generic(frozen, original, points, levels):
    """Forward and backward products ``(n, k, C, H, W) -> (n, k, C, H, W)``."""
    if original not in _is_gated:
        _is_gated[original] = _agree(frozen, points[:1, :, :_TRIED, :_TRIED], levels[:1])
    chosen = (GatedNetwork if _is_gated[original] else GenericJacobian)(frozen, points, levels)
    return chosen.forward, chosen.backward


def _agree(network, point, level):
    """Compare the gated network with forward mode on one random vector, in double precision."""
    # Apple's GPUs have none.
    device = "cpu" if point.device.type == "mps" else point.device
    network = copy.deepcopy(network).to(device, torch.float64)
    point, level = (x.to(device, torch.float64) for x in (point, level))
    generator = torch.Generator().manual_seed(0)
    probe = torch.randn(point.shape, generator=generator, dtype=torch.float64)[:, None].to(device)
    right = GenericJacobian(network, point, level).forward(probe)
    error = (GatedNetwork(network, point, level).forward(probe) - right).abs().max()
    return bool(error <= _TOLERANCE * right.abs().max())


class Gate(nn.Module):
    """A rectifier whose sides are recorded once, and then held.

    Images ``(n, ...)`` are recorded; vectors come as ``(n * k, ...)``, k an image.
    """

    def __init__(self):
        super().__init__()
        self.masks, self.calls, self.recording = [], 0, True

    def forward(self, x):
        """Record and rectify, or multiply by what was recorded."""
        if self.recording:
            self.masks.append((x > 0).to(x.dtype))
            return x * self.masks[-1]
        mask = self.masks[self.calls % len(self.masks)]  # one module may be called several times
        self.calls += 1
        vectors = x.view(len(mask), -1, *mask.shape[1:])
        if x.requires_grad:
            return (vectors * mask[:, None]).view(x.shape)
        vectors.mul_(mask[:, None])
        return x


class GatedNetwork:
    """The Jacobian as a network: gates held at ``points (n, C, H, W)``, of noise ``levels (n,)``.

    The vectors come with noise level 0: the levels do not vary along them.
    """

    def __init__(self, network, points, levels=None):
        self.network = copy.deepcopy(network)
        if points.device.type == "cpu":
            self.network = self.network.to(memory_format=torch.channels_last)
        _fold_norms(self.network)
        if points.device.type == "cpu":
            _use_winograd(self.network, points.dtype)
        gates = {}
        for parent in list(self.network.modules()):
            for name, layer in list(parent.named_children()):
                if isinstance(layer, nn.ReLU):
                    setattr(parent, name, gates.setdefault(id(layer), Gate()))
        with torch.no_grad():
            denoise(self.network, points, levels)
        for gate in gates.values():
            gate.recording = False
        self.graph = None

    def forward(self, vectors):
        """Return J v for vectors ``(n, k, C, H, W)``."""
        with torch.no_grad():
            return self._apply(vectors.flatten(0, 1)).view_as(vectors)

    def backward(self, vectors):
        """Return J^T v; the graph of a linear network serves any vectors of its number."""
        if self.graph is None or self.graph[0].shape != vectors.flatten(0, 1).shape:
            self.graph = None
            at = torch.zeros_like(vectors.flatten(0, 1), requires_grad=True)
            with torch.enable_grad():
                self.graph = at, self._apply(at)
        at, out = self.graph
        pulled = torch.autograd.grad(out, at, vectors.flatten(0, 1), retain_graph=True)[0]
        return pulled.view_as(vectors)

    def _apply(self, vectors):
        return denoise(self.network, vectors, vectors.new_zeros(len(vectors)))


def _fold_norms(network):
    """Let convolutions do what the norms behind them do in evaluation mode, a scaling."""
    for chain in network.modules():
        if isinstance(chain, nn.Sequential):
            for i in range(1, len(chain)):
                if isinstance(chain[i], BiasFreeNorm) and type(chain[i - 1]) is nn.Conv2d:
                    scale = (chain[i].gammas / chain[i].running_sd).view(-1, 1, 1, 1)
                    chain[i - 1].weight.mul_(scale)
                    chain[i] = nn.Identity()


def _use_winograd(network, dtype):
    for parent in list(network.modules()):
        for name, layer in list(parent.named_children()):
            if is_worthwhile(layer, dtype):
                setattr(parent, name, WinogradConvolution(layer))


class GenericJacobian:
    """Forward and reverse mode of torch, for any network."""

    def __init__(self, network, points, levels=None):
        self.network, self.points, self.levels = network, points, levels

    def forward(self, vectors):
        """Return J v for vectors ``(n, k, C, H, W)``."""
        _load_forward_mode()
        function, copies = self._at(vectors)
        out = torch.func.jvp(function, (copies,), (vectors.flatten(0, 1),))[1]
        return out.view_as(vectors)

    def backward(self, vectors):
        """Return J^T v for vectors ``(n, k, C, H, W)``."""
        function, copies = self._at(vectors)
        pull = torch.func.vjp(function, copies)[1]
        return pull(vectors.flatten(0, 1))[0].view_as(vectors)

    def _at(self, vectors):
        """Return the denoiser of a copy of its image for each vector, and the copies."""
        k = vectors.shape[1]
        levels = self.levels.repeat_interleave(k)
        points = self.points.repeat_interleave(k, dim=0)
        return lambda images: denoise(self.network, images, levels), points


@functools.cache
def _load_forward_mode():
    """Use forward mode once: torch then loads code that warns of its own deprecation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.func.jvp(torch.sin, (torch.zeros(1),), (torch.zeros(1),))


def _in_blocks(product, points, block):
    n, shape = len(points), points.shape[1:]

    def multiply(V):
        out = np.empty(V.shape, str(points.dtype).removeprefix("torch."))
        for start in range(0, V.shape[2], block):
            part = np.array(V[:, :, start : start + block].transpose(0, 2, 1), out.dtype, order="C")
            vectors = torch.from_numpy(part).to(points.device).view(n, -1, *shape)
            result = product(vectors).reshape(*part.shape).cpu().numpy()
            out[:, :, start : start + block] = result.transpose(0, 2, 1)
        return out

    return multiply
