"""Two disjoint halves of a set, and a set without near duplicates."""

import numpy as np

from gahb_sk._arrays import as_array
from gahb_sk._image_checks import check_finite
from gahb_sk._validation import Interval, Real, at_least, validate_params
from gahb_sk.images import as_images

BLOCK = 2048  # images compared at a time: a block of correlations takes 16 MB


@validate_params({"X": ["array-like"], "n": [at_least(1), None]})
def split_disjoint(X, n=None):
    """Return the first ``n`` and the last ``n`` images: two sets without a common image.

    Parameters
    ----------
    X : array or ImageStack
        Images along the first axis; of a lazy stack, views are returned.
    n : int, default=None
        Size of each set; None is half of X.

    Returns
    -------
    first, last : arrays of the kind of X, each of ``n`` images

    Raises
    ------
    ValueError
        If X has too few images, or NaN or infinity.
    """
    if str(getattr(X, "dtype", "")).removeprefix("torch.").startswith("float"):
        check_finite(X)
    total = len(X)
    n = total // 2 if n is None else n
    if 2 * n > total or n < 1:
        raise ValueError(
            f"n: expected at most {total // 2} images per set, half of the {total} in X, got {n}."
        )
    return X[:n], X[total - n :]


@validate_params(
    {
        "threshold": [Interval(Real, 0, 1, closed="neither")],
        "size": [at_least(2)],
        "return_indices": ["boolean"],
    }
)
def remove_near_duplicates(X, *, threshold=0.95, size=20, return_indices=False):
    """Leave out images that are nearly equal to an earlier one.

    Images are averaged to ``size`` x ``size`` pixels and their mean is removed; an image goes if
    its correlation with an earlier image that stayed is above the threshold in absolute value.

    Parameters
    ----------
    X : array of shape (n, H, W) or (n, C, H, W), or ImageStack
        Read piece by piece; of a lazy stack, a view is returned. Channels are averaged.
    threshold : float in (0, 1), default=0.95
        Largest correlation of two images that both stay.
    size : int, default=20
        Side of the averaged images; smaller images are compared as they are.
    return_indices : bool, default=False
        Return the numbers of the images that stayed.

    Returns
    -------
    kept : array of the kind of X
    indices : ndarray of int, increasing, only if ``return_indices``

    Notes
    -----
    A constant image correlates with nothing and stays. Memory is 4 n size^2 bytes and two blocks
    of correlations; time grows as n^2.
    """
    images, X = as_images(X), as_array(X)
    features = _features(images, size)
    indices = _kept(features, threshold)
    kept = X[indices]
    return (kept, indices) if return_indices else kept


def box_average(side, size):
    """Return the (size, side) matrix that averages ``side`` pixels over ``size`` equal boxes."""
    edges = np.arange(size + 1) * (side / size)
    low, high = edges[:-1, None], edges[1:, None]
    pixels = np.arange(side)
    overlap = np.clip(np.minimum(high, pixels + 1) - np.maximum(low, pixels), 0, None)
    return (overlap * (size / side)).astype(np.float32)


def _features(images, size):
    """Return averaged images without mean, of norm 1 (or 0, if constant), one a row."""
    height, width = images.shape[-2:]
    rows, columns = (box_average(side, min(side, size)) for side in (height, width))
    features = np.empty((len(images), len(rows) * len(columns)), np.float32)
    for part, some in images.chunks(max(1, 2**24 // int(np.prod(images.shape[1:])) // 8)):
        grey = some.astype(np.float32, copy=False).mean(1)
        features[part] = (rows @ grey @ columns.T).reshape(len(grey), -1)
    scale = np.abs(features).max(1)
    features -= features.mean(1, keepdims=True)
    norm = np.sqrt(np.einsum("ij,ij->i", features, features))
    constant = norm <= 1e-5 * scale * np.sqrt(features.shape[1])  # rounding of the mean
    features /= np.where(constant, 1, norm)[:, None]
    features[constant] = 0
    return features


def _kept(features, threshold):
    """Go through the rows in blocks; the kept ones are gathered at the front of ``features``."""
    indices, n_kept = [], 0
    for start in range(0, len(features), BLOCK):
        block = features[start : start + BLOCK].copy()
        good = np.ones(len(block), bool)
        for a in range(0, n_kept, BLOCK):
            earlier = features[a : min(a + BLOCK, n_kept)]
            good &= ~_similar(block, earlier, threshold).any(1)
        rows = np.flatnonzero(good)
        rows = rows[_kept_within(_similar(block[rows], block[rows], threshold))]
        features[n_kept : n_kept + len(rows)] = block[rows]
        n_kept += len(rows)
        indices.append(start + rows)
    return np.concatenate(indices)


def _similar(a, b, threshold):
    correlation = a @ b.T
    return np.abs(correlation, out=correlation) > threshold


def _kept_within(similar):
    """Keep the first of each group of rows, in order; only rows with a match cost a step."""
    kept = np.ones(len(similar), bool)
    for k in np.flatnonzero(np.triu(similar, 1).any(1)):
        if kept[k]:
            kept[k + 1 :] &= ~similar[k, k + 1 :]
    return kept
