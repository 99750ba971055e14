"""Use of a trained network: any image size, and exact Jacobians."""

import copy
import functools
import warnings

import numpy as np
import torch
from torch.nn import functional


def predict_noise(network, noisy):
    """Return ``network(noisy)`` for images of any size.

    Sides that are no multiple of ``network.multiple`` are padded by repeating the border, which
    is linear and possible from one pixel on, and cropped back.

    Parameters
    ----------
    network : torch.nn.Module
        Returns the noise in its input.
    noisy : torch.Tensor of shape (n, C, H, W)
        Of the network's dtype, on its device.

    Returns
    -------
    noise : torch.Tensor of shape (n, C, H, W)
    """
    height, width = noisy.shape[-2:]
    bottom, right = -height % network.multiple, -width % network.multiple
    if not bottom and not right:
        return network(noisy)
    padded = functional.pad(noisy, (0, right, 0, bottom), mode="replicate")
    return network(padded)[..., :height, :width]


def denoise(network, noisy):
    """Return ``noisy - network(noisy)`` for images of any size; see :func:`predict_noise`."""
    return noisy - predict_noise(network, noisy)


def jacobian_products(network, image, block=64):
    """Exact products with the Jacobian of ``denoise`` at one image.

    Forward mode for ``J V`` and reverse mode for ``J^T V``, batched over vectors, in double
    precision, on a copy of the network in evaluation mode.

    Parameters
    ----------
    network : torch.nn.Module
        Returns the noise in its input; left as it is.
    image : ndarray of shape (C, H, W)
        Where to linearise.
    block : int, default=64
        Vectors handled at once.

    Returns
    -------
    matmat, rmatmat : callable
        ``V (d, k)`` to ``(d, k)``, ndarrays of float64.
    """
    _load_forward_mode()
    network = _functional_copy(network)
    point = torch.from_numpy(np.ascontiguousarray(image, np.float64))

    def f(y):
        return denoise(network, y[None])[0]

    def forward(vectors):
        return torch.func.vmap(lambda v: torch.func.jvp(f, (point,), (v,))[1])(vectors)

    def backward(vectors):
        pull = torch.func.vjp(f, point)[1]
        return torch.func.vmap(lambda v: pull(v)[0])(vectors)

    return _batched(forward, image.shape, block), _batched(backward, image.shape, block)


@functools.cache
def _load_forward_mode():
    """Use forward mode once: torch then loads code that warns of its own deprecation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.func.jvp(torch.sin, (torch.zeros(1),), (torch.zeros(1),))


def _functional_copy(network):
    network = copy.deepcopy(network).double().eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    return network


def _batched(product, image_shape, block):
    def multiply(V):
        V = np.asarray(V, np.float64)
        out = np.empty_like(V)
        for start in range(0, V.shape[1], block):
            vectors = np.ascontiguousarray(V[:, start : start + block].T)
            result = product(torch.from_numpy(vectors).reshape(-1, *image_shape))
            out[:, start : start + block] = result.reshape(len(vectors), -1).numpy().T
        return out

    return multiply
