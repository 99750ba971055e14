"""Any class with one fixed permutation of its pixels: geometry is lost, the optimum stays."""

from dataclasses import KW_ONLY, dataclass

import numpy as np

from gahb_sk._random import seed_sequence
from gahb_sk._validation import at_least
from gahb_sk.image_classes._base import ImageClass


def _of_the_other(name):
    return property(lambda self: getattr(self.image_class, name))


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

    image_size = _of_the_other("image_size")
    image_shape = _of_the_other("image_shape")
    dimension = _of_the_other("dimension")

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

    _record = _of_the_other("_record")
    _working_values = _of_the_other("_working_values")
    _draw = _of_the_other("_draw")
    _latents = _of_the_other("_latents")
    _check_tangents = _of_the_other("_check_tangents")

    def _render(self, latents, dtype):
        return self.shuffle(self.image_class._render(latents, dtype))

    def _tangents(self, latents, dtype):
        return self.shuffle(self.image_class._tangents(latents, dtype))


def pixel_permutation(size, random_state):
    """Return a random permutation of the pixels of images of a size."""
    generator = np.random.Generator(np.random.SFC64(seed_sequence(random_state)))
    return generator.permutation(size[0] * size[1])


def permute_pixels(images, permutation):
    """Permute the pixels of ``(..., H, W)`` images, an array or a tensor, all channels alike."""
    flat = images.reshape(*images.shape[:-2], len(permutation))
    return flat[..., permutation].reshape(images.shape)
