"""What the eigensolvers share: the symmetric part of an operator, and what is found of it."""

import functools
import threading
from dataclasses import dataclass

import numpy as np
from threadpoolctl import ThreadpoolController

from gahb_sk.jacobians._operator import dense

OVERSAMPLING = 20  # vectors of an iteration beyond those asked for
_AT_ONCE = 64  # vectors whose products or residuals are in memory beside all the vectors

NOT_FINITE = (
    "denoiser: its Jacobian has NaN or infinity at this image. Check the weights of the network, "
    "or what the function that is wrapped returns."
)

# The threads of a BLAS go on spinning after their work, and take the cores from those of torch that
# form the next product; the small products of a Krylov basis do without them.
_blas, _blas_lock = ThreadpoolController(), threading.RLock()


def on_one_thread(function):
    """Let a function use one thread of BLAS; one at a time, since the limit is the process's."""

    @functools.wraps(function)
    def limited(*arguments):
        with _blas_lock, _blas.limit(limits=1, user_api="blas"):
            return function(*arguments)

    return limited


@dataclass(frozen=True)
class EigenPairs:
    r"""Leading eigenpairs of the symmetric part S of an operator.

    Attributes
    ----------
    values : ndarray of shape (k,)
        Eigenvalues, decreasing.
    vectors : ndarray of shape (d, k)
        Orthonormal eigenvectors, as columns.
    residuals : ndarray of shape (k,)
        :math:`\|S e_k - \lambda_k e_k\|`.
    products : ndarray of shape (d, k) or None
        S times the vectors. None where the spectrum is known and nobody needs them.
    """

    values: np.ndarray
    vectors: np.ndarray
    residuals: np.ndarray
    products: np.ndarray | None


def found(values, vectors, products):
    """Return the eigenpairs with their residuals."""
    return EigenPairs(values, vectors, residual_norms(values, vectors, products), products)


@on_one_thread
def residual_norms(values, vectors, products):
    """Return the norms of ``products - values * vectors``, column by column."""
    norms = np.empty(len(values))
    for part in parts(len(values)):
        norms[part] = np.linalg.norm(products[:, part] - vectors[:, part] * values[part], axis=0)
    return norms


class SymmetricPart:
    """The symmetric part of an operator, with a count of its products.

    A solver gives up after ``max_products`` vectors.
    """

    def __init__(self, operator, max_products):
        self.operator = operator
        self.d = operator.shape[0]
        self.max_products = max_products
        self.n_products = 0
        self._matrix = None

    @property
    def exhausted(self):
        """Whether as many vectors were multiplied as may be."""
        return self.n_products >= self.max_products

    def __call__(self, V):
        """Return (J + J^T) V / 2 in double precision."""
        if self.operator.symmetric_part is not None:
            self.n_products += V.shape[1]
            return self._finite(self.operator.symmetric_part(V))
        forward, backward = self.both(V)
        return forward if backward is forward else (forward + backward) / 2

    def both(self, V):
        """Return J V and J^T V in double precision; the same array if J is symmetric."""
        self.n_products += V.shape[1]
        forward = self._finite(self.operator.matmat(V))
        if self.operator.symmetric:
            return forward, forward
        return forward, self._finite(self.operator.rmatmat(V))

    @property
    def has_matrix(self):
        """Whether the matrix was formed."""
        return self._matrix is not None

    def matrix(self):
        """Return J in double precision, computed once; its transpose costs no products."""
        if self._matrix is None:
            self.n_products += self.d
            self._matrix = self._finite(dense(self.operator))
        return self._matrix

    @staticmethod
    def _finite(product):
        if not np.isfinite(product).all():
            raise ValueError(NOT_FINITE)
        return np.asarray(product, np.float64)


@on_one_thread
def orthonormal_beyond(Q, block, generator):
    """Return orthonormal columns that span the part of ``block`` orthogonal to Q's columns.

    Directions that lie in the span of Q, or depend on each other, are replaced by random ones.
    """
    for _ in range(2):  # twice is enough: Giraud, Langou, Rozloznik 2005
        block = block - Q @ (Q.T @ block)
        norms = np.linalg.norm(block, axis=0)
        block = block / np.where(norms > 0, norms, 1)
    basis, triangle = np.linalg.qr(block)
    lost = np.abs(np.diag(triangle)) < 1e-8
    if lost.any():
        basis[:, lost] = generator.standard_normal((len(Q), lost.sum()))
        for _ in range(2):
            basis = basis - Q @ (Q.T @ basis)
            basis = np.linalg.qr(basis)[0]
    return basis


def parts(k):
    """Return slices that cut k vectors into blocks of bounded memory."""
    return [slice(start, min(start + _AT_ONCE, k)) for start in range(0, k, _AT_ONCE)]


@on_one_thread
def descending(matrix):
    """Return the eigenpairs of a small matrix's symmetric part, largest first."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return values[::-1], vectors[:, ::-1]


def converged(values, vectors, products, tolerance):
    """Return whether all residuals are at most the tolerance."""
    return residual_norms(values, vectors, products).max() <= tolerance
