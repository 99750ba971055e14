"""Jacobians at several images together."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from gahb_sk.jacobians._operator import JacobianOperator

_KEPT_VALUES = 2**25  # of the operators at the images of a stack, if all were matrices


class JacobianStack:
    """The Jacobians of a denoiser at several noisy images; made by :func:`linearize_stack`.

    ``stack[i]`` is the operator at image i; ``matmat`` and ``rmatmat`` multiply blocks of
    vectors at all images together.

    Parameters
    ----------
    n, d : int
        Number of images, and of values of each.
    operator_at : callable
        ``i`` to the :class:`JacobianOperator` at image i.
    products : callable, default=None
        Dtype to the pair of functions ``V (n, d, k)`` to ``(n, d, k)``, forward and transposed,
        either of them None where the images are multiplied one by one.
    dtype : numpy dtype, default=numpy.float64
        Precision to compute in.

    Attributes
    ----------
    shape : tuple (n, d, d)
    """

    def __init__(self, n, d, operator_at, products=None, dtype=np.float64):
        self.shape = n, d, d
        self._parts = operator_at, products
        self._at = functools.lru_cache(max(1, _KEPT_VALUES // d**2))(
            lambda i: operator_at(i).astype(dtype)
        )
        self._pair = functools.cache(lambda: products(dtype) if products else (None, None))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, i: int) -> JacobianOperator:
        if not -len(self) <= i < len(self):
            raise IndexError(f"expected an image below {len(self)}, got {i}.")
        return self._at(i % len(self))

    def astype(self, dtype: npt.DTypeLike) -> JacobianStack:
        """Return the same Jacobians computed in float32 or float64."""
        n, d, _ = self.shape
        operator_at, products = self._parts
        return JacobianStack(n, d, operator_at, products, dtype)

    def matmat(self, V: npt.ArrayLike) -> np.ndarray:
        """Return ``J_i V_i`` for all i, of shape (n, d, k), for ``V (n, d, k)``."""
        return self._product(V, 0)

    def rmatmat(self, V: npt.ArrayLike) -> np.ndarray:
        """Return ``J_i^T V_i`` for all i, of shape (n, d, k), for ``V (n, d, k)``."""
        return self._product(V, 1)

    def _product(self, V, way):
        V, (n, d, _) = np.asarray(V), self.shape
        if V.ndim != 3 or V.shape[:2] != (n, d):
            raise ValueError(f"V: expected vectors of shape ({n}, {d}, k), got {V.shape}.")
        together = self._pair()[way]
        if together is not None:
            return together(V)
        name = ("matmat", "rmatmat")[way]
        return np.stack([getattr(self[i], name)(v) for i, v in enumerate(V)])
