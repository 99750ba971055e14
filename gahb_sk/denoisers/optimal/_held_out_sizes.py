"""Which size of windows is best at each noise level, measured on training images held out."""

import numpy as np
import torch

from gahb_sk._random import child, image_normals, seed_sequence
from gahb_sk.images import ImageBatch

_CANDIDATES = (1, 3, 5, 7, 11, 15, 21, 31, 45, 63)
_MOST_HELD_OUT = 16


class Subset(ImageBatch):
    """Some of the images of an ImageBatch, read when they are asked for."""

    def __init__(self, images, indices):
        self._images, self._indices = images, indices
        self.shape = (len(indices), *images.shape[1:])

    def tensor(self, index=slice(None)):
        """Return images ``(m, C, H, W)``."""
        return self._images.tensor(self._indices[index])


def held_out_errors(estimate, images, sigmas, fraction, random_state):
    """Measure the error of every size at every noise level.

    Parameters
    ----------
    estimate : callable
        ``estimate(noisy, sigma, size, training)`` denoises tensors ``(n, C, H, W)``.
    images : ImageBatch
        At least 2.
    sigmas : ndarray of shape (n_sigmas,)
    fraction : float
        Share of the images that are held out.
    random_state : int, RandomState or None

    Returns
    -------
    sizes : ndarray of shape (n_sizes,)
        The sizes tried, up to the whole image.
    mse : ndarray of shape (n_sigmas, n_sizes)
    """
    root = seed_sequence(random_state)
    order = np.random.Generator(np.random.SFC64(child(root, 0))).permutation(len(images))
    n = min(max(1, round(fraction * len(images))), _MOST_HELD_OUT)
    clean = torch.from_numpy(images.numpy(np.sort(order[:n])).astype(np.float64))
    noise = torch.from_numpy(image_normals(child(root, 1), range(n), images.shape[1:]))
    rest = Subset(images, np.sort(order[n:]))
    largest = max(images.shape[2:])
    sizes = np.array([s for s in _CANDIDATES if s < largest] + [largest])

    def error(s, size):
        found = estimate(clean + s * noise, torch.full((n,), s), int(size), rest)
        return float((found - clean).square().mean())

    return sizes, np.array([[error(s, size) for size in sizes] for s in sigmas])
