"""Jacobians as linear operators with batched products.

The Jacobian of a denoiser f at a noisy image y is the matrix ``J = df/dy`` of shape (d, d),
d = C * H * W. It is never formed: :class:`JacobianOperator` multiplies blocks of vectors.
"""

import numpy as np
from scipy.sparse.linalg import LinearOperator


class JacobianOperator(LinearOperator):
    """A Jacobian given by its products with blocks of vectors.

    Parameters
    ----------
    d : int
        Number of pixels times channels.
    matmat : callable
        ``V (d, k) -> J V (d, k)``.
    rmatmat : callable, default=None
        ``V (d, k) -> J^T V (d, k)``; None for a symmetric Jacobian.
    dtype : numpy dtype, default=numpy.float64
        Of the products.
    step : float, default=None
        The step, in the units of the image, if the products are central differences; None if
        they are exact.
    """

    def __init__(self, d, matmat, rmatmat=None, *, dtype=np.float64, step=None):
        super().__init__(np.dtype(dtype), (d, d))
        self._products = matmat, (matmat if rmatmat is None else rmatmat)
        self.step = step

    def _matmat(self, V):
        return self._products[0](np.asarray(V))

    def _rmatmat(self, V):
        return self._products[1](np.asarray(V))

    def _matvec(self, v):
        return self._matmat(np.reshape(v, (-1, 1)))[:, 0]

    def _rmatvec(self, v):
        return self._rmatmat(np.reshape(v, (-1, 1)))[:, 0]


def finite_difference_operator(denoise, image, step, block=256):
    """Jacobian of ``denoise`` at ``image`` by central differences.

    Products with J take two calls a vector, with a perturbation whose largest entry is ``step``;
    the error is of order ``step^2``. Products with the transpose need J itself, which is computed
    once, in blocks of columns, at the first of them.

    Parameters
    ----------
    denoise : callable
        Stack ``(m, C, H, W)`` to stack of the same shape.
    image : ndarray of shape (C, H, W)
        Where to linearise.
    step : float
        Largest entry of a perturbation, in the units of the image.
    block : int, default=256
        Number of vectors handled at once.

    Returns
    -------
    operator : JacobianOperator
        With ``operator.step == step``.
    """
    d = image.size
    kept = {}

    def differences(V):
        scale = step / np.maximum(np.abs(V).max(axis=0), np.finfo(np.float64).tiny)
        moves = (V * scale).T.reshape(-1, *image.shape)
        rise = denoise(image + moves) - denoise(image - moves)
        return rise.reshape(len(moves), d).T / (2 * scale)

    def matmat(V):
        blocks = [differences(V[:, i : i + block]) for i in range(0, V.shape[1], block)]
        return np.hstack(blocks) if blocks else np.empty((d, 0))

    def rmatmat(V):
        if "jacobian" not in kept:
            kept["jacobian"] = matmat(np.eye(d))
        return kept["jacobian"].T @ V

    return JacobianOperator(d, matmat, rmatmat, step=step)
