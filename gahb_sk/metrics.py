"""How well images are denoised: errors per image, slopes, similarities.

With intensities in a range of length ``data_range`` (1 in the paper), the peak signal-to-noise
ratio of an image is ``PSNR = 10 log10(data_range^2 / MSE)`` decibels, MSE being the mean squared
error over pixels. Curves are means of the PSNRs of single images. ``data_range`` is never guessed
from the data.
"""

from numbers import Real

import numpy as np
from scipy.ndimage import correlate1d
from sklearn.utils import gen_batches

from gahb_sk._arrays import to_numpy
from gahb_sk._image_checks import FLOATS, LARGEST, check_finite, check_kind, check_not_empty
from gahb_sk._validation import numbers, validate_params
from gahb_sk.images import as_images

_CACHED = 2**15  # values handled at once, so that they stay in the processor's cache


def mse(clean, denoised):
    """Mean squared error of each image or row.

    Parameters
    ----------
    clean, denoised : array-like or torch.Tensor of shape (n, ...)
        Two sets of images of the same shape.

    Returns
    -------
    mse : ndarray of shape (n,), float64
        In the squared units of the images.

    Examples
    --------
    >>> import numpy as np
    >>> print(mse(np.zeros((2, 4, 4)), np.full((2, 4, 4), 0.5)))
    [0.25 0.25]
    """
    return _mean_squares(*_pair(clean, denoised))


def psnr(clean, denoised, *, data_range=1.0):
    """Peak signal-to-noise ratio of each image, in decibels.

    Parameters
    ----------
    clean, denoised : array-like or torch.Tensor of shape (n, H, W) or (n, C, H, W)
        Two stacks of the same shape, float32 or float64.
    data_range : float, default=1.0
        Length of the range of intensities, in the units of the images.

    Returns
    -------
    psnr : ndarray of shape (n,), float64
        Higher is better; infinite where the images are equal.

    Examples
    --------
    >>> import numpy as np
    >>> print(psnr(np.zeros((2, 4, 4)), np.full((2, 4, 4), 0.1)).round(3))
    [20. 20.]
    """
    errors = _mean_squares(*_pair(clean, denoised, stacks=True))
    with np.errstate(divide="ignore"):
        return 10 * np.log10(check_data_range(data_range) ** 2 / errors)


@validate_params({"sigma": [numbers(above=0)]})
def input_psnr(sigma, *, data_range=1.0):
    """Return the PSNR of images with noise of level ``sigma``: ``20 log10(data_range/sigma)``.

    Parameters
    ----------
    sigma : float or array-like
        Noise level in the units of the images, positive.
    data_range : float, default=1.0
        Length of the range of intensities.

    Returns
    -------
    psnr : float or ndarray
        In decibels.

    Examples
    --------
    >>> print(input_psnr(0.1))
    20.0
    """
    levels = np.log10(np.asarray(sigma, np.float64))
    return 20 * (np.log10(check_data_range(data_range)) - levels)[()]


