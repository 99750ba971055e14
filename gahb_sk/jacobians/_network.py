r"""Jacobians of torch modules, for blocks of vectors and several images at once.

The Jacobian at an image is a linear function of vectors. Of networks of linear layers and
rectifiers it is a network of the same layers (see ``_gates``), which is tried out once against
backward mode; its transpose is the backward pass of it. Other modules are differentiated by torch,
by a trace of forward mode made once, through which only tangents are pushed. Of a gradient of an
energy the Jacobian is symmetric, and backward mode all it takes. Graphs are kept and serve all
vectors.
"""

import copy
import warnings
import weakref

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from gahb_sk.jacobians._gates import gated_map
from gahb_sk.networks._energy import EnergyModule

# Pixels of a batch of vectors: 4 vectors of 80x80 images; bounds the memory of feature maps, and
# keeps them near the processor. Batches are multiples of the least, so that the graph of a
# transpose serves the blocks of Lanczos and all others.
_PIXELS_AT_ONCE = 2**15
_LEAST_BLOCK, _LARGEST_BLOCK = 4, 64
_TRIED = 16  # side of the corner of an image on which a network is tried out
# Relative disagreement of the gated network with automatic differentiation that rounding explains,
# in double precision. In single precision the two may put a rectifier on different sides of zero.
_TOLERANCE = 1e-10
_TRACE_AFTER = 64  # vectors from which a trace, of a second or so, is worth its time
_TRACE_TOLERANCE = 1e-3  # relative, in single precision

# network -> {blind: whether it is a gated network}
_is_gated: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_DTYPES = {"float64": torch.float64, "float32": torch.float32}


def network_products(
    network, function, images, *, sigma=None, dtype=np.float64, device="cpu", block=None
):
    """Return products ``V (n, d, k)`` to ``(n, d, k)`` with the Jacobians of a module at images.

    ``function(network, images (m, C, H, W), levels (m,))`` denoises, and treats the images of a
    batch separately; blind networks get level 0. A module that only runs in its own precision is
    linearised in that. The pair is (forward, transposed), of ndarrays of ``dtype``; ``block`` is
    the number of vectors at once, by default such that the memory is bounded.
    """
    name = np.dtype(dtype).name
    points = torch.from_numpy(np.array(images, np.float64)).to(device, _DTYPES[name])
    levels = np.broadcast_to(0.0 if sigma is None else sigma, len(points))
    levels = torch.from_numpy(np.array(levels, np.float64)).to(points)
    if block is None:
        block = _PIXELS_AT_ONCE // (points.shape[-1] * points.shape[-2] * len(points))
        block = min(max(_LEAST_BLOCK, block - block % _LEAST_BLOCK), _LARGEST_BLOCK)
    if isinstance(network, EnergyModule):
        frozen = frozen_copy(network, points.dtype, device)
        product = _in_blocks(
            GenericJacobian(frozen, function, points, levels).backward, points, block, name
        )
        return product, product
    known = _is_gated.setdefault(network, {})
    if (sigma is None) not in known:
        known[sigma is None] = _agrees(network, function, points, levels)
    if known[sigma is None]:
        frozen = frozen_copy(network, points.dtype, device)
        linear = LinearMap(gated_map(frozen, function, points, levels))
    else:
        linear = GenericJacobian(*_runnable(network, function, points, levels))
    return tuple(
        _in_blocks(product, points, block, name) for product in (linear.forward, linear.backward)
    )


def frozen_copy(network, dtype, device):
    """Return a copy for evaluation whose rectifiers leave their inputs as they are."""
    frozen = copy.deepcopy(network).to(device, dtype).eval().requires_grad_(False)
    for module in frozen.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    return frozen


def _agrees(network, function, points, levels):
    """Compare the gated network with backward mode on one vector, in double precision."""
    # Apple's GPUs have no double precision.
    device = "cpu" if points.device.type == "mps" else points.device
    point = points[:1, :, :_TRIED, :_TRIED].to(device, torch.float64)
    level = levels[:1].to(device, torch.float64)
    generator = torch.Generator().manual_seed(0)
    probe = torch.randn(point.shape, generator=generator, dtype=torch.float64)[:, None].to(device)
    try:
        frozen = frozen_copy(network, torch.float64, device)
        right = GenericJacobian(frozen, function, point, level).forward(probe)
        gated = LinearMap(gated_map(frozen, function, point, level)).forward(probe)
    except (RuntimeError, ValueError, TypeError, IndexError):  # other sizes, precisions, layers
        return False
    return bool((gated - right).abs().max() <= _TOLERANCE * right.abs().max())


