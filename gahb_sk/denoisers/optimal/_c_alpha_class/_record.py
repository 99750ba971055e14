"""The posterior of one noisy image, from two independent runs, with what certifies it."""

import math
from dataclasses import dataclass

import numpy as np

# An image is certified up to this R-hat and this standard error of its log evidence.
_MIXED, _AGREED = 1.5, 4.0


@dataclass(frozen=True)
class Posterior:
    """What two runs say of an image given its noisy version.

    Attributes
    ----------
    mean : ndarray of shape (H, W)
        Posterior mean.
    run_means : ndarray of shape (2, H, W)
        Of each run.
    variance : float
        Trace of the posterior covariance, free of Monte Carlo bias.
    run_variances : ndarray of shape (2,)
        Of each run.
    error_variance : float
        Squared Monte Carlo error of ``mean``, summed over pixels, from the runs' difference.
    log_evidence : ndarray of shape (2,)
        Log density of the noisy image, by each run.
    dark_above : float
        Probability that the side above the contour is the dark one.
    draws : ndarray of shape (k, H, W)
        Dependent draws from the posterior.
    draw_weights : ndarray of shape (k,)
        Their weights, of sum 1.
    draw_contours : ndarray of shape (k, W)
        Heights of the draws' contours, in pixels from the top.
    draw_ranges : ndarray of shape (k, 2)
        u1 and u2 of the draws: the bright side covers [u1, 1], the dark one [0, u2].
    correction : float
        Variance of the log weights from normal to uniform innovations; 0 if exact throughout.
    exact : bool
        Whether the states are those of the exact law.
    r_hat : float
        Root of the total over the within-particle variance of the images: 1 if particles move
        freely through the posterior, large if they stay where they began.
    """

    mean: np.ndarray
    run_means: np.ndarray
    variance: float
    run_variances: np.ndarray
    error_variance: float
    log_evidence: np.ndarray
    dark_above: float
    draws: np.ndarray
    draw_weights: np.ndarray
    draw_contours: np.ndarray
    draw_ranges: np.ndarray
    correction: float
    exact: bool
    r_hat: float

    @property
    def error_db(self):
        """By how many dB Monte Carlo error lowers the PSNR of the mean."""
        return 10 * math.log10(1 + self.error_variance / max(self.variance, 1e-300))

    @property
    def log_density(self):
        """Log density of the noisy image: the log of the runs' mean evidence."""
        return float(np.logaddexp.reduce(self.log_evidence) - math.log(len(self.log_evidence)))

    @property
    def log_evidence_error(self):
        """Standard error of ``log_density``, from the runs' difference."""
        return float(np.ptp(self.log_evidence)) / 2

    @property
    def factor(self):
        """Rows (k, d) whose Gram matrix is the posterior covariance."""
        draws = self.draws.reshape(len(self.draws), -1).astype(np.float64)
        away = draws - self.draw_weights @ draws
        return away * np.sqrt(self.draw_weights)[:, None]

    def certifies(self, tolerance):
        """Whether Monte Carlo error costs less than ``tolerance`` dB and both runs agree."""
        return bool(
            np.isinf(tolerance)
            or (
                self.error_db <= tolerance
                and self.r_hat <= _MIXED
                and self.log_evidence_error <= _AGREED
            )
        )

    def covariance_along(self, directions):
        """Posterior covariance of the image's components along given directions.

        Parameters
        ----------
        directions : array-like of shape (m, H, W)
            Divided by ``sigma**2``, the covariance is that part of the denoiser's Jacobian.

        Returns
        -------
        covariance : ndarray of shape (m, m)
        """
        directions = np.asarray(directions, np.float64)
        along = self.factor @ directions.reshape(len(directions), -1).T
        return along.T @ along

    @property
    def effective_size(self):
        """Number of independent posterior draws whose mean would have the same error."""
        return self.variance / max(self.error_variance, 1e-300)
