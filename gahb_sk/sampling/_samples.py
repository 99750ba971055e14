"""Result of a sampler: the images, and how each of them ended."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np


class DivergenceError(ValueError):
    """Some samples did not converge.

    Attributes
    ----------
    failed : ndarray of int
        Numbers of the samples that failed.
    """

    def __init__(self, message: str, failed: np.ndarray):
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
    """Images that a sampler drew, and how each ended.

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

    def checked(self, numbers: range, reason: np.ndarray, on_divergence: str) -> Self:
        """Return these samples with failed ones set to NaN, or raise, naming their numbers."""
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
