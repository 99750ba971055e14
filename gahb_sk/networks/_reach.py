"""How far a network sees, and how much memory a pixel costs it: both measured on its architecture.

An output pixel of a convolutional network depends on the input within a distance, its reach. It is
the support of a gradient: on a copy whose weights are all positive no gate closes and nothing
cancels, so every input that can matter has a positive derivative.
"""

import copy

import torch

from gahb_sk.networks._energy import EnergyModule
from gahb_sk.networks._inference import predict_noise

_FIRST_WIDTH = 32  # multiples of the network's own
# Results as large as the largest that live at the same time: skips, a concatenation, and what
# kernels allocate. Measured: 3 in a chain of convolutions, 8 in UNets.
_ALIVE = 12
_HEIGHT = 8


def reach(network, image_channels):
    """Return how many pixels beyond an aligned block a network sees.

    Parameters
    ----------
    network : torch.nn.Module
        Of the library: convolutions, rectifiers, norms, pooling. Its attribute ``multiple`` says
        how blocks are aligned.
    image_channels : int
        Channels of its images.

    Returns
    -------
    pixels : int
        The output at pixels ``m k`` to ``m (k + 1) - 1``, m the multiple, depends on the input from
        ``pixels`` before the first to ``pixels`` after the last, and on nothing else.
    """
    if isinstance(network, EnergyModule):
        # A pixel belongs to all terms of the energy within reach of r, and each of them to all
        # pixels within reach of it.
        return 2 * reach(network.network, image_channels) + network.multiple
    positive = _positive_copy(network)
    multiple, n = network.multiple, _FIRST_WIDTH
    while True:
        seen = _support(positive, image_channels, multiple, n)
        first, last = int(seen[0]), int(seen[-1])
        if first > 0 and last < n * multiple - 1:
            start = n // 2 * multiple
            return max(start - first, last - (start + multiple - 1))
        n *= 2


def bytes_per_pixel(network, image_channels):
    """Return a bound on the memory of a forward pass.

    Parameters
    ----------
    network, image_channels
        See :func:`reach`.

    Returns
    -------
    n_bytes : int
        Per pixel of the image.
    """
    counted = []
    hooks = [
        module.register_forward_hook(lambda module, args, out: counted.append(out.numel()))
        for module in network.modules()
        if not list(module.children())
    ]
    try:
        side = max(network.multiple, _HEIGHT)
        parameter = next(network.parameters())
        image = torch.zeros(1, image_channels, side, side).to(parameter)
        with torch.no_grad():
            predict_noise(network, image, torch.zeros(1))
    finally:
        for hook in hooks:
            hook.remove()
    # A gradient needs all results again.
    all_kept = isinstance(network, EnergyModule)
    alive = 3 * sum(counted) if all_kept else min(sum(counted), _ALIVE * max(counted))
    return -(-alive * parameter.element_size() // side**2)


def _positive_copy(network):
    network = copy.deepcopy(network).to("cpu", torch.float64).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1 / max(1, parameter[0].numel()))
        for buffer in network.buffers():
            buffer.fill_(1)
    return network.requires_grad_(False)


def _support(network, image_channels, multiple, n):
    """Columns on which the output at the middle one of n blocks depends."""
    height = -(-_HEIGHT // multiple) * multiple
    image = torch.ones(1, image_channels, height, n * multiple, dtype=torch.float64)
    image.requires_grad_(True)
    start = n // 2 * multiple
    with torch.enable_grad():
        out = predict_noise(network, image, torch.ones(1))
        out[..., start : start + multiple].sum().backward()
    return torch.nonzero(image.grad.abs().sum(dim=(0, 1, 2))).flatten()
