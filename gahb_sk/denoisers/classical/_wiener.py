r"""The Wiener filter: the best affine denoiser of a class of images.

For a class of mean :math:`\mu` and covariance :math:`\sum_k v_k e_k e_k^T`, the affine map that
minimises the expected squared error is

.. math::
    f(y) = \mu + \sum_k \frac{v_k}{v_k + \sigma^2} \langle y - \mu, e_k \rangle e_k, \qquad
    \mathrm{E} \|f(x + \sigma z) - x\|^2 = \sum_k \frac{\sigma^2 v_k}{v_k + \sigma^2} .
"""

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from gahb_sk._validation import at_least
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.jacobians._operator import JacobianOperator, Spectrum
from gahb_sk.noise import check_sigma
from gahb_sk.transforms import principal_components


class WienerDenoiser(BaseDenoiser):
    """Best linear denoiser of the training images, from their mean and covariance.

    Parameters
    ----------
    n_components : int, default=None
        Number of principal components kept, those of largest variance. The others are replaced by
        the mean. None keeps all that the training set determines, at most one fewer than images.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Attributes
    ----------
    mean_ : ndarray of shape (C * H * W,)
        Mean of the training images.
    components_ : ndarray of shape (n_components, C * H * W)
        Orthonormal eigenvectors of their covariance, and of the Jacobian at every image and noise
        level.
    variances_ : ndarray of shape (n_components,)
        Eigenvalues of the covariance (sums divided by the number of images), decreasing.
    residual_variance_ : float
        Sum of the eigenvalues left out.
    n_components_ : int
        Number of components kept.
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``; ``transform`` takes that shape only.

    Notes
    -----
    A lazy stack is read by chunks if it holds more images than an image has values d; the largest
    array is then the d x d covariance in double precision. With fewer images, the stack is read
    whole, most directions have no variance, and the filter fits its training images far better than
    new ones.

    References
    ----------
    X. Li, Y. Dai, Q. Qu, "Understanding generalizability of diffusion models requires rethinking
    the hidden Gaussian structure", 2024. arXiv:2410.24060

    Examples
    --------
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.denoisers import WienerDenoiser
    >>> clean = make_c_alpha_images(400, image_size=16, random_state=0)
    >>> denoiser = WienerDenoiser(n_components=60).fit(clean[:300])
    >>> bool(denoiser.score(clean[300:], sigma=0.3) > 16)
    True
    """

    _fixed = "size"
    learns = True

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "n_components": [at_least(1), None],
    }

    def __init__(self, *, n_components=None, sigma=None, image_shape=None):
        self.n_components = n_components
        self.sigma = sigma
        self.image_shape = image_shape

    def risk(self, sigma: npt.ArrayLike) -> np.ndarray:
        """Return the expected squared error on the training class.

        Parameters
        ----------
        sigma : float or array-like of shape (n,)
            Noise levels.

        Returns
        -------
        risk : ndarray of shape (n,)
            Summed over the values of an image; exact for any law with the mean and covariance of
            the training images. Components left out count with their variance.
        """
        check_is_fitted(self)
        sigma = check_sigma(sigma, np.size(sigma))
        return sigma**2 * self._factors(sigma).sum(axis=1) + self.residual_variance_

    def shrinkage_factors(self, sigma: npt.ArrayLike) -> np.ndarray:
        """Return ``v / (v + sigma**2)``, of shape ``(n, n_components_)``, for n noise levels."""
        check_is_fitted(self)
        return self._factors(check_sigma(sigma, np.size(sigma)))

    def _fit(self, images):
        self.mean_, self.variances_, self.components_, self.residual_variance_ = (
            principal_components(images, self.n_components)
        )
        self.n_components_ = len(self.variances_)

    def _factors(self, sigma):
        total = self.variances_ + np.square(sigma)[:, None]
        out = np.zeros_like(total)
        return np.divide(self.variances_, total, out=out, where=total > 0)

    def _denoise(self, noisy, sigma, clean=None):
        dtype = noisy.dtype
        mean, components = self.mean_.astype(dtype), self.components_.astype(dtype, copy=False)
        coefficients = (noisy.reshape(len(noisy), -1) - mean) @ components.T
        coefficients *= self._factors(sigma).astype(dtype)
        return (coefficients @ components + mean).reshape(noisy.shape)

    def _jacobian(self, image, sigma, clean=None):
        factors, components = self._factors(np.array([sigma]))[0], self.components_
        return JacobianOperator(
            image.size,
            lambda V: components.T @ (factors[:, None] * (components @ V)),
            positive=True,
            spectrum=Spectrum(factors, lambda k: components[k].T),
        )
