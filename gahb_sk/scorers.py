"""Scorer objects for ``cross_validate(est, X, scoring=...)`` and ``GridSearchCV``.

scikit-learn's ``make_scorer`` wants ``predict``; these call ``transform`` and, with metadata
routing, may be sent ``sigma``.
"""

import inspect

import numpy as np
from sklearn.base import BaseEstimator

from gahb_sk._images import check_sigma, is_torch
from gahb_sk.metrics import mse, psnr, ssim
from gahb_sk.noise import DEFAULT_SIGMA, SCORE_NOISE_SEED, add_gaussian_noise


class _DenoisingScorer(BaseEstimator):
    """What the scorers share: the noise, and the mean over its levels."""

    _sign = 1

    def score(self, estimator, X, y=None, sigma=None):
        """Score a fitted denoiser; higher is better.

        Parameters
        ----------
        estimator : fitted denoiser or pipeline
            What has ``transform``. Its ``transform`` is told the noise level if it takes one.
        X : array-like of images
            Clean images (noise is added here at each level of ``sigmas``), or, with ``y``, noisy
            ones.
        y : array-like of images, default=None
            Clean images.
        sigma : float or array-like of shape (n,), default=None
            Noise level in place of ``sigmas``; with ``y``, the level of the noise in X if known.

        Returns
        -------
        score : float
        """
        if y is not None:
            return float(self._sign * self._measure(estimator, X, y, sigma).mean())
        levels = np.atleast_1d(self.sigmas) if sigma is None else [sigma]
        if len(levels) == 0:
            raise ValueError("sigmas: expected at least one noise level, got none.")
        X = X if is_torch(X) else np.asarray(X)
        scores = [
            self._measure(
                estimator, add_gaussian_noise(X, level, self.random_state), X, level
            ).mean()
            for level in levels
        ]
        return float(self._sign * np.mean(scores))

    def __call__(self, estimator, X, y=None, sigma=None):
        """Score; the same as :meth:`score`."""
        return self.score(estimator, X, y, sigma=sigma)

    def _measure(self, estimator, noisy, clean, sigma):
        arguments = {}
        taken = inspect.signature(estimator.transform).parameters
        if sigma is not None and "sigma" in taken:
            arguments["sigma"] = sigma if np.ndim(sigma) == 0 else check_sigma(sigma, len(noisy))
        if "clean" in taken:
            arguments["clean"] = clean
        return self._metric(clean, estimator.transform(noisy, **arguments))


class PSNRScorer(_DenoisingScorer):
    """Mean PSNR in decibels as a scorer.

    Parameters
    ----------
    sigmas : tuple of float, default=(0.1,)
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
    ...     WaveletShrinkage(), X, scoring=PSNRScorer(sigmas=(0.05, 0.1)), cv=3
    ... )
    >>> scores.shape
    (3,)
    """

    def __init__(self, sigmas=(DEFAULT_SIGMA,), *, data_range=1.0, random_state=SCORE_NOISE_SEED):
        self.sigmas = sigmas
        self.data_range = data_range
        self.random_state = random_state

    def _metric(self, clean, denoised):
        return psnr(clean, denoised, data_range=self.data_range)


class SSIMScorer(_DenoisingScorer):
    """Mean structural similarity as a scorer.

    Parameters
    ----------
    sigmas : tuple of float, default=(0.1,)
        Noise levels at which clean images are denoised; the score is the mean over them.
    data_range : float, default=1.0
        Length of the range of intensities, in the units of the images.
    random_state : int, default=0
        Seed of the noise: the same noise for every candidate.
    """

    def __init__(self, sigmas=(DEFAULT_SIGMA,), *, data_range=1.0, random_state=SCORE_NOISE_SEED):
        self.sigmas = sigmas
        self.data_range = data_range
        self.random_state = random_state

    def _metric(self, clean, denoised):
        return ssim(clean, denoised, data_range=self.data_range)


class MSEScorer(_DenoisingScorer):
    """Mean squared error, negated so that higher is better, as a scorer.

    Parameters
    ----------
    sigmas : tuple of float, default=(0.1,)
        Noise levels at which clean images are denoised; the score is the mean over them.
    random_state : int, default=0
        Seed of the noise: the same noise for every candidate.
    """

    _sign = -1

    def __init__(self, sigmas=(DEFAULT_SIGMA,), *, random_state=SCORE_NOISE_SEED):
        self.sigmas = sigmas
        self.random_state = random_state

    def _metric(self, clean, denoised):
        return mse(clean, denoised)
