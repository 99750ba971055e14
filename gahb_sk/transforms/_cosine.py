r"""Cosine basis: harmonics of the image reflected at its borders.

The coefficients of an image of height H and width W are the orthonormal type-2 cosine transform,

.. math::
    c_{uv} = \gamma_u \gamma_v \sum_{ij} x_{ij} \cos\frac{\pi (2i + 1) u}{2H}
             \cos\frac{\pi (2j + 1) v}{2W}.
"""

import numpy as np
import numpy.typing as npt
from scipy import fft

from gahb_sk.transforms._base import Subband, Transform


class CosineTransform(Transform):
    """Orthonormal type-2 cosine basis of images ``(height, width)``.

    Parameters
    ----------
    shape : tuple of int
        ``(height, width)``. The coefficient of frequency ``(u, v)`` stands at ``[u, v]``; that of
        the constant image, at ``[0, 0]``, counts as coarse.
    """

    def forward(self, images: npt.ArrayLike) -> np.ndarray:
        """Return the coefficients ``(..., H, W)`` of the images ``(..., H, W)``."""
        return fft.dctn(self.check(images), axes=self._axes, norm="ortho")

    def inverse(self, coefficients: npt.ArrayLike) -> np.ndarray:
        """Return the images ``(..., H, W)`` that have these coefficients."""
        coefficients = self.check(coefficients, "coefficients")
        return fft.idctn(coefficients, axes=self._axes, norm="ortho")

    def subbands(self) -> list[Subband]:
        """Return the constant, then the frequencies band by dyadic band."""
        edges = [_dyadic_edges(n) for n in self.shape]
        depth = max(len(e) for e in edges)
        bands = []
        for index in np.ndindex(*(len(e) - 1 for e in edges)):
            block = tuple(slice(e[i], e[i + 1]) for e, i in zip(edges, index, strict=True))
            orientation = "all" if any(index) else "coarse"
            bands.append(Subband(depth - max(index), orientation, block))
        return bands

    @property
    def _axes(self):
        return tuple(range(-len(self.shape), 0))


def _dyadic_edges(n):
    """Return 0, 1, 2, 4, ... up to n."""
    edges = [0, 1]
    while edges[-1] < n:
        edges.append(min(2 * edges[-1], n))
    return edges
