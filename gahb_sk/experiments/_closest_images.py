"""The training image most similar to a sample, found block by block."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gahb_sk.images import as_images
from gahb_sk.metrics import cosine_similarity

_BLOCK_VALUES = 2**23  # values of the images read at a time


@dataclass(frozen=True)
class Closest:
    """For each sample the most similar image: its ``index`` (n,) and the ``cosine`` (n,)."""

    index: np.ndarray
    cosine: np.ndarray


def closest_images(samples: np.ndarray, X: Any, *, centered: bool = False) -> Closest:
    """Find the image of largest cosine similarity to each sample.

    Parameters
    ----------
    samples : ndarray of shape (n, H, W) or (n, C, H, W)
        Finite.
    X : array-like or lazy stack of shape (m, H, W) or (m, C, H, W)
        Images of the same shape; a lazy stack is read block by block.
    centered : bool, default=False
        Whether to remove the mean of each image first (then it is the correlation coefficient).

    Returns
    -------
    closest : Closest
        Of equal images the first is taken. The cosine is computed in double precision; the search
        is in the precision of X, one matrix product per block.

    Raises
    ------
    ValueError
        If the images have another shape than the samples.

    Examples
    --------
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.experiments import closest_images
    >>> X = make_disk_images(20, 16, random_state=0)
    >>> print(closest_images(0.5 * X[[7, 3]], X).index)
    [7 3]
    """
    images, samples = as_images(X), np.asarray(samples)
    if samples.shape[1:] != images.image_shape:
        raise ValueError(
            f"samples: expected images of the shape of X, {images.image_shape}, got shape "
            f"{samples.shape[1:]}."
        )
    queries = _unit_rows(samples, centered).astype(images.dtype)
    best, index = np.full(len(queries), -np.inf), np.zeros(len(queries), int)
    length = max(1, _BLOCK_VALUES // max(int(np.prod(images.shape[1:])), len(queries)))
    for where, block in images.chunks(length):
        cosines = queries @ _unit_rows(block, centered).T
        winner = cosines.argmax(axis=1)
        value = cosines[np.arange(len(queries)), winner]
        better = value > best
        best[better], index[better] = value[better], where.start + winner[better]
    found = images.numpy(index).reshape(samples.shape)
    return Closest(index, cosine_similarity(samples, found, centered=centered))


def _unit_rows(images, centered):
    """Flat images of norm 1; those without energy stay 0."""
    rows = images.reshape(len(images), int(np.prod(images.shape[1:])))
    if centered:
        rows = rows - rows.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
