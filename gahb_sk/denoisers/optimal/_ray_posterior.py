r"""The optimal denoiser of a ray: one image times a random intensity.

With :math:`x = a u`, a uniform in an interval, the posterior of a is a normal law of mean
:math:`\langle y, u \rangle / \|u\|^2` and variance :math:`\sigma^2 / \|u\|^2` cut to the interval:

.. math::
    \mathrm{E}[x | y] = \mathrm{E}[a | y] \, u, \qquad
    J(y) = \frac{\mathrm{Var}[a | y]}{\sigma^2} u u^T .
"""

import numpy as np

from gahb_sk.datasets._chunks import check_range
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.denoisers.optimal._posterior_mean import BasePosteriorMean
from gahb_sk.denoisers.optimal._truncated_normal import truncated_normal
from gahb_sk.jacobians._posterior import low_rank_operator


class RayPosteriorMean(BasePosteriorMean):
    """Posterior mean of the multiples of one image, as ``make_ray_images`` makes them.

    Parameters
    ----------
    image : array-like of shape (H, W) or (C, H, W), default=None
        The image u; of the size of the images given to ``fit``. None learns it in ``fit``: the
        direction of the training images, with the length that gives the largest of them the
        intensity of largest absolute value in ``intensity_range``.
    intensity_range : tuple (low, high), default=(0.0, 1.0)
        The intensity is uniform in it.
    sigma : float, default=None
        Noise level, where ``transform`` is not told it. None: estimated for each image.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Attributes
    ----------
    image_ : ndarray of shape (C, H, W), float64
        The image u.
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``; ``transform`` takes that shape only.

    Examples
    --------
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.datasets import make_ray_images
    >>> from gahb_sk.denoisers import RayPosteriorMean
    >>> clean = make_ray_images(100, 16, random_state=0)
    >>> denoised = RayPosteriorMean().fit(clean).transform(add_gaussian_noise(clean, 0.1, 0), 0.1)
    >>> bool(((denoised - clean) ** 2).sum((1, 2)).mean() < 2 * 0.1**2)
    True
    """

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "image": ["array-like", None],
        "intensity_range": [tuple, list],
    }

    def __init__(self, *, image=None, intensity_range=(0.0, 1.0), sigma=None, image_shape=None):
        self.image = image
        self.intensity_range = intensity_range
        self.sigma = sigma
        self.image_shape = image_shape

    @property
    def learns(self):
        """Whether ``fit`` learns the image on the ray, which the constructor was not given."""
        return self.image is None

    def _fit(self, images):
        self._range = check_range(self.intensity_range, "intensity_range")
        if self.image is None:
            self.image_ = self._learn(images)
            return
        image = np.asarray(self.image, np.float64)
        if image.size != np.prod(images.shape[1:]) or not np.isfinite(image).all():
            raise ValueError(
                f"image: expected one finite image of the size of X's, {images.image_shape}, got "
                f"shape {image.shape}."
            )
        self.image_ = image.reshape(images.shape[1:])

    def _learn(self, images):
        """Direction of the largest image, refined by one step of the power method, and length."""
        direction, largest = None, -1.0
        for _, chunk in images.chunks(self._chunk_length(images.shape)):
            norms = np.square(chunk.astype(np.float64)).sum((1, 2, 3))
            if norms.max() > largest:
                largest, direction = norms.max(), chunk[norms.argmax()].astype(np.float64)
        power = np.zeros_like(direction)
        for _, chunk in images.chunks(self._chunk_length(images.shape)):
            power += np.tensordot(np.tensordot(chunk, direction, 3), chunk, 1)
        if largest > 0:
            power /= np.linalg.norm(power)
        top = max(self._range, key=abs)
        sign = np.copysign(1.0, top)
        return sign * power * np.sqrt(largest) / (abs(top) or 1.0)

    def _smallest_sigma(self):
        return 1e-9 * max(float(np.abs(self.image_).max()), 1e-9)

    def _intensity(self, flat, sigma):
        """Posterior mean and variance of the intensity for flat images ``(n, d)``."""
        variance = np.square(np.maximum(sigma, self._smallest_sigma()))
        u = self.image_.ravel()
        precision = (u @ u) / variance
        _, mean, spread = truncated_normal(precision, (flat @ u) / variance, *self._range)
        return mean, spread

    def _denoise(self, noisy, sigma, clean=None):
        flat = noisy.reshape(len(noisy), -1).astype(np.float64)
        mean, _ = self._intensity(flat, sigma.astype(np.float64))
        return mean[:, None, None, None] * self.image_

    def _covariance(self, image, sigma):
        _, variance = self._intensity(image.reshape(1, -1), np.array([sigma]))
        return low_rank_operator(self.image_.reshape(-1, 1), variance[:, None])

    def _variances(self, images, sigma):
        _, variance = self._intensity(images.reshape(len(images), -1), sigma)
        return variance * np.square(self.image_).sum()
