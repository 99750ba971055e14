r"""The optimal denoiser of a ray: one image times a random intensity.

With :math:`x = a u`, a uniform in an interval, the posterior of a is a normal law of mean
:math:`\langle y, u \rangle / \|u\|^2` and variance :math:`\sigma^2 / \|u\|^2` cut to the interval:

.. math::
    \mathrm{E}[x | y] = \mathrm{E}[a | y] \, u, \qquad
    J(y) = \frac{\mathrm{Var}[a | y]}{\sigma^2} u u^T .
"""

import numpy as np

from gahb_sk.denoisers.optimal._posterior_mean import BasePosteriorMean, log_of_noise
from gahb_sk.denoisers.optimal._truncated_normal import TINY, truncated_normal
from gahb_sk.image_classes import RayImages
from gahb_sk.jacobians._posterior import low_rank_operator


class RayPosteriorMean(BasePosteriorMean):
    """Posterior mean of the multiples of one image.

    Parameters
    ----------
    image_class : RayImages, default=None
        The law of the images, also with shuffled pixels. None learns it in ``fit``: the ray on
        which the training images lie, see :meth:`RayImages.from_images`.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Attributes
    ----------
    image_class_ : RayImages
        The law of the images.
    """

    _image_class = RayImages
    _learned = True

    def _smallest_sigma(self):
        return 1e-9 * max(float(np.abs(self._law.image).max()), 1e-9)

    def _intensity(self, flat, sigma):
        """Log evidence ratio, posterior mean and variance of the intensity for ``(n, d)``."""
        variance = np.square(np.maximum(sigma, self._smallest_sigma()))
        u = self._law.image.ravel()
        precision = (u @ u) / variance
        low, high = self._law.intensity_range
        log_total, mean, spread = truncated_normal(precision, (flat @ u) / variance, low, high)
        return log_total - np.log(max(high - low, TINY)), mean, spread

    def _mean(self, images, sigma):
        flat = images.reshape(len(images), -1).astype(np.float64)
        _, mean, _ = self._intensity(flat, sigma.astype(np.float64))
        return (mean[:, None] * self._law.image.ravel()).reshape(images.shape)

    def _log_density(self, images, sigma):
        ratio, _, _ = self._intensity(images.reshape(len(images), -1), sigma)
        return log_of_noise(images, sigma) + ratio

    def _covariance(self, image, sigma):
        _, _, variance = self._intensity(image.reshape(1, -1), np.array([sigma]))
        return low_rank_operator(self._law.image.reshape(-1, 1), variance[:, None])

    def _variances(self, images, sigma):
        _, _, variance = self._intensity(images.reshape(len(images), -1), sigma)
        return variance * np.square(self._law.image).sum()
