"""Jacobians as linear operators with batched products.

The Jacobian of a denoiser f at a noisy image y is the matrix ``J = df/dy`` of shape (d, d),
d = C * H * W. It is never formed: :class:`JacobianOperator` multiplies blocks of vectors, and
carries as tags what is known of the matrix. Solvers read the tags, never how the products come.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import LinearOperator
from tqdm import tqdm

from gahb_sk._validation import Integral, at_least, validate_params


@dataclass(frozen=True)
class Spectrum:
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

    def mapped(self, values=lambda values: values, vectors=lambda vectors: vectors):
        """Return the spectrum of functions of the eigenvalues and of the eigenvectors."""
        return Spectrum(values(self.values), lambda k: vectors(self.vectors(k)))


class JacobianOperator(LinearOperator):
    """A Jacobian given by its products with blocks of vectors, with tags.

    Parameters
    ----------
    d : int
        Number of pixels times channels.
    matmat : callable
        ``V (d, k) -> J V (d, k)``.
    rmatmat : callable, default=None
        ``V (d, k) -> J^T V (d, k)``; None for a symmetric Jacobian.
    positive : bool, default=False
        Tag: the Jacobian is symmetric and has no negative eigenvalue.
    dtype : numpy dtype, default=numpy.float64
        Tag: precision of the products.
    step : float, default=None
        Tag: the step, in the units of the image, if the products are central differences; None if
        they are exact.
    spectrum : Spectrum or callable, default=None
        Tag: eigenvalues and eigenvectors of the symmetric part, where they are known, or a
        function without arguments that finds them.
    recast : callable, default=None
        Takes a dtype and returns the operator that computes in it; None where all is computed in
        double precision.
    block : int, default=8
        Tag: vectors worth multiplying at once. Costly products come in small blocks, since larger
        ones need more products in all.
    symmetric_part : callable, default=None
        ``V (d, k) -> (J + J^T) V / 2``, where that is cheaper than the two products.
    sampled : bool, default=False
        Tag: the Jacobian is a Monte Carlo estimate, and so is the denoised image. Differences of
        denoised images then show the noise of the estimates.
    """

    @validate_params({"d": [at_least(1)]})
    def __init__(
        self,
        d: int,
        matmat: Callable,
        rmatmat: Callable | None = None,
        *,
        positive: bool = False,
        dtype: npt.DTypeLike = np.float64,
        step: float | None = None,
        spectrum: Spectrum | Callable | None = None,
        recast: Callable | None = None,
        block: int = 8,
        symmetric_part: Callable | None = None,
        sampled: bool = False,
    ):
        super().__init__(_checked_dtype(dtype), (d, d))
        self._products = matmat, (matmat if rmatmat is None else rmatmat)
        self._spectrum: Any = spectrum
        self._recast = recast
        self.symmetric = rmatmat is None
        self.positive = positive
        self.step = step
        self.block = block
        self.sampled = sampled
        self.symmetric_part = matmat if rmatmat is None else symmetric_part

    @property
    def spectrum(self) -> Spectrum | None:
        """The :class:`Spectrum` if it is known in closed form, else None."""
        if callable(self._spectrum):
            self._spectrum = self._spectrum()
        return self._spectrum

    def astype(self, dtype: npt.DTypeLike) -> JacobianOperator:
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


def _checked_dtype(dtype):
    try:
        return np.dtype(dtype)
    except TypeError as error:
        raise TypeError(
            f"dtype: expected one of NumPy's, such as 'float32', got {dtype!r}."
        ) from error


def dense(operator, block=256, verbose=False):
    """Return an operator as a matrix, computed in blocks of columns."""
    if not isinstance(block, Integral) or block < 1:
        raise ValueError(f"block: expected an int of at least 1, got {block!r}.")
    d = operator.shape[0]
    matrix = np.empty((d, d), operator.dtype)
    with tqdm(total=d, desc="Jacobian", unit="column", disable=not verbose) as bar:
        for start in range(0, d, block):
            stop = min(start + block, d)
            matrix[:, start:stop] = operator.matmat(np.eye(d, stop - start, -start, operator.dtype))
            bar.update(stop - start)
    return matrix


def normal_operator(operator):
    """Return ``J^T J``, whose eigenpairs are the squared singular values and right vectors of J."""
    known = operator.spectrum if operator.symmetric else None
    return JacobianOperator(
        operator.shape[0],
        lambda V: operator.rmatmat(operator.matmat(V)),
        positive=True,
        step=operator.step,
        spectrum=known and known.mapped(np.square),
        block=operator.block,
    )


def conjugated(operator, into, back):
    """Return ``back J into``, with the tags of J, for an orthonormal map and its inverse.

    Both map vectors ``(d, k)``.
    """

    def product(multiply):
        return lambda V: back(multiply(into(V)))

    return JacobianOperator(
        operator.shape[0],
        product(operator.matmat),
        None if operator.symmetric else product(operator.rmatmat),
        positive=operator.positive,
        spectrum=lambda: operator.spectrum and operator.spectrum.mapped(vectors=back),
        block=operator.block,
    )


def network_operator(products, d, dtype=np.float64, *, symmetric=False):
    """Jacobian of a network at one image of d values.

    ``products(dtype)`` returns a pair of functions of ``V (1, d, k)``, forward and transposed. It
    is called at the first product, so changing the precision costs nothing.
    """
    pair = functools.cache(lambda: products(dtype))
    return JacobianOperator(
        d,
        lambda V: pair()[0](V[None])[0],
        None if symmetric else lambda V: pair()[1](V[None])[0],
        dtype=dtype,
        block=4,  # products are costly, and more of them are needed the larger the block
        recast=lambda other: network_operator(products, d, other, symmetric=symmetric),
    )
