r"""The optimal denoiser of Gaussian images: linear, in closed form.

With mean :math:`\mu` and covariance :math:`\sum_k v_k e_k e_k^T`,

.. math::
    \mathrm{E}[x | y] = \mu + \sum_k \frac{v_k}{v_k + \sigma^2} \langle y - \mu, e_k \rangle e_k,
    \qquad
    \mathrm{Cov}[x | y] = \sum_k \frac{\sigma^2 v_k}{v_k + \sigma^2} e_k e_k^T .
"""

import numpy as np

from gahb_sk.denoisers.optimal._posterior_mean import BasePosteriorMean
from gahb_sk.image_classes import GaussianImages
from gahb_sk.jacobians._operator import JacobianOperator, Spectrum


class GaussianPosteriorMean(BasePosteriorMean):
    """Posterior mean of Gaussian images; the best linear denoiser of any images.

    It holds the d x d covariance of images of d values. :class:`WienerDenoiser` learns the leading
    components of large images instead.

    Parameters
    ----------
    image_class : GaussianImages, default=None
        The law of the images, also with shuffled pixels. None learns it in ``fit``: mean and
        covariance of the training images.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Attributes
    ----------
    image_class_ : GaussianImages
        The law of the images.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.image_classes import GaussianImages
    >>> law = GaussianImages(np.full((4, 4), 0.5), 0.01 * np.eye(16))
    >>> clean = law.sample(500, random_state=0)
    >>> noisy = add_gaussian_noise(clean, 0.1, 0)
    >>> denoised = law.posterior_mean().transform(noisy, sigma=0.1)
    >>> bool(abs(((denoised - clean) ** 2).mean() / 0.005 - 1) < 0.1)
    True
    """

    _image_class = GaussianImages
    _learned = True

    def _smallest_sigma(self):
        return 1e-8 * np.sqrt(self._law.variances[0]) or 1e-8

    def _factors(self, sigma):
        """Return ``v / (v + sigma^2)`` for noise levels ``(m,)``, shape ``(m, d)``."""
        v = self._law.variances
        floor = np.maximum(np.asarray(sigma, np.float64), self._smallest_sigma())
        return v / (v + np.square(floor)[:, None])

    def _mean(self, images, sigma):
        mean, vectors = self._law.mean.ravel(), self._law.vectors
        coefficients = (images.reshape(len(images), -1) - mean) @ vectors
        return (mean + (coefficients * self._factors(sigma)) @ vectors.T).reshape(images.shape)

    def _log_density(self, images, sigma):
        away = images.reshape(len(images), -1) - self._law.mean.ravel()
        variances = self._law.variances + np.square(sigma)[:, None]
        squares = np.square(away @ self._law.vectors) / variances
        return -0.5 * (squares + np.log(2 * np.pi * variances)).sum(1)

    def _variances(self, images, sigma):
        floor = np.maximum(sigma, self._smallest_sigma())
        return np.square(floor) * self._factors(sigma).sum(1)

    def _covariance(self, image, sigma):
        variances, vectors = self._factors([sigma])[0], self._law.vectors
        variances = variances * max(sigma, self._smallest_sigma()) ** 2
        return JacobianOperator(
            image.size,
            lambda V: vectors @ (variances[:, None] * (vectors.T @ V)),
            positive=True,
            spectrum=Spectrum(variances, lambda k: vectors[:, k]),
        )
