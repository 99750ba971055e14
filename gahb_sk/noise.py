"""Gaussian white noise: adding it, and estimating its level.

The noisy image is ``y = x + sigma z`` with ``z ~ N(0, Id)``; ``sigma`` is in the units of ``x``.
"""

import numpy as np
from scipy.ndimage import uniform_filter
from scipy.special import ndtri

from gahb_sk._arrays import is_torch, numpy_dtype
from gahb_sk._image_checks import FLOATS, check_finite, check_kind, check_magnitude
from gahb_sk._random import image_normals, seed_sequence
from gahb_sk._units import warn_of_bytes
from gahb_sk._validation import at_least, validate_params
from gahb_sk.images import as_images

# The median of |z| for z ~ N(0, 1).
_MEDIAN_OF_ABSOLUTE_NORMAL = float(ndtri(0.75))

# The noise of every score that is not given noisy images: one level, one seed, so that all
# candidates see the same noise.
DEFAULT_SIGMA = 0.1
SCORE_NOISE_SEED = 0

_BLOCK = 8  # side of the blocks of which mean and variance are compared
_FITS = 20
# Half of what the cut of high variances takes away without texture, which adds some.
_OF_CUT = 1.02
# The smooth part of an image, and the window (in 2x2 blocks) over which smoothness is measured.
_SMOOTH_PART, _WINDOW = 0.25, 5
_LARGE = 2**21  # values


@validate_params({"indices": ["array-like", None]})
def add_gaussian_noise(X, sigma, random_state=None, *, indices=None):
    """Add white Gaussian noise to images, image by image.

    Parameters
    ----------
    X : ndarray or torch.Tensor of shape (n, ...), float32 or float64
        Clean images: a stack ``(n, H, W)`` or ``(n, C, H, W)``, or flat rows.
    sigma : float or array-like of shape (n,)
        Noise level in the units of X, at least 0: one value, or one per image.
    random_state : int, RandomState or None, default=None
        The seed. Image ``k`` gets the same noise whatever ``n``, the dtype and the device.
    indices : sequence of int of length n, default=None
        Which image of the stream each of X is, for adding noise piece by piece; None means
        ``range(n)``.

    Returns
    -------
    noisy : ndarray or torch.Tensor of shape (n, ...)
        New images of the dtype, kind and device of X. Nothing is clipped.

    Raises
    ------
    ValueError, TypeError
        If X holds no floats, NaN or infinity, or sigma is negative, not finite or of the wrong
        length.

    Warns
    -----
    UserWarning
        For images in [0, 1] and a sigma of 5, 6, ..., 255, which is meant in units of 1/255.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk import add_gaussian_noise
    >>> clean = np.zeros((2, 8, 8))
    >>> noisy = add_gaussian_noise(clean, 0.1, random_state=0)
    >>> bool(np.all(noisy[1] == add_gaussian_noise(clean[1:], 0.1, 0, indices=[1])))
    True
    """
    check_kind(X)
    if not is_torch(X):
        X = np.asarray(X)
    if str(X.dtype).removeprefix("torch.") not in FLOATS:
        raise TypeError(
            f"X: expected float32 or float64, got {X.dtype}. Convert it first, e.g. uint8 with "
            "X.astype(numpy.float32) / 255."
        )
    if X.ndim < 2:
        raise ValueError(
            f"X: expected images (n, H, W), (n, C, H, W) or flat rows, got shape {tuple(X.shape)}."
        )
    check_finite(X)
    n = len(X)
    sigma = check_sigma(sigma, n)
    warn_of_bytes(sigma, X, noisy=False)
    root = seed_sequence(random_state)
    dtype = numpy_dtype(X)
    indices = range(n) if indices is None else indices
    _check_indices(indices, n)
    noise = image_normals(root, indices, tuple(X.shape[1:]), dtype)
    noise *= sigma.astype(dtype).reshape(-1, *[1] * (X.ndim - 1))
    if is_torch(X):
        import torch

        return X + torch.from_numpy(noise).to(X.device)
    noise += X
    return noise


