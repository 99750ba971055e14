r"""The optimal denoiser of sine waves of random phase and amplitude: a two-dimensional cone.

With :math:`x = a B c(\phi)`, where :math:`c = (1, \cos \phi, \sin \phi)` and the columns of B are
1/2, sin(u)/2 and cos(u)/2, the likelihood of (a, phi) depends on y through :math:`B^T y` alone.
Given the phase, a is normal, cut to its interval; over the phase a periodic trapezoidal rule is
narrowed to where the posterior lies, again and again, until it is resolved.
"""

import numpy as np

from gahb_sk.denoisers.optimal._posterior_mean import BasePosteriorMean, log_of_noise
from gahb_sk.denoisers.optimal._truncated_normal import TINY, truncated_normal
from gahb_sk.image_classes import SineImages
from gahb_sk.jacobians._posterior import by_channels, low_rank_operator

_PHASES = 192
_DEPTH = 32.0  # phases below exp(-_DEPTH) of the best are left out
_ROUNDS = 30


class SinePosteriorMean(BasePosteriorMean):
    """Posterior mean of sine waves of one frequency.

    Channels of colour images are taken for independent images of the class.

    Parameters
    ----------
    image_class : SineImages, default=None
        The law of the images, also with shuffled pixels; its size must be that of the images.
        None is the default ``SineImages`` at the size of the images.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Attributes
    ----------
    image_class_ : SineImages
        The law of the images.
    """

    _image_class = SineImages
    _chunk_pixels = 2**18

    def _fit(self, images):
        super()._fit(images)
        self._basis = self._law.basis

    def _smallest_sigma(self):
        return 1e-6 * self._law.amplitude_range[1] or 1e-6

    def _nodes(self, flat, sigma):
        """Log evidence ratio; weights, directions c and amplitudes' moments at the nodes."""
        variance = np.square(np.maximum(sigma, self._smallest_sigma()))[:, None]
        gram, products = self._basis.T @ self._basis, flat @ self._basis
        middle, half = np.zeros((len(flat), 1)), np.full((len(flat), 1), np.pi)
        grid = (np.arange(_PHASES) + 0.5) / _PHASES * 2 - 1
        row, limits = np.arange(len(flat))[:, None], self._law.amplitude_range
        for _ in range(_ROUNDS):
            phase = middle + half * grid
            c = np.stack([np.ones_like(phase), np.cos(phase), np.sin(phase)], -1)
            precision = np.einsum("npi,ij,npj->np", c, gram, c, optimize=True) / variance
            slope = np.einsum("npi,ni->np", c, products) / variance
            log_weight, mean, spread = truncated_normal(precision, slope, *limits)
            best = log_weight.argmax(1)[:, None]
            away = np.abs(np.remainder(phase - phase[row, best] + np.pi, 2 * np.pi) - np.pi)
            alive = log_weight > log_weight[row, best] - _DEPTH
            width = np.where(alive, away, 0).max(1, keepdims=True) + 4 * half / _PHASES
            narrow = width < 0.6 * half
            if not narrow.any():
                break
            middle = np.where(narrow, phase[row, best], middle)
            half = np.where(narrow, width, half)
        peak = log_weight[row, best]
        weight = np.exp(log_weight - peak)
        total = weight.sum(1, keepdims=True)
        uniform = np.pi * _PHASES * max(limits[1] - limits[0], TINY) / half
        evidence = (peak + np.log(total / uniform))[:, 0]
        return evidence, weight / total, c, mean, spread

    def _moments(self, flat, sigma):
        """Posterior mean (n, 3) and covariance (n, 3, 3) of the coefficients a c."""
        _, weight, c, mean, spread = self._nodes(flat, sigma)
        middle = np.einsum("np,np,npi->ni", weight, mean, c)
        away = mean[..., None] * c - middle[:, None]
        between = np.einsum("np,npi,npj->nij", weight, away, away, optimize=True)
        within = np.einsum("np,npi,npj->nij", weight * spread, c, c, optimize=True)
        return middle, between + within

    def _mean(self, images, sigma):
        flat = images.reshape(-1, len(self._basis)).astype(np.float64)
        level = np.repeat(sigma.astype(np.float64), images.shape[1])
        return (self._moments(flat, level)[0] @ self._basis.T).reshape(images.shape)

    def _log_density(self, images, sigma):
        flat, level = images.reshape(-1, len(self._basis)), np.repeat(sigma, images.shape[1])
        density = log_of_noise(flat, level) + self._nodes(flat, level)[0]
        return density.reshape(images.shape[:2]).sum(1)

    def _variances(self, images, sigma):
        flat = images.reshape(-1, len(self._basis))
        _, small = self._moments(flat, np.repeat(sigma, images.shape[1]))
        traces = np.einsum("nij,ij->n", small, self._basis.T @ self._basis)
        return traces.reshape(images.shape[:2]).sum(1)

    def _covariance(self, image, sigma):
        flat = image.reshape(len(image), -1)
        _, small = self._moments(flat, np.full(len(flat), sigma))
        return by_channels([low_rank_operator(self._basis, block) for block in small])
