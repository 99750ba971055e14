"""A sampler: parameters like an estimator's, a result that says how each sample ended."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.base import BaseEstimator

from gahb_sk._validation import Real, StrOptions, positive


class DivergenceError(ValueError):
    """Some samples did not converge.

    Attributes
    ----------
    failed : ndarray of int
        Numbers of the samples that failed.
    """

    def __init__(self, message, failed):
        super().__init__(message)
        self.failed = failed


@dataclass(frozen=True)
class Trajectory:
    """The steps of one sample.

    Attributes
    ----------
    images : ndarray of shape (n_steps + 1, ...)
        From the starting noise on, before the last denoising.
    sigma : ndarray of shape (n_steps + 1,)
        Their noise levels.
    """

    images: np.ndarray
    sigma: np.ndarray


@dataclass(frozen=True)
class Samples:
    """Images that a sampler drew, and how it came to them.

    Attributes
    ----------
    images : ndarray of shape (n, ...), float32
        Not clipped. NaN where a sample failed and ``on_divergence="nan"``.
    converged : ndarray of shape (n,), bool
    n_steps : ndarray of shape (n,), int
        Steps that each sample took.
    sigma : ndarray of shape (n,)
        Noise level at its end, before the last denoising.
    residual : ndarray of shape (n,) or None
        ``|M^T x - m| / |m|`` where the images have to agree with measurements.
    trajectories : list of Trajectory or None
        Of each sample, if they were kept.
    """

    images: np.ndarray
    converged: np.ndarray
    n_steps: np.ndarray
    sigma: np.ndarray
    residual: np.ndarray | None = None
    trajectories: list | None = None

    def checked(self, numbers, reason, on_divergence):
        """Return these samples with failed ones set to NaN, or raise for them.

        Parameters
        ----------
        numbers : sequence of int
            Numbers of the samples in their seed.
        reason : ndarray of shape (n,), str
            Of each failure.
        on_divergence : {"raise", "nan"}
        """
        bad = np.flatnonzero(~self.converged)
        if not len(bad):
            return self
        if on_divergence == "raise":
            failed = np.asarray(numbers)[bad]
            shown = ", ".join(map(str, failed[:5])) + (", ..." if len(failed) > 5 else "")
            raise DivergenceError(
                f"{len(bad)} of {len(self.images)} samples did not converge (number {shown}): "
                f"{reason[bad[0]]}. Use a smaller h0, a larger max_steps or sigma_end, or a "
                "sigma_start in the denoiser's noise range. on_divergence='nan' returns the "
                "others.",
                failed,
            )
        images = self.images.copy()
        images[bad] = np.nan
        return replace(self, images=images)


class BaseSampler(BaseEstimator):
    """Parameters that all samplers share; a subclass has ``sample``.

    A sampler has scikit-learn's ``get_params`` and ``set_params``. Its clone keeps the fitted
    denoiser, since without one there is nothing to draw from.
    """

    _parameter_constraints = {
        "denoiser": "no_validation",
        "sigma_start": [positive()],
        "sigma_end": [positive()],
        "mean": [Real, "array-like"],
        "on_divergence": [StrOptions({"raise", "nan"})],
        "random_state": ["random_state"],
    }

    def __sklearn_clone__(self):
        return type(self)(**self.get_params(deep=False))

    def _check(self, n_samples):
        """Raise for wrong parameters, as an estimator's ``fit`` does; return the number to draw."""
        self._validate_params()
        if self.sigma_end >= self.sigma_start:
            raise ValueError(
                f"sigma_end: expected less than sigma_start, {self.sigma_start}, got "
                f"{self.sigma_end}."
            )
        if isinstance(n_samples, bool) or not isinstance(n_samples, (int, np.integer)):
            raise ValueError(f"n_samples: expected an int >= 1, got {n_samples!r}.")
        if n_samples < 1:
            raise ValueError(f"n_samples: expected an int >= 1, got {n_samples}.")
        return int(n_samples)

    def _mean(self, shape):
        """Return the mean of the starting noise, a number or an image, in double precision."""
        mean = np.asarray(self.mean, np.float64)
        if mean.ndim and mean.shape != shape:
            raise ValueError(
                f"mean: expected a number or an image of shape {shape}, got shape {mean.shape}."
            )
        return mean
