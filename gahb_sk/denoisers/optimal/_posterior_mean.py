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
from gahb_sk.image_classes import ImageClass, ShuffledImages
from gahb_sk.image_classes._shuffled import permute_pixels
from gahb_sk.jacobians._posterior import permuted, posterior_jacobian
from gahb_sk.jacobians.eigensolvers._leading import check_components, leading_eigenpairs

# An image is called unexplained if its squared distance to the estimate exceeds what noise alone
# gives by more than this many standard deviations; twice that much if sigma was only estimated.
_SURPRISE = 8.0
_TOLERANCE = 1e-9  # residuals of the eigenvectors of the Jacobian


class BasePosteriorMean(BaseDenoiser):
    """Base class of posterior means of known classes of images.

    A subclass names its ``_image_class`` and gives ``_mean(images, sigma)`` and
    ``_variances(images, sigma)``, the traces ``(m,)`` of the posterior covariance, at images
    ``(m, C, H, W)`` and noise levels ``(m,)``; ``_covariance(image, sigma)``, that covariance at
    one ``(C, H, W)`` image as a :class:`JacobianOperator`; ``_log_density(images, sigma)``, that of
    the noisy images; and ``_smallest_sigma()``. Images whose pixels are shuffled reach these hooks
    unshuffled; ``_law`` is the class without its shuffling.
    """

    kind = "optimal"
    _fixed = "size"
    _image_class: type | None = None
    # True: an image of the class has all channels, and a class that is not given is learned from
    # images. False: each channel is an image of the class, whose default is a fixed law.
    _learned = False

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "image_class": [ImageClass, None],
    }

    def __init__(self, image_class=None, *, sigma=None, image_shape=None):
        self.image_class = image_class
        self.sigma = sigma
        self.image_shape = image_shape

    @property
    def learns(self):
        """Whether ``fit`` learns the class, which the constructor was not given."""
        return self._learned and self.image_class is None

    def _fit(self, images):
        law = self._default_class(images) if self.image_class is None else self.image_class
        check_size(law, images.shape[1:], self._learned)
        self.image_class_, self._order = law, None
        while isinstance(law, ShuffledImages):
            before = law.permutation
            self._order = before if self._order is None else before[self._order]
            law = law.image_class
        if not isinstance(law, self._image_class):
            raise ValueError(
                f"image_class: {type(self).__name__} expects {self._image_class.__name__}, got "
                f"{law!r}. Use {type(law).__name__}(...).posterior_mean()."
            )
        self._law = law

    def _default_class(self, images):
        if self._learned:
            return self._image_class.from_images(images)
        return self._image_class(tuple(images.shape[2:]))

    def _unshuffled(self, images):
        return images if self._order is None else permute_pixels(images, np.argsort(self._order))

    def _denoise(self, noisy, sigma, clean=None):
        denoised = self._mean(self._unshuffled(noisy), sigma)
        return denoised if self._order is None else permute_pixels(denoised, self._order)

    def posterior_covariance(self, X, sigma=None, n_components=5):
        """Leading eigenvectors of the posterior covariance: the optimal adaptive basis.

        Parameters
        ----------
        X, sigma
            See ``transform``.
        n_components : int, default=5
            Number of eigenvectors.

        Returns
        -------
        variances : ndarray of shape (n, n_components)
            Eigenvalues, decreasing; divided by ``sigma**2`` they are those of the Jacobian.
        vectors : ndarray of shape (n, n_components, ...)
            Orthonormal eigenvectors, each of the shape of an image.
        """
        self = self._prepared(X)
        noisy = self._check_images(X)
        check_components(n_components, int(np.prod(noisy.shape[1:])))
        variances, vectors = np.empty((len(noisy), n_components)), []
        for index, image, level in self._known_chunks(noisy, sigma, 1):
            jacobian = self._jacobian(image[0], float(level[0]))
            pairs = leading_eigenpairs(jacobian, n_components, tolerance=_TOLERANCE)
            scale = max(level[0], self._smallest_sigma()) ** 2
            variances[index] = scale * np.maximum(pairs.values, 0)
            vectors.append(pairs.vectors.T.reshape(n_components, *noisy.image_shape))
        return variances, np.stack(vectors)

    def posterior_variance(self, X, sigma=None):
        """Trace of the posterior covariance: the expected squared error at each noisy image.

        Parameters
        ----------
        X, sigma
            See ``transform``.

        Returns
        -------
        variance : ndarray of shape (n,)
            Divided by ``sigma**2`` it is the effective dimension, the trace of the Jacobian.
        """
        self = self._prepared(X)
        noisy = self._check_images(X)
        variance = np.empty(len(noisy))
        for index, images, known in self._known_chunks(noisy, sigma):
            variance[index] = self._variances(self._unshuffled(images), known)
        return variance

    def score_samples(self, X, sigma=None):
        """Log density of each noisy image under the class and the noise, in nats.

        Parameters
        ----------
        X, sigma
            See ``transform``.

        Returns
        -------
        log_density : ndarray of shape (n,)
        """
        self = self._prepared(X)
        noisy = self._check_images(X)
        out = np.empty(len(noisy))
        for index, images, known in self._known_chunks(noisy, sigma):
            level = np.maximum(known, self._smallest_sigma())
            out[index] = self._log_density(self._unshuffled(images), level)
        return out

    def _known_chunks(self, noisy, sigma, length=None):
        """Yield slices, images in double precision, and noise levels: given or estimated."""
        level = self._check_level(sigma, len(noisy))
        for index, images in noisy.chunks(length or self._chunk_length(noisy.shape)):
            images = images.astype(np.float64)
            yield index, images, self._estimate_sigma(images) if level is None else level[index]

    def _jacobian(self, image, sigma, clean=None):
        variance = max(sigma, self._smallest_sigma()) ** 2
        covariance = self._covariance(self._unshuffled(image), sigma)
        if self._order is not None:
            channels = np.arange(image.size).reshape(len(image), -1)
            covariance = permuted(covariance, channels[:, self._order].ravel())
        return posterior_jacobian(covariance, variance)

    def denoise(self, X, sigma=None, *, clean=None):
        denoised = super().denoise(X, sigma)
        self._prepared(X)._warn_of_unexplained(X, denoised, sigma)
        return denoised

    def _warn_of_unexplained(self, X, denoised, sigma):
        """Warn of images that lie farther from their estimate than noise explains."""
        noisy, estimate = self._check_images(X), self._check_images(denoised)
        known = self._check_level(sigma, len(noisy)) is not None
        d = int(np.prod(noisy.shape[1:]))
        most = d + (1 if known else 2) * (_SURPRISE * np.sqrt(2 * d) + _SURPRISE**2)
        ratios = np.empty(len(noisy))
        for index, images, scale in self._known_chunks(noisy, sigma):
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
                "the image class.",
                UserWarning,
                stacklevel=4,
            )


def log_of_noise(images, sigma):
    """Log density of white noise of levels ``(n,)`` at images ``(n, ...)``."""
    flat, variance = images.reshape(len(images), -1), np.square(sigma)
    squares = np.vecdot(flat, flat)
    return -0.5 * (squares / variance + flat.shape[1] * np.log(2 * np.pi * variance))


def check_size(law, shape, joint):
    """Raise ValueError unless a class has the size of images ``(C, H, W)``; joint: all channels."""
    same = law.image_size == tuple(shape[1:])
    if joint:
        same &= np.prod(law.image_shape) == np.prod(shape)
    if not same:
        raise ValueError(
            f"image_class: expected a class of {shape[1]}x{shape[2]} pixels"
            + (f" and {shape[0]} channels" if joint and shape[0] > 1 else "")
            + f", like the images, got {law!r}. Give the class that size, or images of its size."
        )
