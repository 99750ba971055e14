"""Low frequencies alone: spectral super-resolution is their inverse problem."""

import numpy as np
from scipy import fft

from gahb_sk.sampling.operators._base import LinearMeasurement, check_image_shape, check_stack
from gahb_sk.sampling.operators._pixels import check_fraction
from gahb_sk.transforms import FourierTransform


class SpectralLowPass(LinearMeasurement):
    """The lowest frequencies of an image, in the orthonormal basis of cosines and sines.

    A frequency is measured with its opposite, so that the projection is a real low-pass filter.

    Parameters
    ----------
    image_shape : tuple of int
        ``(H, W)`` or ``(C, H, W)``.
    fraction : float in (0, 1]
        Fraction of frequencies kept: those within the circle that holds the nearest number.
    """

    def __init__(self, image_shape: tuple, fraction: float):
        self.image_shape = check_image_shape(image_shape)
        check_fraction(fraction)
        self._transform = FourierTransform(self.image_shape[-2:])
        radii = np.hypot(*np.meshgrid(*map(fft.fftfreq, self.image_shape[-2:]), indexing="ij"))
        radius = np.sort(radii, axis=None)[max(0, round(fraction * radii.size) - 1)]
        self.kept = radii <= radius * (1 + 1e-9)
        channels = 1 if len(self.image_shape) == 2 else self.image_shape[0]
        self.n_measurements = channels * int(self.kept.sum())

    def measure(self, images: np.ndarray) -> np.ndarray:
        """Return the coefficients of the low frequencies, ``(n, n_measurements)``."""
        images = check_stack(images, self.image_shape)
        return self._transform.forward(images)[..., self.kept].reshape(len(images), -1)

    def adjoint(self, measurements: np.ndarray) -> np.ndarray:
        """Return images of low frequencies alone."""
        values = check_stack(measurements, (self.n_measurements,), "measurements")
        coefficients = np.zeros((len(values), *self.image_shape), values.dtype)
        shape = coefficients[..., self.kept].shape
        coefficients[..., self.kept] = values.reshape(shape)
        return self._transform.inverse(coefficients)
