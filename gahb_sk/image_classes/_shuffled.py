"""Any class with one fixed permutation of its pixels: geometry is lost, the optimum stays."""

from dataclasses import KW_ONLY, dataclass

import numpy as np

from gahb_sk._random import seed_sequence
from gahb_sk._validation import at_least
from gahb_sk.image_classes._base import ImageClass


@dataclass(frozen=True, eq=False, repr=False)
class ShuffledImages(ImageClass):
    """Images of another class with their pixels shuffled, all by the same random permutation.

    White noise stays white noise and an orthogonal change of basis keeps every optimum, so a
    denoiser that depends on the geometry of images shows it by what it loses. All channels are
    shuffled alike; latents are those of the other class.

    Parameters
    ----------
    image_class : ImageClass
        The class that is shuffled.
    permutation_seed : int, default=0
        Seed of the permutation, as the ``random_state`` of
        :class:`~gahb_sk.datasets.PixelShuffle`.

    Examples
    --------
    >>> from gahb_sk.image_classes import DiskImages, ShuffledImages
    >>> ShuffledImages(DiskImages(16)).dimension
    5
    """

    image_class: ImageClass
    _: KW_ONLY
    permutation_seed: int = 0

    _parameter_constraints = {"image_class": [ImageClass], "permutation_seed": [at_least(0)]}

    @property
    def image_size(self):
        """Sides in pixels."""
        return self.image_class.image_size

    @property
    def image_shape(self):
        """Shape of one image, ``(H, W)`` or ``(C, H, W)``."""
        return self.image_class.image_shape

    @property
    def dimension(self):
        """That of the other class."""
        return self.image_class.dimension

    @property
    def permutation(self):
        """Pixel p of an image (in row-major order) is pixel ``permutation[p]`` before."""
        return pixel_permutation(self.image_size, self.permutation_seed)

    def shuffle(self, images):
        """Shuffle the pixels of ``(..., H, W)`` images."""
        return permute_pixels(images, self.permutation)

    def unshuffle(self, images):
        """Put shuffled pixels back."""
        return permute_pixels(images, np.argsort(self.permutation))

    def posterior_mean(self, **params):
        """Return the other class's optimal denoiser on this class; see :class:`ImageClass`."""
        return self.image_class.posterior_mean(**params).set_params(image_class=self)

    @property
    def _record(self):
        return self.image_class._record

    @property
    def _working_values(self):
        return self.image_class._working_values

    def _draw(self, root, indices):
        return self.image_class._draw(root, indices)

    def _latents(self, draws, dtype):
        return self.image_class._latents(draws, dtype)

    def _render(self, latents, dtype):
        return self.shuffle(self.image_class._render(latents, dtype))

    def _tangents(self, latents, dtype):
        return self.shuffle(self.image_class._tangents(latents, dtype))

    def _check_tangents(self):
        self.image_class._check_tangents()


def pixel_permutation(size, random_state):
    """Return a random permutation of the pixels of images of a size."""
    generator = np.random.Generator(np.random.SFC64(seed_sequence(random_state)))
    return generator.permutation(size[0] * size[1])


def permute_pixels(images, permutation):
    """Permute the pixels of ``(..., H, W)`` images, an array or a tensor, all channels alike."""
    flat = images.reshape(*images.shape[:-2], len(permutation))
    return flat[..., permutation].reshape(images.shape)