def _check_indices(indices, n):
    numbers = np.asarray(indices)
    if numbers.shape != (n,) or numbers.dtype.kind not in "iu" or numbers.min(initial=0) < 0:
        raise ValueError(
            f"indices: expected one index per image, {n}, none below 0, got shape {numbers.shape} "
            f"of {numbers.dtype}."
        )


def estimate_sigma(X):
    """Estimate the noise level of each image from its finest diagonal details where it is smooth.

    The median absolute value of the diagonal Haar coefficients at the finest scale, divided by
    0.6745, is the standard deviation of white Gaussian noise where the image is smooth [1]_. They
    are taken from the quarter of the image in which the next coarser image has the smallest
    gradient. The noise of the one is independent of that of the other, so that choosing does not
    bias the estimate. It is too high on images of fine texture everywhere; see the guide to
    classical denoisers for its bias by class and level.

    Parameters
    ----------
    X : ndarray or torch.Tensor of shape (n, H, W) or (n, C, H, W)
        Noisy images. With a side below 8 pixels all details count; images of one row or one column
        use first differences.

    Returns
    -------
    sigma : ndarray of shape (n,), float64
        Estimated noise level in the units of X; 0 for an image of one pixel.

    Raises
    ------
    ValueError, TypeError
        If the images break the contract.

    References
    ----------
    .. [1] D. L. Donoho and I. M. Johnstone, "Ideal spatial adaptation by wavelet shrinkage",
       Biometrika 81 (1994), :doi:`10.1093/biomet/81.3.425`.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk import add_gaussian_noise, estimate_sigma
    >>> noisy = add_gaussian_noise(np.zeros((1, 64, 64)), 0.2, random_state=0)
    >>> print(estimate_sigma(noisy).round(1))
    [0.2]
    """
    X = as_images(X).numpy()
    if min(X.shape[-2:]) < _BLOCK:
        details = _finest_details(X).reshape(len(X), -1)
        return _deviation(details) if details.shape[1] else np.zeros(len(X))
    return np.concatenate([_deviation(_smooth_details(image)[None]) for image in X])


def _deviation(details):
    """Standard deviations of Gaussian rows with outliers."""
    return np.median(np.abs(details), axis=1).astype(np.float64) / _MEDIAN_OF_ABSOLUTE_NORMAL


def _smooth_details(image):
    """Finest diagonal details of ``(C, H, W)`` where it is smooth, for all four sets of blocks."""
    details, activity = [], []
    # Of a large image one set tells as much, and takes a quarter of the memory.
    for shift in np.ndindex(2, 2) if image.size < _LARGE else [(0, 0)]:
        shifted = image[:, shift[0] :, shift[1] :]
        details.append(_finest_details(shifted).ravel())
        activity.append(_activity(shifted).ravel())
    details, activity = np.concatenate(details), np.concatenate(activity)
    varies = activity > 0  # clipped pixels are of one value and show no noise
    if varies.mean() > 0.5:
        details, activity = details[varies], activity[varies]
    return details[activity <= np.quantile(activity, _SMOOTH_PART)]


