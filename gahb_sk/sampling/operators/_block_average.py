"""Averages over blocks of pixels: super-resolution is their inverse problem."""

import numpy as np

from gahb_sk.sampling.operators._base import LinearMeasurement, check_image_shape, check_stack


class BlockAverage(LinearMeasurement):
    """Averages over ``factor x factor`` pixels, times ``factor`` so that the vectors have norm 1.

    Parameters
    ----------
    image_shape : tuple of int
        ``(H, W)`` or ``(C, H, W)``; the sides are multiples of ``factor``.
    factor : int
        Side of a block.

    Raises
    ------
    ValueError
        If the sides are no multiples.
    """

    def __init__(self, image_shape: tuple, factor: int):
        self.image_shape = check_image_shape(image_shape)
        *channels, height, width = self.image_shape
        if not isinstance(factor, (int, np.integer)) or factor < 1 or height % factor or (
            width % factor
        ):  # fmt: skip
            raise ValueError(
                f"factor: expected an int that divides the sides {height} and {width}, got "
                f"{factor!r}."
            )
        self.factor = int(factor)
        self.small_shape = (*channels, height // self.factor, width // self.factor)
        self.n_measurements = int(np.prod(self.small_shape))

    def measure(self, images: np.ndarray) -> np.ndarray:
        """Return the block averages times ``factor``, ``(n, n_measurements)``."""
        images = check_stack(images, self.image_shape)
        f, (height, width) = self.factor, self.small_shape[-2:]
        blocks = images.reshape(len(images), -1, height, f, width, f)
        return blocks.sum(axis=(3, 5)).reshape(len(images), -1) / f

    def adjoint(self, measurements: np.ndarray) -> np.ndarray:
        """Return images that are constant on each block."""
        values = check_stack(measurements, (self.n_measurements,), "measurements")
        f = self.factor
        small = values.reshape(len(values), *self.small_shape) / f
        return small.repeat(f, axis=-2).repeat(f, axis=-1)

    def to_images(self, measurements: np.ndarray) -> np.ndarray:
        """Return measurements as small images of block averages, ``(n, *small_shape)``."""
        values = check_stack(measurements, (self.n_measurements,), "measurements")
        return values.reshape(len(values), *self.small_shape) / self.factor
