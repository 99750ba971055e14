"""How many coefficients a basis needs for a given error: what tells bases apart at equal slopes.

At 64x64 the oracles of wavelets and of the best bandlets have the same PSNR slope. With the N
largest coefficients kept, the squared error of an image falls as a power of N, and the basis with
the geometry of the image needs fewer of them for the same error.
"""

import numpy as np

from gahb_sk.transforms import WaveletTransform, best_bandlets

_THRESHOLDS = np.geomspace(0.002, 0.3, 9)


def wavelets(images, threshold):
    """Return the wavelet basis, which is the same for all images."""
    return WaveletTransform(images.shape[1:], "db4")


def bandlets(images, threshold):
    """Return the best bandlet basis of each image at a threshold."""
    return best_bandlets(images, threshold, cost="threshold")


def coefficients_needed(images, psnr, basis):
    """Number of coefficients that leave an error of ``psnr`` decibels, for each image.

    Parameters
    ----------
    images : ndarray of shape (n, H, W)
    psnr : float
        Of images rebuilt from these coefficients, for intensities in [0, 1].
    basis : callable
        :func:`wavelets` or :func:`bandlets`.

    Returns
    -------
    n_coefficients : ndarray of shape (n,)
        Interpolated between thresholds, in logarithms.
    """
    kept, errors = [], []
    for threshold in _THRESHOLDS:
        size = np.abs(basis(images, threshold).forward(images)).reshape(len(images), -1)
        large = size > threshold
        kept.append(large.sum(axis=1))
        errors.append(np.square(np.where(large, 0, size)).mean(axis=1))
    curves = zip(np.log(errors).T, np.log(kept).T, strict=True)
    return np.exp([np.interp(-psnr / 10 * np.log(10), *curve) for curve in curves])


def saving(images, psnr):
    """Return how many times as many coefficients wavelets need as bandlets, with its error."""
    ratio = np.log(coefficients_needed(images, psnr, wavelets))
    ratio -= np.log(coefficients_needed(images, psnr, bandlets))
    mean = np.exp(ratio.mean())
    return float(mean), float(mean * ratio.std(ddof=1) / np.sqrt(len(ratio)))
