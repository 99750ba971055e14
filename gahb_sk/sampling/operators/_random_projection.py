"""Products with random vectors: compressive sensing is their inverse problem."""

import numpy as np

from gahb_sk._random import Seed, image_generator, seed_sequence
from gahb_sk.sampling.operators._base import LinearMeasurement, check_image_shape, check_stack


class RandomProjection(LinearMeasurement):
    """Products with random orthonormal vectors, uniform among all sets of so many.

    Parameters
    ----------
    image_shape : tuple of int
        ``(H, W)`` or ``(C, H, W)`` of d values.
    n_measurements : int
        At most d; the vectors take ``8 d n_measurements`` bytes.
    random_state : int, RandomState or None, default=None
        Seed of the vectors.

    Raises
    ------
    ValueError
        If there are more measurements than values.
    """

    def __init__(self, image_shape: tuple, n_measurements: int, random_state: Seed = None):
        self.image_shape = check_image_shape(image_shape)
        d = int(np.prod(self.image_shape))
        if not isinstance(n_measurements, (int, np.integer)) or not 1 <= n_measurements <= d:
            raise ValueError(
                f"n_measurements: expected an int between 1 and {d}, got {n_measurements!r}."
            )
        self.n_measurements = int(n_measurements)
        generator = image_generator(seed_sequence(random_state), 0)
        self.vectors = np.linalg.qr(generator.standard_normal((d, self.n_measurements)))[0]

    def measure(self, images: np.ndarray) -> np.ndarray:
        """Return the products with the vectors, ``(n, n_measurements)``."""
        images = check_stack(images, self.image_shape)
        return images.reshape(len(images), -1) @ self.vectors

    def adjoint(self, measurements: np.ndarray) -> np.ndarray:
        """Return combinations of the vectors, as images."""
        values = check_stack(measurements, (self.n_measurements,), "measurements")
        return (values @ self.vectors.T).reshape(len(values), *self.image_shape)
