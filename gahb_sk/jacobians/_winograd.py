r"""3x3 convolutions by Winograd's minimal filtering, for passes that are many and linear.

Tiles of 6x6 pixels give 4x4 outputs: with the matrices B, G and A of F(4x4, 3x3),
:math:`Y = A^T [(G w G^T) \odot (B^T x B)] A`, the sum over channels being 36 products of matrices.
That takes a quarter of the multiplications, and more moving of data: worth it where there are many
channels. The adjoint is the same with the filters turned by half a turn, so nothing of the forward
pass is kept for it.

References
----------
A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.
DOI 10.1109/CVPR.2016.435.
"""

import torch
from torch import nn
from torch.nn import functional

from gahb_sk.networks._architectures import PADDINGS

_A = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
_B = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
_G = ((6, 0, 0), (-4, -4, -4), (-4, 4, -4), (1, 2, 4), (1, -2, 4), (0, 0, 24))  # over 24

# Harmonic mean of the channels in and out from which it is faster on a CPU, by precision. Double
# precision has no other fast convolution there.
_WORTHWHILE = {torch.float32: 100, torch.float64: 12}


class WinogradConvolution(nn.Module):
    """The same linear map as a 3x3 convolution without bias that keeps the size.

    Border pixels that are repeated or mirrored are laid around the images first, a linear map with
    an adjoint of its own; zeros cost nothing, as the last tiles are filled up with them anyway.
    """

    def __init__(self, convolution):
        super().__init__()
        weight = convolution.weight.detach()
        self.register_buffer("filters", _transformed(weight))
        turned = weight.flip(2, 3).transpose(0, 1)
        self.register_buffer("turned_filters", _transformed(turned))
        self.border = convolution.padding_mode

    def forward(self, x):
        """Convolve ``x`` of shape (n, channels, H, W)."""
        if self.border == "zeros":
            return _Convolve.apply(x, self.filters, self.turned_filters, 1)
        padded = functional.pad(x, (1, 1, 1, 1), mode=self.border)
        return _Convolve.apply(padded, self.filters, self.turned_filters, 0)


class _Convolve(torch.autograd.Function):
    """Convolution of images with ``margin`` rows and columns of zeros on each side."""

    @staticmethod
    def forward(ctx, x, filters, turned, margin):
        ctx.turned, ctx.margin = turned, margin
        return _convolve(x, filters, margin)

    @staticmethod
    def backward(ctx, grad):
        return _convolve(grad, ctx.turned, 2 - ctx.margin), None, None, None


def is_worthwhile(layer, dtype):
    """Tell whether a layer is a 3x3 convolution that Winograd's filtering makes faster on CPUs."""
    if type(layer) is not nn.Conv2d or layer.bias is not None:
        return False
    plain = layer.kernel_size == (3, 3) and layer.padding == (1, 1) and layer.stride == (1, 1)
    plain = plain and layer.dilation == (1, 1) and layer.groups == 1
    channels = layer.in_channels, layer.out_channels
    mean = 2 * channels[0] * channels[1] / sum(channels)
    return plain and layer.padding_mode in PADDINGS and mean >= _WORTHWHILE[dtype]


def _transformed(weight):
    """Filters (out, in, 3, 3) as matrices (36, in, out)."""
    G = weight.new_tensor(_G) / 24
    return (G @ weight @ G.T).permute(2, 3, 1, 0).flatten(0, 1).contiguous()


def _convolve(x, filters, margin):
    """Convolve (n, in, H, W) with ``margin`` zeros around; H and W grow by ``2 margin - 2``.

    The channels are kept innermost, in channels-last layout.
    """
    n, channels = x.shape[:2]
    height, width = (side + 2 * margin - 2 for side in x.shape[2:])
    rows, columns = -(-height // 4), -(-width // 4)
    A, B = x.new_tensor(_A), x.new_tensor(_B)
    behind = margin + 4 * columns - width, margin + 4 * rows - height
    padding = (0, 0, margin, behind[0], margin, behind[1])
    tiles = functional.pad(x.permute(0, 2, 3, 1), padding).unfold(1, 6, 4).unfold(2, 6, 4)
    tiles = tiles.permute(4, 5, 0, 1, 2, 3).reshape(6, -1)  # (6, 6 n rows columns channels)
    tiles = torch.matmul(B, (B @ tiles).view(6, 6, -1)).view(36, -1, channels)
    out = torch.bmm(tiles, filters).view(6, -1)
    out = torch.matmul(A, (A @ out).view(4, 6, -1)).view(4, 4, n, rows, columns, -1)
    out = out.permute(2, 3, 0, 4, 1, 5).reshape(n, 4 * rows, 4 * columns, -1)
    return out[:, :height, :width].permute(0, 3, 1, 2)
