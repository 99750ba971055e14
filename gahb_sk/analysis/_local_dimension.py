r"""Local dimension of the images that a denoiser has in mind: at one image, at one noise level.

Near a clean image x of a smooth k-dimensional set, the denoiser of least mean squared error tends
to the projection on the tangent space as sigma falls. Three limits give k:

.. math::
    \mathrm{tr} J(x) + \|f(x) - x\|^2 / \sigma^2 \quad \text{(at the clean image)}, \qquad
    \mathrm{tr} J(y), \qquad
    d - \|f(y) - y\|^2 / \sigma^2 \quad \text{(at } y = x + \sigma z \text{)}.

The first is the dimension of the noisy density by the Fokker-Planck equation [1]_. The last two
have the same mean for a posterior mean.

References
----------
.. [1] H. Kamkari et al., "A geometric view of data complexity: efficient local intrinsic dimension
   estimation with diffusion models", 2024. arXiv:2406.03537
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gahb_sk._arrays import to_numpy
from gahb_sk._random import Seed, child, seed_sequence
from gahb_sk._validation import StrOptions, validate_params
from gahb_sk.analysis._risk import effective_dimension
from gahb_sk.denoisers import as_denoiser
from gahb_sk.images import as_images
from gahb_sk.noise import add_gaussian_noise, check_sigma

_NOISE, _TRACE = range(2)  # streams of random numbers


@dataclass(frozen=True)
class LocalDimension:
    """Local dimensions of several images.

    Attributes
    ----------
    value : ndarray of shape (n,)
        The dimension, not rounded; "norm" may be negative by chance.
    standard_error : ndarray of shape (n,)
        Of the estimate of the trace, 0 where it is exact; of "norm", that which the noise of one
        image causes, sqrt(2 (d - value)).
    """

    value: np.ndarray
    standard_error: np.ndarray


@validate_params({"method": [StrOptions({"auto", "clean", "trace", "norm"})]})
def local_dimension(
    denoiser: Any,
    X: npt.ArrayLike,
    sigma: npt.ArrayLike,
    *,
    method: str = "auto",
    random_state: Seed = 0,
    **options: Any,
) -> LocalDimension:
    """Estimate the dimension of the set of images around each clean image.

    Parameters
    ----------
    denoiser : denoiser
        As for :func:`effective_dimension`, no oracle.
    X : array-like or torch.Tensor
        Clean images, shaped as in ``fit``.
    sigma : float or array-like of shape (n,)
        Noise level in the units of X, positive: the scale at which the dimension is measured.
        Directions along which the images extend less than sigma do not count.
    method : {"auto", "clean", "trace", "norm"}, default="auto"
        "clean" takes trace and norm at the clean image, so the denoiser must use sigma. "trace"
        takes the trace at an image with noise. "norm" takes the norm there, without any Jacobian,
        with a standard error of sqrt(2 d). "auto" is "clean" if the denoiser uses sigma, "trace"
        if it is blind.
    random_state : int, RandomState or None, default=0
        Seed of the noise and of the trace's random vectors; image k has streams of its own.
    **options
        How the trace is computed: ``n_products``, ``tolerance``, ``dtype`` of
        :func:`effective_dimension`.

    Returns
    -------
    dimension : LocalDimension

    Raises
    ------
    ValueError
        If sigma is not positive, or "clean" is asked of a blind denoiser.
    TypeError
        If the denoiser is an oracle.

    Examples
    --------
    >>> from gahb_sk.analysis import local_dimension
    >>> from gahb_sk.image_classes import SineImages
    >>> law = SineImages(16)  # of dimension 2
    >>> X = law.sample(3, random_state=0, dtype="float64")
    >>> print(local_dimension(law.posterior_mean(), X, sigma=0.01).value.round(2))
    [2. 2. 2.]
    """
    denoiser = as_denoiser(denoiser, oracles=False)
    images = as_images(X, image_shape=denoiser.image_shape)
    level = check_sigma(sigma, len(images))
    if not (level > 0).all():
        raise ValueError(f"sigma: expected positive noise levels, got {sigma!r}.")
    if method == "auto":
        method = "trace" if denoiser.blind else "clean"
    if method == "clean" and denoiser.blind:
        raise ValueError(
            f"method: 'clean' needs a denoiser that uses sigma, {type(denoiser).__name__} is blind "
            "and sees no noise at a clean image. Choose 'trace' or 'norm'."
        )
    root = seed_sequence(random_state)
    if method != "clean":
        noisy = add_gaussian_noise(images.numpy(), level, child(root, _NOISE))
        X = images.restore(noisy)
    return _METHODS[method](denoiser, X, level, {"random_state": child(root, _TRACE), **options})


def _clean(denoiser, X, sigma, options):
    trace = _trace(denoiser, X, sigma, options)
    return LocalDimension(trace.value + _squares(denoiser, X, sigma), trace.standard_error)


def _trace(denoiser, X, sigma, options):
    traces = effective_dimension(denoiser, X, sigma, **options)
    return LocalDimension(
        np.array([one.value for one in traces]), np.array([one.standard_error for one in traces])
    )


def _norm(denoiser, X, sigma, options):
    d = to_numpy(X[0]).size
    value = d - _squares(denoiser, X, sigma)
    return LocalDimension(value, np.sqrt(2 * np.maximum(d - value, 0)))


_METHODS = {"clean": _clean, "trace": _trace, "norm": _norm}


def _squares(denoiser, X, sigma):
    """Return ``|f(X) - X|^2 / sigma^2``, (n,)."""
    moved = to_numpy(denoiser.denoise(X, sigma)).astype(np.float64) - to_numpy(X)
    return np.square(moved).reshape(len(moved), -1).sum(axis=1) / sigma**2
