"""Use of a trained network on images of any size."""

import torch
from torch.nn import functional


def predict_noise(network, noisy, sigma=None, *, call=None):
    """Return ``network(noisy)`` for images of any size.

    Sides that are no multiple of ``network.multiple`` are padded by repeating the border, which
    is linear and possible from one pixel on, and cropped back.

    Parameters
    ----------
    network : torch.nn.Module
        Returns the noise in its input.
    noisy : torch.Tensor of shape (n, C, H, W)
        Of the network's dtype, on its device.
    sigma : torch.Tensor of shape (n,), default=None
        Noise levels. Unless the network is blind, it receives them as a constant channel behind
        those of the image, which keeps it homogeneous in both together.
    call : callable, default=None
        What computes the forward pass, if not the network itself.

    Returns
    -------
    noise : torch.Tensor of shape (n, C, H, W)
    """
    call = network if call is None else call
    if not network.blind:
        level = sigma.to(noisy).view(-1, 1, 1, 1).expand(len(noisy), 1, *noisy.shape[-2:])
        noisy = torch.cat([noisy, level], dim=1)
    height, width = noisy.shape[-2:]
    bottom, right = -height % network.multiple, -width % network.multiple
    if not bottom and not right:
        return call(noisy)
    padded = functional.pad(noisy, (0, right, 0, bottom), mode="replicate")
    return call(padded)[..., :height, :width]


def denoise(network, noisy, sigma=None):
    """Return ``noisy - network(noisy)`` for images of any size; see :func:`predict_noise`."""
    return noisy - predict_noise(network, noisy, sigma)
