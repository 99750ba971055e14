r"""The log density of noisy images, by any denoiser.

A denoiser f of images x at all noise levels is also one of the noisy images y of level
:math:`\sigma`, with more noise of level s on them: for :math:`w = y + s z` and
:math:`t^2 = \sigma^2 + s^2`,

.. math:: \mathrm{E}[y | w] = w + \frac{s^2}{t^2} \left(f(w, t) - w\right) .

Its errors against those of a law of known density give :math:`\log p_\sigma(y)`, see
:mod:`gahb_sk.sampling._log_density`.
"""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from gahb_sk._arrays import as_array, to_numpy
from gahb_sk._random import Seed, seed_sequence
from gahb_sk._validation import at_least, positive, validate_params
from gahb_sk.denoisers import as_denoiser
from gahb_sk.images import as_images
from gahb_sk.noise import check_sigma
from gahb_sk.sampling._log_density import path_integral

_LEVELS = 32
_FIRST = 1 / 8  # of sigma: there both laws have the same errors


@validate_params({"sigma_max": [positive()], "n_draws": [at_least(1)]})
def score_samples(
    denoiser: Any,
    X: npt.ArrayLike,
    sigma: npt.ArrayLike,
    *,
    reference: Any = None,
    sigma_max: float = 1.0,
    n_draws: int = 4,
    random_state: Seed = 0,
) -> np.ndarray:
    """Log density of noisy images under a denoiser's prior, in nats.

    Parameters
    ----------
    denoiser : fitted denoiser
        No oracle: what it makes of an image depends on the clean one, and is no density.
    X : array-like of shape (n, H, W) or (n, C, H, W)
        Noisy images.
    sigma : float or array-like of shape (n,)
        Their noise level.
    reference : fitted denoiser, default=None
        With a density in closed form, such as ``GaussianPosteriorMean().fit(clean)``. The density
        is then an integral of the two denoisers' errors over higher noise levels, which any
        denoiser has. None: the denoiser's own method ``score_samples``, which posterior means and
        networks that are energies have.
    sigma_max : float, default=1.0
        Highest level of the integral. Beyond it the reference stands in for the denoiser.
    n_draws : int, default=4
        Noisy images per image at each level of the integral.
    random_state : int, RandomState or None, default=0
        Seed of the integral's noise.

    Returns
    -------
    log_density : ndarray of shape (n,)

    Raises
    ------
    ValueError, TypeError
        If the denoiser is an oracle, has no density of its own and there is no reference, or gives
        NaN.

    Examples
    --------
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.datasets import make_sine_images
    >>> from gahb_sk.denoisers import GaussianPosteriorMean, SinePosteriorMean
    >>> from gahb_sk.sampling import score_samples
    >>> X = make_sine_images(200, 8, random_state=0)
    >>> noisy = add_gaussian_noise(X[:4], 0.1, 0)
    >>> gaussian = GaussianPosteriorMean().fit(X)
    >>> exact = score_samples(SinePosteriorMean().fit(X), noisy, 0.1)
    >>> integral = score_samples(SinePosteriorMean().fit(X), noisy, 0.1, reference=gaussian)
    >>> bool(abs(exact - integral).max() < 4)
    True
    """
    denoiser = as_denoiser(denoiser, oracles=False)
    if reference is None:
        if not hasattr(denoiser, "score_samples"):
            raise ValueError(
                f"reference: {type(denoiser).__name__} has no density of its own; expected a "
                "denoiser that has one, such as GaussianPosteriorMean().fit(clean), to integrate "
                "errors against, got None."
            )
        return denoiser.score_samples(X, sigma)
    X = np.asarray(to_numpy(as_array(X)))
    as_images(X)
    X = X.astype(np.float64)
    sigma, sigma_max = check_sigma(sigma, len(X)), float(check_sigma(sigma_max, 1, "sigma_max")[0])
    if not sigma.min() > 0:
        raise ValueError(f"sigma: expected levels > 0, got {float(sigma.min())!r}.")
    reference = as_denoiser(reference, name="reference", oracles=False)
    if not hasattr(reference, "score_samples"):
        raise ValueError(f"reference: {type(reference).__name__} has no density of its own.")
    known = reference.score_samples(X, sigma)
    levels = np.geomspace(_FIRST * sigma.min(), sigma_max, _LEVELS)
    p, q = (_of_noisy_images(one, sigma) for one in (denoiser, reference))
    with warnings.catch_warnings():  # of images that the reference does not explain
        warnings.simplefilter("ignore", UserWarning)
        gaps = path_integral(p, q, X, levels, n_draws, seed_sequence(random_state))
    return known + np.trapezoid(gaps, np.log(levels), axis=0)


def _of_noisy_images(denoiser, sigma):
    """Return the denoiser of images that have noise of level sigma already."""

    def denoise(noisy, level):
        total = np.hypot(sigma, level)
        share = ((level / total) ** 2).reshape(-1, *[1] * (noisy.ndim - 1))
        return noisy + share * (np.asarray(denoiser.denoise(noisy, total)) - noisy)

    return denoise
