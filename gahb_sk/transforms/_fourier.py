r"""Real Fourier basis: cosines and sines of periodic images.

Let :math:`F` be the discrete Fourier transform of an image, divided by :math:`\sqrt{d}` for d
pixels. A frequency k and its opposite -k carry :math:`\sqrt 2\,\mathrm{Re} F_k`, the coefficient
of the cosine, and :math:`-\sqrt 2\,\mathrm{Im} F_k`, that of the sine; the at most four
frequencies that are their own opposite carry :math:`F_k`, which is real.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft

from gahb_sk.transforms._base import Transform


class FourierTransform(Transform):
    """Orthonormal cosines and sines of images ``(height, width)``, periodic at the borders.

    Parameters
    ----------
    shape : tuple of int
        ``(height, width)``. The coefficients stand where ``fft2`` has their frequency: the cosine
        at the one of k and -k whose flat index is lower, the sine at the other. The mean, at
        ``[0, 0]``, counts as coarse.
    """

    def forward(self, images: npt.ArrayLike) -> np.ndarray:
        """Return the coefficients ``(..., H, W)`` of the images ``(..., H, W)``."""
        images = self.check(images)
        spectrum = fft.fft2(images, norm="ortho").reshape(*images.shape[:-2], -1)
        cosine, opposite = _frequencies(self.shape)
        out = spectrum.real.copy()
        root = images.dtype.type(np.sqrt(2))
        out[..., cosine] *= root
        out[..., opposite] = -root * spectrum.imag[..., cosine]
        return out.reshape(images.shape)

    def inverse(self, coefficients: npt.ArrayLike) -> np.ndarray:
        """Return the images ``(..., H, W)`` that have these coefficients."""
        coefficients = self.check(coefficients, "coefficients")
        flat = coefficients.reshape(*coefficients.shape[:-2], -1)
        cosine, opposite = _frequencies(self.shape)
        spectrum = flat.astype(np.result_type(flat.dtype, np.complex64))
        half = (flat[..., cosine] - 1j * flat[..., opposite]) / coefficients.dtype.type(np.sqrt(2))
        spectrum[..., cosine] = half
        spectrum[..., opposite] = half.conj()
        return fft.ifft2(spectrum.reshape(coefficients.shape), norm="ortho").real.copy()

    def coarse_mask(self) -> np.ndarray:
        """Return a mask of ``shape`` that is true at the mean alone."""
        mask = np.zeros(self.shape, dtype=bool)
        mask[(0,) * len(self.shape)] = True
        return mask


@lru_cache(maxsize=32)
def _frequencies(shape):
    """Flat indices of the frequencies that carry a cosine, and of their opposites."""
    rows, columns = (-np.arange(n) % n for n in shape)
    opposite = (rows[:, None] * shape[1] + columns).ravel()
    cosine = np.flatnonzero(np.arange(opposite.size) < opposite)
    return cosine, opposite[cosine]
