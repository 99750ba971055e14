"""Where the weights lie in memory decides which kernels torch takes."""

import torch

_FEW = 4


def lay_out(network):
    """Bring a network's convolutions, in place, to the layout in which they run fastest.

    Channels last: convolutions and norms on a CPU take a third less time. Not so from an image of
    one to three channels, whose gradient would take several times as long; such a convolution
    keeps the usual layout, and the next one converts.
    """
    for parameter in network.parameters():
        if parameter.ndim == 4 and parameter.shape[1] >= _FEW:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network
