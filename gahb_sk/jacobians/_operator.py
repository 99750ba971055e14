"""Jacobians as linear operators with batched products.

The Jacobian of a denoiser f at a noisy image y is the matrix ``J = df/dy`` of shape (d, d),
d = C * H * W. It is never formed: :class:`JacobianOperator` multiplies blocks of vectors.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.sparse.linalg import LinearOperator

# Pixels of a stack transformed at once: larger stacks leave the processor's cache, and their memory
# comes anew each time. Transforms of many small steps gain from larger ones and say so.
_PIXELS_AT_ONCE = 2**16


class Spectrum(NamedTuple):
    """A symmetric Jacobian that is known by its eigenvectors.

    Attributes
    ----------
    values : ndarray of shape (r,)
        Eigenvalues, in any order. If r < d, the other d - r are 0.
    vectors : callable
        Indices ``(k,)`` into ``values`` to the eigenvectors ``(d, k)``, orthonormal.
    """

    values: np.ndarray
    vectors: Callable


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
    spectrum : Spectrum or callable, default=None
        Eigenvalues and eigenvectors, where they are known, or a function without arguments that
        finds them.
    recast : callable, default=None
        Takes a dtype and returns the operator that computes in it; None where all is computed in
        double precision.
    block : int, default=8
        Vectors worth multiplying at once: few where a product is costly and so many more of them
        would be spent than saved.
    symmetric_part : callable, default=None
        ``V (d, k) -> (J + J^T) V / 2``, where that is cheaper than the two products.
    """

    def __init__(
        self,
        d,
        matmat,
        rmatmat=None,
        *,
        dtype=np.float64,
        step=None,
        spectrum=None,
        recast=None,
        block=8,
        symmetric_part=None,
    ):
        super().__init__(np.dtype(dtype), (d, d))
        self._products = matmat, (matmat if rmatmat is None else rmatmat)
        self._spectrum = spectrum
        self._recast = recast
        self.symmetric = rmatmat is None
        self.step = step
        self.block = block
        self.symmetric_part = matmat if rmatmat is None else symmetric_part

    @property
    def spectrum(self):
        """The :class:`Spectrum` if it is known in closed form, else None."""
        if callable(self._spectrum):
            self._spectrum = self._spectrum()
        return self._spectrum

    def astype(self, dtype):
        """Return the same Jacobian computed in float32 or float64.

        Only networks compute in single precision; what else there is stays in double precision,
        and is returned as it is.
        """
        dtype = np.dtype(dtype)
        return self if self._recast is None or dtype == self.dtype else self._recast(dtype)

    def _matmat(self, V):
        return self._products[0](np.asarray(V))

    def _rmatmat(self, V):
        return self._products[1](np.asarray(V))

    def _matvec(self, v):
        return self._matmat(np.reshape(v, (-1, 1)))[:, 0]

    def _rmatvec(self, v):
        return self._rmatmat(np.reshape(v, (-1, 1)))[:, 0]


def diagonal_operator(transform, factors, shape):
    """Jacobian that multiplies the coefficients of an orthonormal basis by factors.

    Parameters
    ----------
    transform : Transform
        Of images of ``shape``, or of each of their channels.
    factors : ndarray of shape ``shape``
        In the layout of the coefficients.
    shape : tuple of int
        ``(C, H, W)``.

    Returns
    -------
    operator : JacobianOperator
        With its spectrum.
    """
    factors = np.asarray(factors, np.float64)

    def shrink(stack):
        return transform.inverse(factors * transform.forward(stack))

    return JacobianOperator(
        factors.size,
        on_vectors(shrink, shape, _pixels(transform)),
        spectrum=Spectrum(factors.ravel(), basis_vectors(transform, shape)),
    )


def _pixels(transform):
    return getattr(transform, "pixels_at_once", _PIXELS_AT_ONCE)


def on_vectors(function, shape, pixels=_PIXELS_AT_ONCE):
    """Return a linear function of stacks of images as one of vectors.

    Parameters
    ----------
    function : callable
        ``(m, *shape)`` to the same shape.
    shape : tuple of int
    pixels : int, default=2**16
        Of a stack handed to the function, about.

    Returns
    -------
    product : callable
        ``V (d, k)`` to ``(d, k)``.
    """
    d = int(np.prod(shape))
    length = max(1, pixels // d)

    def product(V):
        stack = np.asarray(V, np.float64).T
        out = np.empty(stack.shape)
        for start in range(0, len(stack), length):
            part = stack[start : start + length].reshape(-1, *shape)
            out[start : start + length] = function(part).reshape(len(part), d)
        return out.T

    return product


def basis_vectors(transform, shape):
    """Return the function from indices ``(k,)`` to vectors ``(d, k)`` of an orthonormal basis.

    Parameters
    ----------
    transform : Transform
        Of images of ``shape``, or of each of their channels.
    shape : tuple of int
        ``(C, H, W)``.
    """
    inverse = on_vectors(transform.inverse, shape, _pixels(transform))

    def vectors(indices):
        diracs = np.zeros((len(indices), int(np.prod(shape))))
        diracs[np.arange(len(indices)), indices] = 1
        return inverse(diracs.T)

    return vectors


def factored_operator(factor):
    """Symmetric Jacobian ``A^T A`` given by its factor ``A`` of shape (m, d).

    Returns
    -------
    operator : JacobianOperator
        With its spectrum if m < d, by the singular values of A.
    """
    m, d = factor.shape

    def spectrum():
        _, scales, rows = np.linalg.svd(factor, full_matrices=False)
        return Spectrum(scales**2, lambda k: rows[k].T)

    return JacobianOperator(
        d, lambda V: factor.T @ (factor @ V), spectrum=spectrum if m < d else None
    )


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


def network_operator(products, d, dtype=np.float64):
    """Jacobian of a network at one image.

    Parameters
    ----------
    products : callable
        Dtype to a pair of functions ``V (1, d, k)`` to ``(1, d, k)``, forward and transposed, as
        :func:`~gahb_sk.jacobians._network.jacobian_products` returns them for one image. Called
        at the first product, so that changing the precision costs nothing.
    d : int
        Number of values of the image.
    dtype : numpy dtype, default=numpy.float64
        Precision to compute in.

    Returns
    -------
    operator : JacobianOperator
    """
    pair = functools.cache(lambda: products(dtype))
    return JacobianOperator(
        d,
        lambda V: pair()[0](V[None])[0],
        lambda V: pair()[1](V[None])[0],
        dtype=dtype,
        block=4,  # products are costly, and more of them are needed the larger the block
        recast=lambda other: network_operator(products, d, other),
    )
