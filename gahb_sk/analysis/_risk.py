r"""Effective dimension, and the mean squared error that it predicts without clean images.

For a denoiser f of noise level s, y = x + s z, d values per image, Stein's unbiased risk estimate

.. math::
    \mathrm{SURE}(y) = \frac{1}{d} \left( \|y - f(y)\|^2 - d s^2 + 2 s^2\, \mathrm{tr} J(y) \right)

has the mean squared error as its expectation, if f is weakly differentiable. For an optimal
denoiser the shorter :math:`s^2\, \mathrm{tr} J(y) / d` has the same expectation.

References
----------
C. Stein, "Estimation of the mean of a multivariate normal distribution", Annals of Statistics 9,
1981. DOI 10.1214/aos/1176345632.
S. Ramani, T. Blu, M. Unser, "Monte-Carlo SURE", IEEE Trans. Image Processing 17, 2008.
DOI 10.1109/TIP.2008.2001404.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gahb_sk._arrays import to_numpy
from gahb_sk._random import Seed, seed_sequence
from gahb_sk._validation import at_least, check_name, positive, validate_params
from gahb_sk.analysis._jumps import displaced_stack, jumps
from gahb_sk.denoisers import as_denoiser
from gahb_sk.images import as_images
from gahb_sk.jacobians import TraceEstimate, linearize_stack
from gahb_sk.jacobians._trace import TRACES, choose_trace
from gahb_sk.jacobians.eigensolvers._base import NOT_FINITE
from gahb_sk.noise import check_sigma


@dataclass(frozen=True)
class Risk:
    """Mean squared errors of several images, estimated or predicted, and how sure they are.

    Attributes
    ----------
    mse : ndarray of shape (n,)
        Mean over the values of an image, in the squared units of the images, as
        :func:`gahb_sk.metrics.mse` gives it. An unbiased estimate may be negative.
    standard_error : ndarray of shape (n,)
        Of the estimate of the trace alone; 0 where it is exact.
    """

    mse: np.ndarray
    standard_error: np.ndarray


_CONSTRAINTS = {
    "method": [str],
    "n_products": [at_least(1)],
    "tolerance": [positive(), None],
    "dimensions": [list, None],
}


@validate_params(_CONSTRAINTS)
def effective_dimension(
    denoiser: Any,
    X: npt.ArrayLike,
    sigma: npt.ArrayLike | None = None,
    *,
    clean: npt.ArrayLike | None = None,
    method: str = "auto",
    n_products: int = 60,
    tolerance: float | None = None,
    dtype: npt.DTypeLike = "float64",
    random_state: Seed = 0,
) -> list[TraceEstimate]:
    """Trace of the Jacobian at each noisy image: how many directions the denoiser keeps.

    Parameters
    ----------
    denoiser : denoiser
        Of any kind, or what :func:`~gahb_sk.denoisers.as_denoiser` makes one of.
    X : array-like or torch.Tensor
        Noisy images, shaped as in ``fit``.
    sigma : float or array-like of shape (n,), default=None
        Noise level in the units of X. None: the denoiser's own, or an estimate.
    clean : array-like, default=None
        The clean images, for oracles.
    method : {"auto", "exact", "hutchpp", "hutchinson"}, default="auto"
        "exact" multiplies all d unit vectors, or sums the eigenvalues where they are known;
        "hutchpp" see :func:`hutchpp`; "hutchinson" takes the mean over ``n_products`` random
        vectors, all images at once. "auto" is exact where the eigenvalues are known and up to
        1,024 values per image, and "hutchpp" otherwise.
    n_products : int, default=60
        Vectors multiplied at each image, at most, unless exact.
    tolerance : float, default=None
        "hutchpp" stops when the standard error is at most this share of the trace.
    dtype : {"float64", "float32"}, default="float64"
        Precision in which networks compute.
    random_state : int, RandomState or None, default=0
        Seed of the random vectors; image k has a stream of its own.

    Returns
    -------
    dimensions : list of TraceEstimate
        One per image.

    Examples
    --------
    >>> from gahb_sk.analysis import effective_dimension
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.denoisers import OracleShrinkage
    >>> X = make_c_alpha_images(2, 32, random_state=0)
    >>> oracle = OracleShrinkage().fit(X)
    >>> found = effective_dimension(oracle, X, sigma=0.1, clean=X)
    >>> bool(abs(found[0].value - oracle.effective_dimension(X, 0.1)[0]) < 1e-2)
    True
    """
    check_name(method, ("auto", *TRACES), "method")
    stack = linearize_stack(as_denoiser(denoiser), X, sigma, clean=clean, dtype=dtype)
    method = choose_trace(stack) if method == "auto" else method
    dimensions = TRACES[method](stack, n_products, tolerance, seed_sequence(random_state))
    if not np.isfinite([dimension.value for dimension in dimensions]).all():
        raise ValueError(NOT_FINITE)
    return dimensions


@validate_params(_CONSTRAINTS)
def sure(
    denoiser: Any,
    X: npt.ArrayLike,
    sigma: npt.ArrayLike,
    *,
    clean: npt.ArrayLike | None = None,
    dimensions: list[TraceEstimate] | None = None,
    **options: Any,
) -> Risk:
    """Stein's unbiased estimate of the mean squared error at each noisy image.

    Parameters
    ----------
    denoiser : denoiser
        As for :func:`effective_dimension`. Of denoisers of this library that jump (hard thresholds,
        a threshold or basis chosen among several) the divergence is estimated by displacements
        along ``n_products`` random vectors, which see the jumps; see the Notes.
    X : array-like or torch.Tensor
        Noisy images, shaped as in ``fit``.
    sigma : float or array-like of shape (n,)
        True noise level in the units of X, given to the denoiser.
    clean : array-like, default=None
        The clean images, for oracles; they are held fixed.
    dimensions : list of TraceEstimate, default=None
        Effective dimensions, if they were computed before. Not used for denoisers that jump.
    **options
        As for :func:`effective_dimension`.

    Returns
    -------
    risk : Risk

    Raises
    ------
    ValueError, TypeError
        If sigma is None, or the images break the contract.

    Notes
    -----
    A function that jumps is not weakly differentiable: with the trace of its Jacobian, Stein's
    estimate is a fifth too low for thresholds chosen by "sure", and half to all of the error too
    low for hard thresholds. The displacements, by a twentieth of sigma, bring that below the
    sampling error.

    Examples
    --------
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.analysis import sure
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.denoisers import WaveletShrinkage
    >>> from gahb_sk.metrics import mse
    >>> X = make_c_alpha_images(8, 32, random_state=0)
    >>> noisy = add_gaussian_noise(X, 0.1, random_state=0)
    >>> soft = WaveletShrinkage(threshold=1.5).fit(X)
    >>> estimate = sure(soft, noisy, 0.1).mse.mean()
    >>> bool(abs(estimate - mse(X, soft.transform(noisy, 0.1)).mean()) < 1e-3)
    True
    """
    denoiser = as_denoiser(denoiser)
    if sigma is not None and jumps(denoiser):
        dimensions = _across_jumps(denoiser, X, sigma, clean, **options)
    level, d, trace, error = _traces(denoiser, X, sigma, clean, dimensions, options)
    denoised = denoiser.denoise(X, sigma, clean=clean)
    return Risk(stein(X, denoised, level, trace), 2 * level**2 * error / d)


@validate_params(_CONSTRAINTS)
def predicted_mse(
    denoiser: Any,
    X: npt.ArrayLike,
    sigma: npt.ArrayLike,
    *,
    clean: npt.ArrayLike | None = None,
    dimensions: list[TraceEstimate] | None = None,
    **options: Any,
) -> Risk:
    r"""Mean squared error that an optimal denoiser would have: :math:`\sigma^2 tr J / d`.

    Unlike :func:`sure` it does not look at the residual. It is right on average for posterior means
    and oracles in their basis. For other denoisers, the difference from the true error measures how
    far they are from optimal.

    Parameters
    ----------
    denoiser, X, sigma, clean, dimensions, **options
        See :func:`sure`.

    Returns
    -------
    risk : Risk
    """
    denoiser = as_denoiser(denoiser)
    level, d, trace, error = _traces(denoiser, X, sigma, clean, dimensions, options)
    return Risk(level**2 * trace / d, level**2 * error / d)


def stein(noisy, denoised, sigma, trace):
    """Return SURE, ``(n,)``, from residuals and traces ``(n,)``."""
    noisy, denoised = (
        to_numpy(images).reshape(len(images), -1).astype(np.float64) for images in (noisy, denoised)
    )
    residual = np.square(noisy - denoised).mean(axis=1)
    return residual - sigma**2 + 2 * sigma**2 * trace / noisy.shape[1]


def _across_jumps(denoiser, X, sigma, clean, n_products=60, random_state=0, **options):
    level = check_sigma(sigma, len(X))
    stack = displaced_stack(denoiser, X, level, clean if denoiser.needs_clean else None)
    return TRACES["hutchinson"](stack, n_products, None, seed_sequence(random_state))


def _traces(denoiser, X, sigma, clean, dimensions, options):
    """Noise levels, values per image, traces and their standard errors."""
    if sigma is None:
        raise ValueError("sigma: expected the true noise level of X, got None.")
    images = as_images(X, image_shape=denoiser.image_shape)
    level, d = check_sigma(sigma, len(images)), int(np.prod(images.shape[1:]))
    if dimensions is None:
        dimensions = effective_dimension(denoiser, X, sigma, clean=clean, **options)
    if len(dimensions) != len(images):
        raise ValueError(
            f"dimensions: expected one per image, {len(images)}, got {len(dimensions)}."
        )
    columns = zip(*((one.value, one.standard_error) for one in dimensions), strict=True)
    return level, d, *map(np.array, columns)