def _activity(image):
    """Squared gradient of the image of means of 2x2 blocks, averaged over 5x5 of these."""
    height, width = (side // 2 * 2 for side in image.shape[-2:])
    rows = image[:, 0:height:2, :width] + image[:, 1:height:2, :width]
    means = rows[..., 0::2] + rows[..., 1::2]
    gradient = sum(np.square(np.gradient(means, axis=axis)) for axis in (1, 2))
    return uniform_filter(gradient, (1, _WINDOW, _WINDOW), mode="nearest")


def estimate_count_noise(X):
    """Estimate how the noise's variance grows with brightness: ``gain * x + intercept``.

    Blocks of 8x8 pixels give pairs of a mean and of a variance, that of the finest diagonal
    details. A straight line is fitted to them by least squares, each weighed by the variance that
    Poisson-Gaussian noise gives it; blocks far above the line hold texture and are left out, and
    the fit is repeated. With a side below 8 pixels the noise is taken for white.

    Returns gain (at least 0) and intercept, both ``(n,)``; the latter is ``read_noise**2 - gain *
    offset``, two terms that one image cannot tell apart. On whole photographs as counts of peak
    1 to 100 the variance at the mean brightness is right within 8 %, too high on fine texture.
    """
    X = as_images(X).numpy().astype(np.float64, copy=False)
    if min(X.shape[-2:]) < _BLOCK:
        return np.zeros(len(X)), estimate_sigma(X) ** 2
    lines = [_fit_line(*_blocks(image)) for image in X]
    return np.array(lines).T


def _blocks(planes):
    """Means of blocks, and mean squares of the finest diagonal details in them."""
    height, width = (side // _BLOCK * _BLOCK for side in planes.shape[-2:])
    planes = planes[:, :height, :width]
    shape = (len(planes), height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    half = (*shape[:2], _BLOCK // 2, shape[3], _BLOCK // 2)
    squares = np.square(_finest_details(planes)).reshape(half)
    return planes.reshape(shape).mean((2, 4)).ravel(), squares.mean((2, 4)).ravel()


def _fit_line(means, squares):
    slope, intercept = 0.0, np.quantile(squares, 0.3)
    if not squares.any():
        return 0.0, 0.0
    tiny = 1e-3 * np.median(squares) + 1e-6 * squares.mean()
    points = np.stack([means, np.ones_like(means)])
    for _ in range(_FITS):
        variance = np.maximum(slope * means + intercept, tiny)
        # Of a mean of 16 squares, whose fourth cumulant is gain^2 variance / 4 for counts.
        spread = (2 * variance**2 + slope**2 * variance / 4) / (_BLOCK // 2) ** 2
        # Without texture the line ends 4 % too low, with fine texture up to 6 % too high.
        weights = (squares < variance + 2 * np.sqrt(spread)) / spread
        weights /= weights.max()
        moments, targets = points * weights @ points.T, points * weights @ squares
        slope, intercept = np.linalg.lstsq(moments, targets, rcond=1e-12)[0]
        slope = max(slope, 0.0)
    return _OF_CUT * slope, _OF_CUT * intercept


def _finest_details(X):
    """Orthonormal Haar details of non-overlapping 2x2 blocks (2x1 where a side is 1)."""
    for axis in (-2, -1):
        length = X.shape[axis]
        if length == 1 and X.shape[-1] * X.shape[-2] > 1:
            continue
        X = np.moveaxis(X, axis, -1)
        even = length - length % 2
        X = (X[..., 0:even:2] - X[..., 1:even:2]) * X.dtype.type(np.sqrt(0.5))
        X = np.moveaxis(X, -1, axis)
    return X


@validate_params({"n": [at_least(0)], "name": [str]})
def check_sigma(sigma, n, name="sigma"):
    """Return noise levels ``(n,)`` from one number or one per image, finite and >= 0."""
    if is_torch(sigma):
        sigma = sigma.detach().cpu().numpy()
    try:
        if np.asarray(sigma).dtype.kind not in "fiuO":
            raise TypeError("no number")
        values = np.asarray(sigma, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name}: expected a number or one number per image, got {sigma!r}."
        ) from error
    if values.shape not in ((), (n,)):
        raise ValueError(
            f"{name}: expected one number, or one per image, shape ({n},), got "
            f"{sigma!r}" + (f" of shape {values.shape}." if values.ndim else ".")
        )
    if not (np.isfinite(values).all() and (values >= 0).all()):
        worst = values[~(np.isfinite(values) & (values >= 0))][0] if values.ndim else values
        raise ValueError(f"{name}: expected finite values >= 0, got {float(worst)!r}.")
    return np.broadcast_to(check_magnitude(values, name), (n,)).copy()