def ssim(clean, denoised, *, data_range=1.0):
    """Structural similarity index of each image (Wang et al. 2004 [1]_).

    Gaussian windows of standard deviation 1.5, cut at 3.5 standard deviations (11 x 11 pixels),
    K1 = 0.01, K2 = 0.03; averaged over the pixels whose window fits in the image (over all
    pixels, with reflected borders, when the image is smaller than the window) and over channels.

    Parameters
    ----------
    clean, denoised, data_range
        See :func:`psnr`.

    Returns
    -------
    ssim : ndarray of shape (n,), float64
        At most 1, reached for equal images.

    References
    ----------
    .. [1] Z. Wang, A. C. Bovik, H. R. Sheikh and E. P. Simoncelli, "Image quality assessment:
       from error visibility to structural similarity", IEEE Trans. Image Processing 13 (2004),
       :doi:`10.1109/TIP.2003.819861`.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.eye(16)[None]
    >>> print(ssim(image, image))
    [1.]
    """
    pair = _pair(clean, denoised, stacks=True)
    c1, c2 = (0.01 * check_data_range(data_range)) ** 2, (0.03 * data_range) ** 2
    found, step = np.empty(len(pair[0])), max(1, _CACHED // pair[0][0].size)
    for some in gen_batches(len(found), step):
        x, y = (z[some].astype(np.float64, copy=False) for z in pair)
        found[some] = _similarity(x, y, c1, c2).reshape(len(x), -1).mean(axis=1)
    return found


def _similarity(x, y, c1, c2):
    """Return the index of the windows; only the sum of both variances is needed."""
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    product, squares = mean_x * mean_y, mean_x**2 + mean_y**2
    covariance = _window_mean(x * y) - product
    variances = _window_mean(x * x + y * y) - squares
    index = (2 * product + c1) * (2 * covariance + c2)
    index /= (squares + c1) * (variances + c2)
    return index[(..., *(_inside(length) for length in index.shape[-2:]))]


_WINDOW_RADIUS = 5
_WINDOW = np.exp(-0.5 * (np.arange(-_WINDOW_RADIUS, _WINDOW_RADIUS + 1) / 1.5) ** 2)
_WINDOW /= _WINDOW.sum()


def _window_mean(images):
    rows = correlate1d(images, _WINDOW, axis=-1, mode="reflect")
    return correlate1d(rows, _WINDOW, axis=-2, mode="reflect")


def _inside(length):
    fits = length > 2 * _WINDOW_RADIUS
    return slice(_WINDOW_RADIUS, length - _WINDOW_RADIUS) if fits else slice(None)


@validate_params({"sigma": [numbers(above=0)], "psnrs": [numbers()]})
def psnr_slope(sigma, psnrs):
    """Slope of output PSNR against input PSNR, by least squares.

    For images of regularity alpha the optimal slope is ``alpha / (alpha + 1)`` (Korostelev and
    Tsybakov 1993; paper, section 3): MSE decays as ``sigma^(2 alpha / (alpha + 1))``.

    Parameters
    ----------
    sigma : array-like of shape (n_sigmas,)
        At least two different positive noise levels.
    psnrs : array-like of shape (..., n_sigmas)
        Mean output PSNR at each, in decibels.

    Returns
    -------
    slope : float or ndarray of shape (...)
        Decibels out per decibel in; 1 for a fixed finite-dimensional linear model, 0 for an
        error that does not depend on the noise.

    Examples
    --------
    >>> import numpy as np
    >>> sigma = np.array([0.01, 0.1, 1.0])
    >>> print(psnr_slope(sigma, 5 + 0.5 * input_psnr(sigma)).round(6))
    0.5
    """
    sigma = np.asarray(sigma, np.float64)
    psnrs = np.asarray(psnrs, np.float64)
    if sigma.ndim != 1 or np.unique(sigma).size < 2 or not (sigma > 0).all():
        raise ValueError(
            f"sigma: expected at least two different positive noise levels, got {sigma!r}."
        )
    if psnrs.shape[-1:] != sigma.shape:
        raise ValueError(
            f"psnrs: expected shape (..., {sigma.size}) to match sigma, got {psnrs.shape}."
        )
    x = input_psnr(sigma)
    x = x - x.mean()
    return ((psnrs * x).sum(-1) / (x**2).sum())[()]


@validate_params({"centered": ["boolean"]})
def cosine_similarity(A, B, *, centered=False):
    """Cosine of the angle between each image of A and the same image of B.

    Parameters
    ----------
    A, B : array-like or torch.Tensor of shape (n, ...)
        Two sets of images of the same shape.
    centered : bool, default=False
        Whether to remove each image's mean first (then it is the correlation coefficient).

    Returns
    -------
    cosine : ndarray of shape (n,), float64
        In [-1, 1]; 0 where an image has no energy.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.RandomState(0).rand(3, 4, 4)
    >>> print(cosine_similarity(images, 2 * images).round(6))
    [1. 1. 1.]
    """
    a, b = (
        x.reshape(len(x), int(np.prod(x.shape[1:]))).astype(np.float64, copy=False)
        for x in _pair(A, B, names="AB")
    )
    if centered:
        a, b = (x - x.mean(axis=1, keepdims=True) for x in (a, b))
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    inner = np.einsum("ij,ij->i", a, b)
    return np.divide(inner, norms, out=np.zeros_like(inner), where=norms > 0)


def check_data_range(data_range):
    """Return ``data_range``; raise ValueError unless it is a positive number to be squared."""
    if not (isinstance(data_range, Real) and 1 / LARGEST < data_range < LARGEST):
        raise ValueError(
            f"data_range: expected a positive finite number below {LARGEST:.0e}, got "
            f"{data_range!r}."
        )
    return float(data_range)


def _pair(A, B, *, stacks=False, names=("clean", "denoised")):
    """Return two arrays of one shape; raise for what is no finite float."""
    pair = []
    for X, name in ((A, names[0]), (B, names[1])):
        check_kind(X, name)
        X = to_numpy(X)
        if X.dtype.name not in FLOATS:
            raise TypeError(
                f"{name}: expected float32 or float64, got {X.dtype}. Nothing is rescaled for you: "
                f"convert with {name}.astype(float), in the units of data_range."
            )
        check_not_empty(X, name)
        pair.append(as_images(X, name=name).numpy() if stacks else check_finite(X, name))
    A, B = pair
    if A.shape != B.shape or A.ndim < 2:
        raise ValueError(
            f"{names[0]}, {names[1]}: expected two sets of images of the same shape, got {A.shape} "
            f"and {B.shape}."
        )
    return A, B


def _mean_squares(A, B):
    """Mean squared differences of rows or images in double precision, a cacheful at a time."""
    found, step = np.empty(len(A)), max(1, _CACHED // max(1, A[0].size))
    for some in gen_batches(len(A), step):
        difference = np.subtract(A[some], B[some], dtype=np.float64).reshape(len(A[some]), -1)
        found[some] = np.einsum("ij,ij->i", difference, difference) / difference.shape[1]
    return found
