r"""What posterior means of known classes share.

With the law of the clean images known, the denoiser of least mean squared error is the posterior
mean :math:`f(y) = \mathrm{E}[x | y]`. Its Jacobian is the posterior covariance over the noise's
variance, and its error the trace of that covariance, on average over noisy images:

.. math::
    J(y) = \mathrm{Cov}[x | y] / \sigma^2, \qquad
    \mathrm{E} \|x - f(y)\|^2 = \sigma^2 \, \mathrm{E}\, \mathrm{tr} J(y) .
"""

import warnings

import numpy as np

from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.jacobians._posterior import posterior_jacobian
from gahb_sk.jacobians.eigensolvers._leading import check_components, leading_eigenpairs

# An image is called unexplained if its squared distance to the estimate exceeds what noise alone
# gives by more than this many standard deviations; twice that much if sigma was only estimated.
_SURPRISE = 8.0
_TOLERANCE = 1e-9  # residuals of the eigenvectors of the Jacobian


class BasePosteriorMean(BaseDenoiser):
    """Base class of posterior means of known classes of images.

    A subclass gives ``_denoise``; ``_covariance(image, sigma)``, the posterior covariance at one
    ``(C, H, W)`` image as a :class:`JacobianOperator`; ``_variances(images, sigma)``, its traces
    ``(m,)`` at ``(m, C, H, W)`` images and levels ``(m,)``; and ``_smallest_sigma()``.
    """

    kind = "optimal"
    _fixed = "size"

    def posterior_covariance(self, X, sigma=None, n_components=5):
        """Leading eigenvectors of the posterior covariance: the optimal adaptive basis.

        Parameters
        ----------
        X : array-like, torch.Tensor or lazy stack
            Noisy images, shaped as in ``fit``.
        sigma : float or array-like of shape (n,), default=None
            Noise level; see ``transform``.
        n_components : int, default=5
            How many eigenvectors.

        Returns
        -------
        variances : ndarray of shape (n, n_components)
            Eigenvalues, decreasing; divided by ``sigma**2`` they are those of the Jacobian.
        vectors : ndarray of shape (n, n_components, ...)
            Orthonormal eigenvectors, each of the shape of an image.

        Raises
        ------
        ValueError
            If ``n_components`` is not between 1 and the number of values of an image.
        """
        self = self._prepared(X)
        noisy = self._check_images(X)
        check_components(n_components, int(np.prod(noisy.shape[1:])))
        variances, vectors = np.empty((len(noisy), n_components)), []
        for k, (image, level) in enumerate(self._images_and_levels(noisy, sigma)):
            jacobian = self._jacobian(image, level)
            pairs = leading_eigenpairs(jacobian, n_components, tolerance=_TOLERANCE)
            scale = max(level, self._smallest_sigma()) ** 2
            variances[k] = scale * np.maximum(pairs.values, 0)
            vectors.append(pairs.vectors.T.reshape(n_components, *noisy.image_shape))
        return variances, np.stack(vectors)

    def posterior_variance(self, X, sigma=None):
        """Trace of the posterior covariance: the expected squared error at each noisy image.

        Parameters
        ----------
        X : array-like, torch.Tensor or lazy stack
            Noisy images, shaped as in ``fit``.
        sigma : float or array-like of shape (n,), default=None
            Noise level; see ``transform``.

        Returns
        -------
        variance : ndarray of shape (n,)
            Summed over the values of an image. Divided by ``sigma**2`` it is the effective
            dimension, the trace of the Jacobian.
        """
        self = self._prepared(X)
        noisy = self._check_images(X)
        level = self._check_level(sigma, len(noisy))
        variance = np.empty(len(noisy))
        for index, images in noisy.chunks(self._chunk_length(noisy.shape)):
            images = images.astype(np.float64)
            known = self._estimate_sigma(images) if level is None else level[index]
            variance[index] = self._variances(images, known)
        return variance

    def _images_and_levels(self, noisy, sigma):
        level = self._check_level(sigma, len(noisy))
        for k in range(len(noisy)):
            image = noisy.numpy(slice(k, k + 1)).astype(np.float64)
            known = self._estimate_sigma(image)[0] if level is None else level[k]
            yield image[0], float(known)

    def _jacobian(self, image, sigma, clean=None):
        variance = max(sigma, self._smallest_sigma()) ** 2
        return posterior_jacobian(self._covariance(image, sigma), variance)

    def denoise(self, X, sigma=None, *, clean=None):
        denoised = super().denoise(X, sigma)
        self._prepared(X)._warn_of_unexplained(X, denoised, sigma)
        return denoised

    def _warn_of_unexplained(self, X, denoised, sigma):
        """Warn of images that lie farther from their estimate than noise explains."""
        noisy, estimate = self._check_images(X), self._check_images(denoised)
        level = self._check_level(sigma, len(noisy))
        known = level is not None
        d = int(np.prod(noisy.shape[1:]))
        most = d + (1 if known else 2) * (_SURPRISE * np.sqrt(2 * d) + _SURPRISE**2)
        ratios = np.empty(len(noisy))
        for index, images in noisy.chunks(self._chunk_length(noisy.shape)):
            images = images.astype(np.float64)
            scale = level[index] if known else self._estimate_sigma(images)
            scale = np.maximum(scale, self._smallest_sigma())
            away = np.square(images - estimate.numpy(index)).reshape(len(images), -1).sum(1)
            ratios[index] = away / (scale**2 * most)
        bad = np.flatnonzero(ratios > 1)
        if len(bad):
            named = ", ".join(map(str, bad[:10])) + (", ..." if len(bad) > 10 else "")
            warnings.warn(
                f"{type(self).__name__}: no image of the class explains image {named} at this "
                f"noise level; image {bad[ratios[bad].argmax()]} lies "
                f"{np.sqrt(ratios[bad].max() * most / d):.3g} times as far from its estimate as "
                "noise puts it. Check sigma, the units of the intensities, and the parameters of "
                "the prior.",
                UserWarning,
                stacklevel=4,
            )
