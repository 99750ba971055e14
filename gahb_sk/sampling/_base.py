"""A sampler: parameters like an estimator's, one way to draw."""

from dataclasses import replace
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from gahb_sk._documentation import Documented
from gahb_sk._validation import Real, StrOptions, at_least, positive
from gahb_sk.sampling._chain import Prior
from gahb_sk.sampling._samples import Samples
from gahb_sk.sampling.operators import LinearMeasurement, check_measurement, check_operator


class BaseSampler(Documented, BaseEstimator):
    """Parameters that all samplers share.

    A subclass has ``_run(prior, start, numbers)``, and the same with a measurement,
    ``_run_inverse(prior, start, numbers, operator, known, sigma)``.

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
        n = self._check(n_samples, first)
        prior = Prior(self.denoiser, image_shape)
        start = np.broadcast_to(self._mean(prior.shape), (n, *prior.shape))
        return self._run(prior, start, range(first, first + n))

    def inverse(
        self,
        measurement: npt.ArrayLike,
        operator: LinearMeasurement,
        *,
        n_samples: int = 1,
        measurement_sigma: float = 0.0,
        first: int = 0,
    ) -> Samples:
        r"""Draw images that agree with linear measurements.

        Parameters
        ----------
        measurement : array-like of shape (n_measurements,) or (n, n_measurements)
            Result of ``operator.measure``, of one image or of several.
        operator : LinearMeasurement
            With orthonormal measurement vectors, which is checked.
        n_samples : int, default=1
            Images per measurement.
        measurement_sigma : float, default=0.0
            Standard deviation of white noise in the measurement, up to which the restored images
            agree with it.
        first : int, default=0
            Number of the first sample.

        Returns
        -------
        restored : Samples
            ``images`` of shape (n * n_samples, ...), those of the first measurement first. Without
            measurement noise they agree with the measurement: see ``residual``.

        Raises
        ------
        ValueError, DivergenceError
            If the measurement has the wrong length, the operator is not orthonormal, or samples
            do not converge.

        Notes
        -----
        :class:`ScoreSampler` projects each step on the measurement, as the paper does; with noise,
        the measured part follows the prior and the likelihood together below the measurement's
        level [1]_. :class:`FlowSampler` follows the posterior mean given image and measurement,
        with :math:`\sigma^2 J` as the covariance of the prior [2]_: exact for Gaussian images, at
        the cost of up to 40 products with the Jacobian per denoising.

        References
        ----------
        .. [1] B. Kawar, G. Vaksman and M. Elad, "SNIPS: Solving noisy inverse problems
           stochastically", NeurIPS 2021, arXiv:2105.14951.
        .. [2] F. Rozet, G. Andry, F. Lanusse and G. Louppe, "Learning diffusion priors from
           observations by expectation maximization", NeurIPS 2024, arXiv:2405.13712.
        """
        n_samples = self._check(n_samples, first)
        check_operator(operator)
        if not isinstance(measurement_sigma, Real) or not 0 <= measurement_sigma < np.inf:
            raise ValueError(
                f"measurement_sigma: expected a number >= 0, got {measurement_sigma!r}."
            )
        prior = Prior(self.denoiser, operator.image_shape)
        known = np.repeat(check_measurement(measurement, operator), n_samples, axis=0)
        mean = np.broadcast_to(self._mean(prior.shape), (len(known), *prior.shape))
        start = mean + operator.adjoint(known - operator.measure(mean))
        numbers, sigma = range(first, first + len(known)), float(measurement_sigma)
        restored = self._run_inverse(prior, start, numbers, operator, known, sigma)
        size = np.maximum(np.linalg.norm(known, axis=1), np.finfo(np.float64).tiny)
        away = operator.measure(restored.images.astype(np.float64)) - known
        return replace(restored, residual=np.linalg.norm(away, axis=1) / size)

    def _check(self, n_samples, first):
        """Check the parameters, as an estimator's ``fit`` does; return the number to draw."""
        self._validate_params()
        if self.sigma_end >= self.sigma_start:
            raise ValueError(
                f"sigma_end: expected less than sigma_start, {self.sigma_start}, got "
                f"{self.sigma_end}."
            )
        for name, value, least in (("n_samples", n_samples, 1), ("first", first, 0)):
            if not at_least(least).is_satisfied_by(value):
                raise ValueError(f"{name}: expected an int >= {least}, got {value!r}.")
        return int(n_samples)

    def _mean(self, shape):
        """Return the mean of the starting noise, a number or an image, in double precision."""
        mean = np.asarray(self.mean, np.float64)
        if mean.ndim and mean.shape != shape:
            raise ValueError(
                f"mean: expected a number or an image of shape {shape}, got shape {mean.shape}."
            )
        return mean
