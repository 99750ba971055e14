"""SURE as a scorer: denoisers are tuned on noisy images alone."""

import inspect
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from gahb_sk._arrays import is_torch, to_numpy
from gahb_sk._documentation import Documented
from gahb_sk._random import Seed, seed_sequence
from gahb_sk._validation import Integral
from gahb_sk.analysis._jumps import displaced_stack, jumps
from gahb_sk.analysis._risk import stein
from gahb_sk.jacobians import JacobianStack
from gahb_sk.jacobians._differences import difference_products, step_size
from gahb_sk.jacobians._trace import hutchinson_samples
from gahb_sk.noise import SCORE_NOISE_SEED, check_sigma, estimate_sigma


class SUREScorer(Documented, BaseEstimator):
    """Stein's unbiased estimate of the mean squared error, negated, as a scorer.

    ``GridSearchCV(denoiser, grid, scoring=SUREScorer(sigma=0.1)).fit(noisy)`` chooses parameters
    without clean images. ``fit`` then sees noisy images too, so this is for denoisers that learn
    nothing, or were trained before.

    Parameters
    ----------
    sigma : float, default=None
        Noise level of X in its units. None: that sent with metadata routing, or else an estimate
        for each image.
    n_probes : int, default=4
        Random vectors that estimate the trace of the Jacobian, the same for every candidate.
    random_state : int, default=0
        Seed of the random vectors.

    Notes
    -----
    For denoisers that jump the estimate is too low: compare them with others by their true error.
    A pipeline is differentiated numerically as a whole.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from gahb_sk import SUREScorer, WaveletShrinkage, add_gaussian_noise
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> noisy = add_gaussian_noise(make_c_alpha_images(8, 32, random_state=0), 0.1, 0)
    >>> grid = {"threshold": [0.1, 1.5, 10.0]}
    >>> search = GridSearchCV(WaveletShrinkage(), grid, scoring=SUREScorer(sigma=0.1), cv=2)
    >>> search.fit(noisy).best_params_
    {'threshold': 1.5}
    """

    def __init__(
        self,
        sigma: float | None = None,
        *,
        n_probes: int = 4,
        random_state: Seed = SCORE_NOISE_SEED,
    ):
        self.sigma = sigma
        self.n_probes = n_probes
        self.random_state = random_state

    def score(
        self, estimator: Any, X: npt.ArrayLike, y: object = None, sigma: npt.ArrayLike | None = None
    ) -> float:
        """Score a fitted denoiser on noisy images; higher is better.

        Parameters
        ----------
        estimator : fitted denoiser or pipeline
            Its ``transform`` is given the noise level if it takes one.
        X : array-like or torch.Tensor
            Noisy images.
        y : ignored
        sigma : float or array-like of shape (n,), default=None
            Noise level in place of the scorer's.

        Returns
        -------
        score : float
            Minus the mean of SURE.
        """
        if not isinstance(self.n_probes, Integral) or self.n_probes < 1:
            raise ValueError(f"n_probes: expected an int of at least 1, got {self.n_probes!r}.")
        if getattr(estimator, "needs_clean", False):
            raise ValueError(
                f"estimator: {type(estimator).__name__} needs the clean images, which this scorer "
                "does without. Use MSEScorer."
            )
        X = X if is_torch(X) else np.asarray(X)
        level = self._level(X, sigma)
        takes_sigma = _takes_sigma(estimator)
        denoised = estimator.transform(X, **({"sigma": level} if takes_sigma else {}))
        traces = self._samples(estimator, X, level, takes_sigma).mean(axis=1)
        return -float(stein(X, denoised, level, traces).mean())

    def __call__(
        self, estimator: Any, X: npt.ArrayLike, y: object = None, sigma: npt.ArrayLike | None = None
    ) -> float:
        """Score; the same as :meth:`score`."""
        return self.score(estimator, X, y, sigma=sigma)

    def _level(self, X, sigma):
        sigma = self.sigma if sigma is None else sigma
        if sigma is not None:
            return check_sigma(sigma, len(X))
        if X.ndim == 2:
            raise ValueError("sigma: expected the noise level, since X holds flat rows, got None.")
        return estimate_sigma(X)

    def _samples(self, estimator, X, level, takes_sigma):
        root = seed_sequence(self.random_state)
        if jumps(estimator):
            stack = displaced_stack(estimator, X, level)
        elif hasattr(estimator, "linearize_stack"):
            stack = estimator.linearize_stack(X, level)
        else:
            stack = _by_differences(estimator, to_numpy(X).astype(np.float64), level, takes_sigma)
        return hutchinson_samples(stack, self.n_probes, root)


def _by_differences(estimator, X, level, takes_sigma):
    """Return the stack of Jacobians of whatever has ``transform``, at all images together."""

    def transform(images, which):
        arguments = {"sigma": level[which]} if takes_sigma else {}
        return np.asarray(estimator.transform(images, **arguments))

    matmat = difference_products(transform, X, step_size(level))
    return JacobianStack(len(X), X[0].size, None, lambda dtype: (matmat, None))


def _takes_sigma(estimator):
    return "sigma" in inspect.signature(estimator.transform).parameters
