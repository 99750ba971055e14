"""Some pixels are known: inpainting and random pixels."""

import numpy as np
import numpy.typing as npt

from gahb_sk._random import Seed, image_generator, seed_sequence
from gahb_sk._validation import Real
from gahb_sk.sampling.operators._base import LinearMeasurement, check_image_shape, check_stack


class Inpainting(LinearMeasurement):
    """The values of the pixels in a mask.

    Parameters
    ----------
    mask : array-like of shape (H, W) or (C, H, W), bool
        True where a value is known.

    Raises
    ------
    ValueError
        If the mask is not boolean, or knows nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.sampling import Inpainting
    >>> mask = np.ones((4, 4), bool)
    >>> mask[1:3, 1:3] = False
    >>> Inpainting(mask).measure(np.zeros((5, 4, 4))).shape
    (5, 12)
    """

    def __init__(self, mask: npt.ArrayLike):
        mask = np.asarray(mask)
        if mask.dtype != bool or mask.ndim not in (2, 3):
            raise ValueError(
                "mask: expected booleans (H, W) or (C, H, W), True where a value is known, got "
                f"{mask.dtype} of shape {mask.shape}."
            )
        if not mask.any():
            raise ValueError("mask: expected at least one known value, got none.")
        self.mask = mask.copy()
        self.image_shape = mask.shape
        self.n_measurements = int(mask.sum())

    def measure(self, images: np.ndarray) -> np.ndarray:
        """Return the known values ``(n, n_measurements)``, in row-major order."""
        return check_stack(images, self.image_shape)[:, self.mask]

    def adjoint(self, measurements: np.ndarray) -> np.ndarray:
        """Return images with these values, and 0 elsewhere."""
        values = check_stack(measurements, (self.n_measurements,), "measurements")
        images = np.zeros((len(values), *self.image_shape), values.dtype)
        images[:, self.mask] = values
        return images


class RandomPixels(Inpainting):
    """The values of a random fraction of the pixels, all channels of a pixel together.

    Parameters
    ----------
    image_shape : tuple of int
        ``(H, W)`` or ``(C, H, W)``.
    fraction : float in (0, 1]
        Fraction of pixels that are known, rounded to at least one pixel.
    random_state : int, RandomState or None, default=None
        Seed of the choice.
    """

    def __init__(self, image_shape: tuple, fraction: float, random_state: Seed = None):
        shape = check_image_shape(image_shape)
        check_fraction(fraction)
        pixels = shape[-2] * shape[-1]
        count = max(1, round(fraction * pixels))
        known = np.zeros(pixels, bool)
        generator = image_generator(seed_sequence(random_state), 0)
        known[generator.permutation(pixels)[:count]] = True
        super().__init__(np.broadcast_to(known.reshape(shape[-2:]), shape))


def check_fraction(fraction):
    """Raise unless a fraction is in (0, 1]."""
    if not isinstance(fraction, Real) or not 0 < fraction <= 1:
        raise ValueError(f"fraction: expected a number in (0, 1], got {fraction!r}.")
