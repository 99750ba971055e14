"""Patch sizes by noise level, and a part of a set of images to calibrate them on."""

import numpy as np

from gahb_sk._validation import Integral, Real
from gahb_sk.images import ImageBatch


class Subset(ImageBatch):
    """Some of the images of an ImageBatch, read when they are asked for."""

    def __init__(self, images, indices):
        self._images, self._indices = images, indices
        self.shape = (len(indices), *images.shape[1:])

    def tensor(self, index=slice(None)):
        """Return images ``(m, C, H, W)``."""
        return self._images.tensor(self._indices[index])


def check_patch_sizes(patch_size):
    """Return the patch sizes as a dict from noise level to size."""
    if isinstance(patch_size, Integral):
        return {1.0: int(patch_size)}
    legal = len(patch_size) and all(
        isinstance(level, Real) and level > 0 and isinstance(size, Integral) and size >= 1
        for level, size in patch_size.items()
    )
    if not legal:
        raise ValueError(
            "patch_size: expected {noise level > 0: side in pixels >= 1, ...}, got "
            f"{patch_size!r}."
        )
    return {float(level): int(size) for level, size in patch_size.items()}


def nearest_sizes(patch_sizes, sigma):
    """Return the patch size of the level nearest to each sigma, by its logarithm."""
    levels = np.array(list(patch_sizes))
    sizes = np.array(list(patch_sizes.values()))
    tiny = np.finfo(np.float64).tiny
    away = np.abs(np.log(np.maximum(sigma, tiny))[:, None] - np.log(levels))
    return sizes[away.argmin(1)]
