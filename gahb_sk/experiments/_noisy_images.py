"""The same noisy images for every denoiser of an experiment."""

import numpy as np
from sklearn.utils import gen_batches

from gahb_sk._arrays import is_torch
from gahb_sk.noise import add_gaussian_noise

_CHUNK_PIXELS = 2**22  # of the images handled at a time


def check_sigmas(sigma):
    """Return the different noise levels of an experiment, ascending; raise unless positive."""
    try:
        given = np.asarray(sigma)
    except ValueError:  # lists of unequal lengths
        given = np.empty(0)
    values = np.unique(given.astype(np.float64)) if given.dtype.kind in "fiu" else np.empty(0)
    if not len(values) or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(f"sigma: expected positive finite noise levels, got {sigma!r}.")
    return values.tolist()


def noisy_images(X, indices, sigma, random_state):
    """Return images ``indices`` of X, clean and noisy: image k gets the noise of stream k."""
    clean = X[indices]
    clean = clean if is_torch(clean) else np.asarray(clean)
    return clean, add_gaussian_noise(clean, sigma, random_state, indices=indices)


def noisy_chunks(X, indices, sigma, random_state):
    """Yield what ``noisy_images`` returns, chunk by chunk to bound the memory."""
    length = max(1, _CHUNK_PIXELS // int(np.prod(X.shape[1:])))
    for part in gen_batches(len(indices), length):
        yield noisy_images(X, indices[part], sigma, random_state)
