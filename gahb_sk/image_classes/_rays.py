"""One image times a random intensity: a class of one dimension, x = a u."""

from dataclasses import KW_ONLY, dataclass

import numpy as np

from gahb_sk._random import child, seed_sequence
from gahb_sk.image_classes._base import ImageClass, as_batch, finite_image
from gahb_sk.image_classes._c_alpha import CAlphaImages
from gahb_sk.image_classes._sampling import check_image_size, check_range

IMAGE_KEY = 2**32  # where below the seed the default image is drawn, beyond all image numbers
CHUNK = 256  # images read at a time


@dataclass(frozen=True, eq=False, repr=False)
class RayImages(ImageClass):
    """Multiples of one image: x = a u, a uniform in a range.

    The latent is a.

    Parameters
    ----------
    image_size : int or tuple (height, width), default=None
        Sides in pixels, at least 4; None is the size of ``image``, or 64.
    image : array-like of shape (H, W) or (C, H, W), default=None
        The image u. None is a fixed image of :class:`CAlphaImages`, that of :meth:`drawn` with
        seed 0.
    intensity_range : tuple (low, high), default=(0.0, 1.0)
        Range of a.

    Notes
    -----
    The optimal denoiser at small noise is the projection on u; its mean squared error summed over
    pixels is sigma^2.

    Examples
    --------
    >>> from gahb_sk.image_classes import RayImages
    >>> images, intensities = RayImages(16).sample(10, 0, return_latents=True)
    >>> images.shape, intensities.shape
    ((10, 16, 16), (10, 1))
    """

    image_size: int | tuple | None = None
    _: KW_ONLY
    image: np.ndarray | None = None
    intensity_range: tuple = (0.0, 1.0)

    dimension = 1
    _estimator = "RayPosteriorMean"
    _n_draws = 1

    def __post_init__(self):
        super().__post_init__()
        size = self.image_size
        image = _default_image(size or 64, 0) if self.image is None else self.image
        image = finite_image(image, "image")
        if size not in (None, image.shape[-2:]):
            raise ValueError(
                f"image_size: expected that of image, {image.shape[-2:]}, got {size}. Leave "
                "image_size out."
            )
        self._set(
            image_size=image.shape[-2:],
            image=image,
            intensity_range=check_range(self.intensity_range, "intensity_range"),
        )

    @classmethod
    def drawn(cls, image_size=64, random_state=None, **params):
        """Return the class of a C^alpha image that is drawn from a seed."""
        return cls(image=_default_image(image_size, random_state), **params)

    @classmethod
    def from_images(cls, X, intensity_range=(0.0, 1.0)):
        """Return the class of the ray on which images lie.

        Parameters
        ----------
        X : array-like, torch.Tensor or lazy stack of shape (n, H, W) or (n, C, H, W)
            Multiples of one image.
        intensity_range : tuple (low, high), default=(0.0, 1.0)
            The length of u is such that the largest image has the intensity of largest absolute
            value in this range.

        Returns
        -------
        image_class : RayImages
        """
        batch = as_batch(X)
        top = max(check_range(intensity_range, "intensity_range"), key=abs)
        direction, largest = None, -1.0
        for _, chunk in batch.chunks(CHUNK):
            norms = np.square(chunk.astype(np.float64)).sum((1, 2, 3))
            if norms.max() > largest:
                largest, direction = norms.max(), chunk[norms.argmax()].astype(np.float64)
        power = np.zeros_like(direction)  # one step of the power method averages rounding out
        for _, chunk in batch.chunks(CHUNK):
            power += np.tensordot(np.tensordot(chunk, direction, 3), chunk, 1)
        if largest > 0:
            power /= np.linalg.norm(power)
        u = np.copysign(1.0, top) * power * np.sqrt(largest) / (abs(top) or 1.0)
        return cls(image=u.reshape(batch.image_shape), intensity_range=intensity_range)

    @property
    def image_shape(self):
        """Shape of one image, ``(H, W)`` or ``(C, H, W)``."""
        return self.image.shape

    @property
    def _working_values(self):
        return 2 * self.image.size

    def _latents(self, draws, dtype):
        low, high = self.intensity_range
        return low + (high - low) * draws

    def _render(self, latents, dtype):
        u = self.image.astype(dtype)
        return np.asarray(latents).astype(dtype).reshape(-1, *(1,) * u.ndim) * u

    def _tangents(self, latents, dtype):
        return np.broadcast_to(self.image.astype(dtype), (len(latents), 1, *self.image.shape))


def _default_image(image_size, random_state):
    root = child(seed_sequence(random_state), IMAGE_KEY)
    return CAlphaImages(check_image_size(image_size)).sample(1, root, dtype=np.float64)[0]
