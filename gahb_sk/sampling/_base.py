"""A sampler: parameters like an estimator's, one way to draw."""

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator

from gahb_sk._validation import Integral, Real, StrOptions, positive
from gahb_sk.sampling._chain import Prior
from gahb_sk.sampling._samples import Samples


class BaseSampler(BaseEstimator):
    """Parameters that all samplers share; a subclass has ``_run(prior, start, numbers)``.

    A sampler has scikit-learn's ``get_params`` and ``set_params``. Its clone keeps the fitted
    denoiser, since without one there is nothing to draw from.
    """

    _parameter_constraints: dict = {
        "denoiser": "no_validation",
        "sigma_start": [positive()],
        "sigma_end": [positive()],
        "mean": [Real, "array-like"],
        "on_divergence": [StrOptions({"raise", "nan"})],
        "random_state": ["random_state"],
    }

    def __sklearn_clone__(self) -> Self:
        return type(self)(**self.get_params(deep=False))

    def sample(
        self, n_samples: int = 1, image_shape: tuple | None = None, *, first: int = 0
    ) -> Samples:
        """Draw images.

        Parameters
        ----------
        n_samples : int, default=1
            How many.
        image_shape : tuple of int, default=None
            ``(H, W)`` or ``(C, H, W)``; None is that of the denoiser's training images.
        first : int, default=0
            Number of the first one: ``sample(1, first=7)`` redraws the eighth.

        Returns
        -------
        samples : Samples
            Their ``images`` and how each ended.

        Raises
        ------
        DivergenceError
            If samples do not converge; see ``on_divergence``.
        ValueError, TypeError
            If a parameter is wrong, the denoiser is an oracle or not fitted, or the shape is
            invalid.
        """
        n = self._check(n_samples)
        prior = Prior(self.denoiser, image_shape)
        start = np.broadcast_to(self._mean(prior.shape), (n, *prior.shape))
        return self._run(prior, start, range(first, first + n))

    def _check(self, n_samples):
        """Check the parameters, as an estimator's ``fit`` does; return the number to draw."""
        self._validate_params()
        if self.sigma_end >= self.sigma_start:
            raise ValueError(
                f"sigma_end: expected less than sigma_start, {self.sigma_start}, got "
                f"{self.sigma_end}."
            )
        if not isinstance(n_samples, Integral) or n_samples is True or n_samples < 1:
            raise ValueError(f"n_samples: expected an int >= 1, got {n_samples!r}.")
        return int(n_samples)

    def _mean(self, shape):
        """Return the mean of the starting noise, a number or an image, in double precision."""
        mean = np.asarray(self.mean, np.float64)
        if mean.ndim and mean.shape != shape:
            raise ValueError(
                f"mean: expected a number or an image of shape {shape}, got shape {mean.shape}."
            )
        return mean
