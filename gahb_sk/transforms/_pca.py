r"""Principal components of a set of images: eigenvectors of its empirical covariance.

For images :math:`x_1 \ldots x_n` of d pixels with mean :math:`\mu`, the covariance
:math:`\frac1n \sum_i (x_i - \mu)(x_i - \mu)^T = \sum_k v_k e_k e_k^T`, with
:math:`v_1 \ge v_2 \ge \ldots`. With n < d images, only n - 1 variances differ from 0; they come
from a thin singular value decomposition, and no d x d matrix is formed.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg

from gahb_sk._arrays import as_array, is_lazy
from gahb_sk._image_checks import check_magnitude
from gahb_sk._validation import HasMethods, at_least, numbers, validate_params
from gahb_sk.transforms._base import Transform


class PCATransform(Transform):
    """Orthonormal basis of the principal components of a training set.

    Parameters
    ----------
    shape : tuple of int
        Shape of one image, ``(height, width)`` or ``(channels, height, width)``.
    vectors : ndarray of shape (n_vectors, d)
        Orthonormal rows, as :func:`principal_components` returns them. If there are fewer than
        d, an arbitrary orthonormal basis of the rest of the space follows them.

    Attributes
    ----------
    basis : ndarray of shape (d, d)
        One basis vector per row.

    Raises
    ------
    ValueError
        If the vectors are of another size or not orthonormal.
    """

    def __init__(self, shape: tuple[int, ...], vectors: npt.ArrayLike):
        super().__init__(shape)
        vectors = np.asarray(vectors, dtype=np.float64)
        if vectors.ndim != 2 or vectors.shape[1] != self.size or len(vectors) > self.size:
            raise ValueError(
                f"vectors must have shape (n_vectors <= {self.size}, {self.size}) for images of "
                f"shape {self.shape}, got {vectors.shape}."
            )
        if np.abs(vectors @ vectors.T - np.eye(len(vectors))).max(initial=0) > 1e-8:
            raise ValueError("vectors must be orthonormal rows; orthonormalise them first.")
        self.basis = _completed(vectors)

    def forward(self, images: npt.ArrayLike) -> np.ndarray:
        """Return the coefficients ``(..., *shape)``: the k-th, in flat order, is on vector k."""
        return self._product(self.check(images), self.basis.T)

    def inverse(self, coefficients: npt.ArrayLike) -> np.ndarray:
        """Return the images ``(..., *shape)`` that have these coefficients."""
        return self._product(self.check(coefficients, "coefficients"), self.basis)

    def _product(self, array, matrix):
        flat = array.reshape(-1, self.size)
        return (flat @ matrix.astype(array.dtype, copy=False)).reshape(array.shape)


@validate_params(
    {
        "images": [HasMethods(["__getitem__", "__len__"])],
        "n_components": [at_least(1), None],
        "chunk": [at_least(1)],
    }
)
def principal_components(
    images: Any, n_components: int | None = None, chunk: int = 1024
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Mean, variances and principal components of a set of images.

    Parameters
    ----------
    images : array-like or lazy stack of shape (n, ...)
        Images. They are read by slices, twice, and never held together unless n is below d.
    n_components : int or None, default=None
        How many components to return at most; None means all that the set determines,
        ``min(n - 1, d)``.
    chunk : int, default=1024
        How many images are read at once.

    Returns
    -------
    mean : ndarray of shape (d,)
        In float64, like the others.
    variances : ndarray of shape (n_components,)
        Decreasing.
    vectors : ndarray of shape (n_components, d)
        Orthonormal rows.
    rest : float
        Sum of the variances of the components left out.
    """
    if not is_lazy(images) and not numbers().is_satisfied_by(images):
        raise ValueError("images: expected finite numbers, at least one image of one pixel.")
    images = as_array(images)
    if not is_lazy(images):
        check_magnitude(images, "images")
    n, d = images.shape[0], int(np.prod(images.shape[1:]))
    mean = sum(rows.sum(axis=0) for rows in _rows(images, chunk)) / n
    route = _from_images if n <= d else _from_covariance
    determined = min(n - 1, d)
    kept = determined if n_components is None else min(n_components, determined)
    total, variances, vectors = route(images, mean, chunk, kept)
    variances = np.maximum(variances[:kept], 0)
    return mean, variances, vectors[:kept], float(max(total - variances.sum(), 0.0))


def _rows(images, chunk):
    for start in range(0, images.shape[0], chunk):
        block = np.asarray(images[start : start + chunk])
        yield block.reshape(len(block), -1).astype(np.float64)


def _from_covariance(images, mean, chunk, kept):
    """Accumulate the d x d covariance, then take the eigenvectors to keep."""
    covariance = np.zeros((len(mean), len(mean)))
    for rows in _rows(images, chunk):
        rows -= mean
        covariance += rows.T @ rows
    covariance /= images.shape[0]
    total = np.trace(covariance)
    few = None if kept == len(mean) else (len(mean) - kept, len(mean) - 1)
    variances, vectors = linalg.eigh(covariance, overwrite_a=True, subset_by_index=few)
    return total, variances[::-1], vectors[:, ::-1].T


def _from_images(images, mean, chunk, kept):
    """Take the thin singular value decomposition of the centred images."""
    rows = np.concatenate(list(_rows(images, chunk))) - mean
    _, singular, vectors = linalg.svd(rows, full_matrices=False, overwrite_a=True)
    variances = singular**2 / len(rows)
    return variances.sum(), variances, vectors


def _completed(vectors):
    """Add rows so that the orthonormal rows span the whole space."""
    n_vectors, size = vectors.shape
    if n_vectors == size:
        return vectors.copy()
    rest = linalg.qr(vectors.T)[0][:, n_vectors:] if n_vectors else np.eye(size)
    return np.vstack([vectors, rest.T])
