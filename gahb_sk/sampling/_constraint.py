"""How a linear measurement, noisy or not, changes a chain that samples."""

import numpy as np

from gahb_sk.sampling._chain import column


class Constraint:
    r"""Measurements ``m = M^T x + n`` that a chain keeps to, n white noise of level ``sigma_m``.

    The noise of the chain and that of the measurement are taken as one: the larger contains the
    smaller, as in SNIPS. So above ``sigma_m`` the measured part of the chain is m with the rest of
    the noise, of variance ``sigma^2 - sigma_m^2``. Below it, m is the measured part of y with noise
    of variance ``sigma_m^2 - sigma^2``, whose likelihood adds
    :math:`\sigma^2 / (\sigma_m^2 - \sigma^2)\, M (m - M^T y)` to the direction. There the measured
    part moves by :math:`\tau = 1 - \sigma^2 / \sigma_m^2` of a step: nothing explodes where the two
    levels meet.
    """

    def __init__(self, operator, known, sigma):
        self.operator, self.known, self.sigma = operator, known, sigma

    def _correction(self, images, which):
        """Return M (m - M^T y)."""
        measured = self.operator.measure(images)
        return self.operator.adjoint(self.known[which] - measured).astype(images.dtype)

    def direct(self, direction, noisy, active, level):
        """Return the direction of the chain with its measured part led by the measurement."""
        share = column(np.maximum(0, self._below(level)), direction)
        own = self.operator.project(direction).astype(direction.dtype)
        led = (1 - share) * self._correction(noisy, active)
        return direction - (1 - share) * own + led

    def thin(self, noise, level):
        """Return the noise with less of it in the measured part."""
        if not self.sigma:
            return noise
        with np.errstate(divide="ignore"):
            above = 1 - self.sigma**2 / level**2
        scale = np.sqrt(np.maximum(self._below(level), above))
        part = self.operator.project(noise).astype(noise.dtype)
        return noise + column(scale - 1, noise) * part

    def _below(self, level):
        """Return tau: positive below the measurement's noise level."""
        return 1 - level**2 / self.sigma**2 if self.sigma else np.full(len(level), -1.0)

    def settle(self, images):
        """Give the final images exactly what was measured, if that had no noise."""
        if self.sigma:
            return images
        good = np.flatnonzero(np.isfinite(images).reshape(len(images), -1).all(axis=1))
        images[good] += self._correction(images[good], good)
        return images
