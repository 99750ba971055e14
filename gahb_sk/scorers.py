"""Scorer objects for ``cross_validate(est, X, scoring=...)`` and ``GridSearchCV``.

scikit-learn's ``make_scorer`` wants ``predict``; these call ``transform`` and, with metadata
routing, may be sent ``sigma``.
"""

import inspect

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.utils import gen_batches

from gahb_sk._arrays import as_array, is_lazy
from gahb_sk._documentation import Documented
from gahb_sk._validation import check_name
from gahb_sk.metrics import mse, psnr, ssim
from gahb_sk.noise import DEFAULT_SIGMA, SCORE_NOISE_SEED, add_gaussian_noise, check_sigma

# Values of a lazy stack that are read at a time.
_VALUES_AT_ONCE = 2**22


class _DenoisingScorer(Documented, BaseEstimator):
    """What the scorers share: the noise, and the mean over its levels."""

    _sign = 1

    def __init__(self, sigma=DEFAULT_SIGMA, *, data_range=1.0, random_state=SCORE_NOISE_SEED):
        self.sigma = sigma
        self.data_range = data_range
        self.random_state = random_state

    def score(self, estimator, X, y=None, sigma=None):
        """Score a fitted denoiser; higher is better.

        Parameters
        ----------
        estimator : fitted denoiser, search or pipeline
            Whatever has ``transform``. A denoiser, alone or found by a search, is given the noise
            level, and an oracle the clean images. A pipeline is given them if its last step
            requests them by metadata routing, since steps before it may change the units.
        X : array-like of images
            Clean images (noise is added here at each of the scorer's levels), or, with ``y``, noisy
            ones. A lazy stack is read in pieces.
        y : array-like of images, default=None
            Clean images.
        sigma : float or array-like of shape (n,), default=None
            Noise level in place of the scorer's; with ``y``, the level of the noise in X if known.

        Returns
        -------
        score : float
        """
        estimator = getattr(estimator, "best_estimator_", estimator)
        X = as_array(X)
        if y is not None:
            return float(self._sign * self._mean(estimator, X, y, sigma))
        levels = np.atleast_1d(self.sigma) if sigma is None else [sigma]
        if len(levels) == 0:
            raise ValueError("sigma: expected at least one noise level, got none.")
        scores = [self._mean(estimator, X, None, level) for level in levels]
        return float(self._sign * np.mean(scores))

    def __call__(self, estimator, X, y=None, sigma=None):
        """Score; the same as :meth:`score`."""
        return self.score(estimator, X, y, sigma=sigma)

    def _mean(self, estimator, X, y, sigma):
        """Mean over the images, in pieces if they are lazy; without y noise is added to X."""
        n = len(X)
        sigma = None if sigma is None else check_sigma(sigma, n)
        step = n
        if is_lazy(X) or is_lazy(y):
            step = max(1, _VALUES_AT_ONCE // int(np.prod(X.shape[1:])))
        values = []
        for piece in gen_batches(n, step):
            noisy, clean = X[piece], X[piece] if y is None else y[piece]
            level = None if sigma is None else sigma[piece]
            if y is None:
                which = range(piece.start, piece.stop)
                noisy = add_gaussian_noise(clean, level, self.random_state, indices=which)
            values.append(self._metric(clean, _denoised(estimator, noisy, clean, level), estimator))
        return np.concatenate(values).mean()


def _denoised(estimator, noisy, clean, sigma):
    if hasattr(estimator, "denoise"):
        return estimator.denoise(noisy, sigma, clean=clean)
    known = [("sigma", sigma), ("clean", clean)]
    taken = {name: v for name, v in known if v is not None and _takes(estimator, name)}
    return estimator.transform(noisy, **taken)


def _takes(estimator, name):
    """Tell whether ``transform`` takes an argument, by its signature or by metadata routing."""
    parameters = inspect.signature(estimator.transform).parameters
    if name in parameters:
        return True
    if not get_config()["enable_metadata_routing"]:
        return False
    takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    return takes_any and name in estimator.get_metadata_routing().consumes("transform", [name])


def _as_images(estimator, rows):
    """Return flat rows as images of the shape that the denoiser takes them for."""
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    shape = getattr(last, "image_shape_", getattr(last, "image_shape", None))
    if shape is None:
        raise ValueError(
            "X: expected images (n, H, W) or (n, C, H, W), or flat rows and a denoiser with "
            f"image_shape=, got rows of shape {tuple(rows.shape)}."
        )
    return rows.reshape(len(rows), *shape)


class PSNRScorer(_DenoisingScorer):
    """Mean PSNR in decibels as a scorer.

    Parameters
    ----------
    sigma : float or tuple of float, default=0.1
        Noise levels at which clean images are denoised; the score is the mean over them.
    data_range : float, default=1.0
        Length of the range of intensities, in the units of the images.
    random_state : int, default=0
        Seed of the noise: the same noise for every candidate.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from gahb_sk import PSNRScorer, WaveletShrinkage
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> X = make_c_alpha_images(6, image_size=32, random_state=0)
    >>> scores = cross_val_score(
    ...     WaveletShrinkage(), X, scoring=PSNRScorer(sigma=(0.05, 0.1)), cv=3
    ... )
    >>> scores.shape
    (3,)
    """

    def _metric(self, clean, denoised, estimator):
        if clean.ndim == 2:
            clean, denoised = clean[:, None], denoised[:, None]
        return psnr(clean, denoised, data_range=self.data_range)


class SSIMScorer(_DenoisingScorer):
    """Mean structural similarity as a scorer, with the parameters of :class:`PSNRScorer`."""

    def _metric(self, clean, denoised, estimator):
        if clean.ndim == 2:
            clean, denoised = (_as_images(estimator, rows) for rows in (clean, denoised))
        return ssim(clean, denoised, data_range=self.data_range)


class MSEScorer(_DenoisingScorer):
    """Mean squared error, negated (higher is better), as a scorer; see :class:`PSNRScorer`."""

    _sign = -1

    def __init__(self, sigma=DEFAULT_SIGMA, *, random_state=SCORE_NOISE_SEED):
        self.sigma = sigma
        self.random_state = random_state

    def _metric(self, clean, denoised, estimator):
        return mse(clean, denoised)


_SCORERS = {"psnr": PSNRScorer, "ssim": SSIMScorer, "neg_mean_squared_error": MSEScorer}


def get_scorer(scoring):
    """Return a scorer by its name, as :func:`sklearn.metrics.get_scorer` does for its own.

    Parameters
    ----------
    scoring : {"psnr", "ssim", "neg_mean_squared_error"}
        Name of the scorer. Higher is better for each.

    Returns
    -------
    scorer : PSNRScorer, SSIMScorer or MSEScorer
        A new one with its defaults: noise of standard deviation 0.1, intensities in [0, 1]. Other
        values are set by ``scorer.set_params(sigma=(0.05, 0.1))``.

    Raises
    ------
    ValueError
        If no scorer has this name.

    Examples
    --------
    >>> from gahb_sk.scorers import get_scorer
    >>> get_scorer("psnr")
    PSNRScorer()
    """
    return _SCORERS[check_name(scoring, _SCORERS, "scorer")]()