def _runnable(network, function, points, levels):
    """Return the arguments in the precision wanted, or in the module's own if it has no other."""
    frozen = frozen_copy(network, points.dtype, points.device)
    try:
        with torch.no_grad():
            function(frozen, points[:1], levels[:1])
        return frozen, function, points, levels
    except RuntimeError:
        own = next((p.dtype for p in network.parameters()), points.dtype)
        if own == points.dtype:
            raise
    if own not in _DTYPES.values():
        raise ValueError(
            f"module: expected one that runs in single or double precision, got {own} alone. Half "
            "precision keeps 3 digits, fewer than the differences between shrinkage factors."
        )
    return frozen_copy(network, own, points.device), function, points.to(own), levels.to(own)


class LinearMap:
    """A linear function of vectors ``(n, k, C, H, W)``, and its transpose by backward mode."""

    def __init__(self, apply):
        self.apply, self.graph = apply, None

    def forward(self, vectors):
        """Return J v."""
        with torch.no_grad():
            return self.apply(vectors)

    def backward(self, vectors):
        """Return J^T v; the graph of a linear function serves any vectors of its number."""
        if self.graph is None or self.graph[0].shape != vectors.shape:
            self.graph = None
            at = torch.zeros_like(vectors, requires_grad=True)
            with torch.enable_grad():
                self.graph = at, self.apply(at)
        at, out = self.graph
        return torch.autograd.grad(out, at, vectors, retain_graph=True)[0]


class GenericJacobian:
    """Any differentiable module, in two modes.

    The transpose is backward mode. J v is at first the derivative along v of J^T u, which is linear
    in u, and so needs backward mode alone. Once there are many vectors, forward mode is traced.
    """

    def __init__(self, network, function, points, levels):
        self.arguments = network, _plain_attention(function), points, levels
        self.graph, self.second, self.traced = None, None, None
        self.n_vectors = 0

    def forward(self, vectors):
        """Return J v for vectors ``(n, k, C, H, W)``."""
        due = self.n_vectors <= _TRACE_AFTER < self.n_vectors + vectors.shape[1]
        self.n_vectors += vectors.shape[1]
        if self.traced is not None:
            return self.traced(vectors)
        product = self._differentiated_twice(vectors)
        if due:
            self.traced = _traced_map(*self.arguments, vectors, product)
        return product

    def backward(self, vectors):
        """Return J^T v for vectors ``(n, k, C, H, W)``."""
        at, out = self._graph_of(vectors)
        product = torch.autograd.grad(out, at, vectors.flatten(0, 1), retain_graph=True)[0]
        return product.view_as(vectors)

    def _differentiated_twice(self, vectors):
        at, out = self._graph_of(vectors)
        if self.second is None:
            probe = torch.zeros_like(at, requires_grad=True)
            self.second = probe, torch.autograd.grad(out, at, probe, create_graph=True)[0]
        probe, pulled = self.second
        product = torch.autograd.grad(pulled, probe, vectors.flatten(0, 1), retain_graph=True)[0]
        return product.view_as(vectors)

    def _graph_of(self, vectors):
        """The graph at a copy of its image for each vector; it serves any as many vectors."""
        network, function, points, levels = self.arguments
        k = vectors.shape[1]
        if self.graph is None or len(self.graph[0]) != len(points) * k:
            self.graph = self.second = None
            at = points.repeat_interleave(k, dim=0).requires_grad_()
            with torch.enable_grad():
                self.graph = at, function(network, at, levels.repeat_interleave(k))
        return self.graph


def _plain_attention(function):
    """Let attention compute as written: the fused kernels have neither mode that J v needs."""

    def call(*arguments):
        with sdpa_kernel(SDPBackend.MATH):
            return function(*arguments)

    return call


def _traced_map(network, function, points, levels, vectors, product):
    """Return forward mode as a trace at the points, if it gives the product; else None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch's own deprecations
            push = torch.func.linearize(lambda images: function(network, images, levels), points)[1]
        traced = torch.no_grad()(torch.func.vmap(push, in_dims=1, out_dims=1))
        errors = [(traced(vectors) - product).abs().max() for _ in range(2)]
    except Exception:  # whatever forward mode lacks for a module, backward mode goes on
        return None
    return traced if max(errors) <= _TRACE_TOLERANCE * product.abs().max() else None


def _in_blocks(product, points, block, dtype):
    n, shape = len(points), points.shape[1:]

    def multiply(V):
        out = np.empty(V.shape, dtype)
        for start in range(0, V.shape[2], block):
            part = np.array(V[:, :, start : start + block].transpose(0, 2, 1), dtype, order="C")
            vectors = torch.from_numpy(part).to(points.device, points.dtype).view(n, -1, *shape)
            result = product(vectors).reshape(*part.shape).cpu().numpy()
            out[:, :, start : start + block] = result.transpose(0, 2, 1)
        return out

    return multiply
