"""The Jacobian of any denoiser at one image, or at several at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gahb_sk._validation import at_least, validate_params
from gahb_sk.jacobians._operator import JacobianOperator, dense
from gahb_sk.jacobians._stack import JacobianStack

_PRECISIONS = ("float32", "float64")


def linearize(
    denoiser: Any,
    image: npt.ArrayLike,
    sigma: float | None = None,
    *,
    clean: npt.ArrayLike | None = None,
    dtype: npt.DTypeLike = "float64",
) -> JacobianOperator:
    """Jacobian of a denoiser at one noisy image, as a linear operator.

    Parameters
    ----------
    denoiser : fitted denoiser
        Of any kind.
    image : array-like or torch.Tensor of shape (H, W) or (C, H, W)
        One noisy image; one flat row if the denoiser was given ``image_shape``.
    sigma : float, default=None
        Noise level in the units of the image, held fixed in the derivative. None: the
        denoiser's own, or an estimate; blind denoisers need none.
    clean : array-like, default=None
        The clean image, for oracles; it is held fixed.
    dtype : {"float64", "float32"}, default="float64"
        Precision in which networks compute; all else is in double precision.

    Returns
    -------
    operator : JacobianOperator of shape (d, d)
        With batched ``matmat`` and ``rmatmat``. ``operator.step`` is the step of central
        differences, or None if the products are exact.

    Raises
    ------
    ValueError, TypeError
        For a stack instead of one image, an oracle without ``clean``, or anything but a denoiser,
        such as a pipeline.

    Notes
    -----
    Exact for networks (the gates of the rectifiers held, or forward and reverse mode), for
    shrinkage in a basis chosen at the image, for Wiener, empirical Bayes (also of windows) and
    posterior means (of continuous disks up to their quadrature). The step of central differences
    is a thousandth of the noise level, for blind denoisers of the deviation of the image.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.jacobians import linearize
    >>> from gahb_sk.denoisers import WaveletShrinkage
    >>> image = np.random.RandomState(0).rand(16, 16)
    >>> denoiser = WaveletShrinkage(rule="hard", threshold=3.0).fit(image[None])
    >>> J = linearize(denoiser, image, sigma=0.1)
    >>> np.abs(J @ image.ravel() - denoiser.transform(image[None], sigma=0.1).ravel()).max() < 1e-9
    np.True_
    """
    _check(denoiser, dtype)
    return denoiser.linearize(image, sigma, clean=clean).astype(dtype)


@validate_params({"block": [at_least(1)], "verbose": ["boolean"]})
def jacobian(
    denoiser: Any,
    image: npt.ArrayLike,
    sigma: float | None = None,
    *,
    clean: npt.ArrayLike | None = None,
    dtype: npt.DTypeLike = "float64",
    block: int = 256,
    verbose: bool = False,
) -> np.ndarray:
    """Jacobian of a denoiser at one noisy image, as a matrix.

    Parameters
    ----------
    denoiser, image, sigma, clean, dtype
        See :func:`linearize`.
    block : int, default=256
        Columns computed at once.
    verbose : bool, default=False
        Whether to show a progress bar on stderr.

    Returns
    -------
    jacobian : ndarray of shape (d, d)
        Row i is the gradient of the denoised pixel i. At d = 6,400 it takes 328 MB in double
        precision.
    """
    return dense(linearize(denoiser, image, sigma, clean=clean, dtype=dtype), block, verbose)


def linearize_stack(
    denoiser: Any,
    X: npt.ArrayLike,
    sigma: npt.ArrayLike | None = None,
    *,
    clean: npt.ArrayLike | None = None,
    dtype: npt.DTypeLike = "float64",
) -> JacobianStack:
    """Jacobians of a denoiser at several noisy images.

    Networks multiply vectors at all images in one pass, and denoisers without an exact Jacobian
    denoise all displaced images as one stack.

    Parameters
    ----------
    denoiser, dtype
        See :func:`linearize`.
    X : array-like, torch.Tensor or lazy stack
        Noisy images, shaped as in ``fit``.
    sigma : float or array-like of shape (n,), default=None
        Noise levels.
    clean : array-like, default=None
        The clean images, for oracles.

    Returns
    -------
    stack : JacobianStack
    """
    _check(denoiser, dtype)
    return denoiser.linearize_stack(X, sigma, clean=clean).astype(dtype)


def _check(denoiser, dtype):
    """Raise unless the object can be linearised, in single or double precision."""
    if not hasattr(denoiser, "linearize"):
        raise TypeError(
            f"denoiser: expected a fitted denoiser of gahb_sk, got {type(denoiser).__name__}. Of a "
            "pipeline pass the denoiser itself, pipeline[-1], with images as they reach it. Wrap a "
            "function or a torch module with gahb_sk.denoisers.as_denoiser."
        )
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = str(dtype)
    if name not in _PRECISIONS:
        raise ValueError(
            f"dtype: expected one of {_PRECISIONS}, got {dtype!r}. Half precision keeps 3 digits, "
            "fewer than the differences between shrinkage factors."
        )
