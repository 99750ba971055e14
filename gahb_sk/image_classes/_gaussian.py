r"""Gaussian images: the class whose optimum is linear, and known in closed form.

With mean :math:`\mu` and covariance :math:`\sum_k v_k e_k e_k^T`, images are
:math:`\mu + \sum_k \sqrt{v_k} z_k e_k`, z white.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gahb_sk._memory import check_memory
from gahb_sk._random import image_normals
from gahb_sk.image_classes._base import ImageClass, as_batch, finite_image, frozen

CHUNK = 256  # images read at a time
_SQUARES = 6  # matrices of the size of the covariance that are in memory together
ROUNDING = 1e-10  # of eigenvalues, relative to the largest


@dataclass(frozen=True, eq=False, repr=False)
class GaussianImages(ImageClass):
    """Images of a normal law of given mean and covariance.

    Latents are white: standard normal coefficients of the eigenvectors of the covariance, the
    one of largest variance first.

    Parameters
    ----------
    mean : array-like of shape (H, W) or (C, H, W)
        The mean image.
    covariance : array-like of shape (d, d)
        Of the d values of an image, in row-major order; symmetric and positive semidefinite.

    Attributes
    ----------
    variances, vectors : ndarray of shape (d,) and (d, d)
        Eigenvalues of the covariance, decreasing, and its eigenvectors as columns; computed when
        first wanted.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.image_classes import GaussianImages
    >>> law = GaussianImages(np.full((4, 4), 0.5), 0.01 * np.eye(16))
    >>> law.sample(3, random_state=0).shape
    (3, 4, 4)
    """

    mean: np.ndarray
    covariance: np.ndarray

    _estimator = "GaussianPosteriorMean"

    def __post_init__(self):
        super().__post_init__()
        mean, covariance = finite_image(self.mean, "mean"), frozen(self.covariance)
        d = mean.size
        scale = np.abs(covariance).max(initial=1e-300)
        if covariance.shape != (d, d) or not np.isfinite(scale):
            raise ValueError(
                f"covariance: expected a finite array of shape ({d}, {d}) for a mean of {d} "
                f"values, got shape {covariance.shape}."
            )
        if np.abs(covariance - covariance.T).max() > ROUNDING * scale:
            raise ValueError("covariance: expected a symmetric array. Use (c + c.T) / 2.")
        self._set(mean=mean, covariance=covariance)

    @classmethod
    def from_images(cls, X):
        """Return the normal law with the mean and covariance of images.

        Parameters
        ----------
        X : array-like, torch.Tensor or lazy stack of shape (n, H, W) or (n, C, H, W)

        Returns
        -------
        image_class : GaussianImages
        """
        batch = as_batch(X)
        d = int(np.prod(batch.shape[1:]))
        check_memory(_SQUARES * 8 * d**2, f"Covariances of {d} values", "Cut out smaller images.")
        mean, square = np.zeros(d), np.zeros((d, d))
        for _, chunk in batch.chunks(CHUNK):
            mean += chunk.reshape(-1, d).sum(0, dtype=np.float64)
        mean /= len(batch)
        for _, chunk in batch.chunks(CHUNK):
            away = chunk.reshape(-1, d) - mean
            square += away.T @ away
        return cls(mean.reshape(batch.image_shape), square / len(batch))

    @property
    def image_size(self):
        """Sides in pixels."""
        return self.mean.shape[-2:]

    @property
    def image_shape(self):
        """Shape of one image, ``(H, W)`` or ``(C, H, W)``."""
        return self.mean.shape

    @cached_property
    def _spectrum(self):
        values, vectors = np.linalg.eigh(self.covariance)
        if values[0] < -ROUNDING * max(values[-1], 0):
            raise ValueError(
                "covariance: expected no negative eigenvalue, got "
                f"{values[0]:.3g}, the largest being {values[-1]:.3g}."
            )
        return np.maximum(values[::-1], 0), vectors[:, ::-1]

    @property
    def variances(self):
        """Eigenvalues of the covariance, decreasing."""
        return self._spectrum[0]

    @property
    def vectors(self):
        """Eigenvectors of the covariance, as columns."""
        return self._spectrum[1]

    def _draw(self, root, indices):
        return image_normals(root, indices, (self.mean.size,))

    def _latents(self, draws, dtype):
        return draws

    def _render(self, latents, dtype):
        images = np.empty((len(latents), *self.mean.shape), dtype)
        scaled = np.asarray(latents) * np.sqrt(self.variances)
        # One by one: a product with many images at once rounds differently with their number.
        for image, row in zip(images, scaled, strict=True):
            image[...] = self.mean + (self.vectors @ row).reshape(self.mean.shape)
        return images
