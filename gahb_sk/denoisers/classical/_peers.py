"""Denoisers of other packages, one image at a time."""

import importlib

import numpy as np
from joblib import Parallel, delayed


def require(module, package, estimator):
    """Import a module of an optional package, or say how to install it.

    Parameters
    ----------
    module : str
        For example ``"skimage.restoration"``.
    package : str
        Name of the distribution, for the message.
    estimator : object
        Who needs it.

    Returns
    -------
    module : module

    Raises
    ------
    ImportError
        If the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{type(estimator).__name__} needs the package {package}, which is not installed. "
            'Install it with: pip install "gahb-sk[peers]"'
        ) from error


def denoise_each(function, noisy, sigma, n_jobs=None):
    """Denoise the channels of a stack one by one, in parallel.

    Parameters
    ----------
    function : callable
        ``(image (H, W), sigma)`` to the denoised image; module-level, so that workers find it.
    noisy : ndarray of shape (m, C, H, W)
        Noisy images.
    sigma : ndarray of shape (m,)
        Noise levels. Images without noise are returned as they are.
    n_jobs : int, default=None
        Workers, as joblib counts them; None is one.

    Returns
    -------
    denoised : ndarray of shape (m, C, H, W)
    """
    channels = noisy.reshape(-1, *noisy.shape[-2:])
    levels = np.repeat(sigma, noisy.shape[1]).astype(float)
    out = channels.copy()
    loud = np.flatnonzero(levels > 0)
    tasks = (delayed(function)(channels[k].copy(), levels[k]) for k in loud)
    for k, image in zip(loud, Parallel(n_jobs=n_jobs)(tasks), strict=True):
        out[k] = image
    return out.reshape(noisy.shape)


def extended(image, smallest):
    """Reflect an image until each side has at least ``smallest`` pixels, at its end."""
    missing = [(0, max(0, smallest - n)) for n in image.shape]
    return np.pad(image, missing, mode="symmetric")
