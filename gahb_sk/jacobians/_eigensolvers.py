r"""Leading eigenpairs of symmetric matrices that are known by their products alone.

``SOLVERS`` maps a name to a function ``(problem, n_components, tolerance, generator)`` that returns
:class:`Found`. A pair :math:`(\lambda, e)` has converged when :math:`\|S e - \lambda e\|` is at
most the tolerance.

References
----------
Y. Saad, "Numerical Methods for Large Eigenvalue Problems", 2nd ed. 2011, chapters 5 to 7.
DOI 10.1137/1.9781611970739.
G. W. Stewart, "A Krylov-Schur algorithm for large eigenproblems", SIAM J. Matrix Analysis and
Applications 23, 2002. DOI 10.1137/S0895479800371529.
N. Halko, P. G. Martinsson, J. A. Tropp, "Finding structure with randomness", SIAM Review 53, 2011.
DOI 10.1137/090771806.
"""

import functools
import threading
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh
from threadpoolctl import ThreadpoolController

from gahb_sk.jacobians._linearize import dense

_CHECK_EVERY = 8  # vectors between two looks at the residuals in block Lanczos
_ROOM = 200  # vectors of a Krylov basis beyond those asked for, before a restart
_OVERSAMPLING = 20  # vectors of subspace iteration beyond those asked for
_DENSE = 2048  # matrices of at most this size are formed
_SHARE = 5  # as are those of which more than 1/5 of the eigenpairs are asked for
_AT_ONCE = 64  # vectors whose products or residuals are in memory beside all the vectors

# The threads of a BLAS go on spinning after their work, and take the cores from those of torch that
# form the next product; the small products of a Krylov basis do without them.
_blas, _blas_lock = ThreadpoolController(), threading.RLock()


def _on_one_thread(function):
    """Let a function use one thread of BLAS; one at a time, since the limit is the process's."""

    @functools.wraps(function)
    def limited(*arguments):
        with _blas_lock, _blas.limit(limits=1, user_api="blas"):
            return function(*arguments)

    return limited


NOT_FINITE = (
    "denoiser: its Jacobian has NaN or infinity at this image. Check the weights of the network, "
    "or what the function that is wrapped returns."
)


class Found(NamedTuple):
    """What a solver found.

    Attributes
    ----------
    values : ndarray of shape (k,)
    vectors : ndarray of shape (d, k)
    residuals : ndarray of shape (k,)
    products : ndarray of shape (d, k) or None
        S times the vectors; None where the spectrum is known and nobody needs them.
    """

    values: np.ndarray
    vectors: np.ndarray
    residuals: np.ndarray
    products: np.ndarray | None


def found(values, vectors, products):
    """Return what was found, with the residuals."""
    return Found(values, vectors, residual_norms(values, vectors, products), products)


@_on_one_thread
def residual_norms(values, vectors, products):
    """Return the norms of ``products - values * vectors``, column by column."""
    norms = np.empty(len(values))
    for part in _parts(len(values)):
        norms[part] = np.linalg.norm(products[:, part] - vectors[:, part] * values[part], axis=0)
    return norms


class SymmetricProblem:
    """The symmetric part of an operator, with a count of its products.

    Parameters
    ----------
    operator : JacobianOperator
        Of shape (d, d).
    max_products : int
        Vectors that may be multiplied before a solver gives up.
    """

    def __init__(self, operator, max_products):
        self.operator = operator
        self.d = operator.shape[0]
        self.max_products = max_products
        self.n_products = 0

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

    def matrix(self):
        """Return J in double precision; its transpose costs no products."""
        self.n_products += self.d
        return self._finite(dense(self.operator))

    @staticmethod
    def _finite(product):
        if not np.isfinite(product).all():
            raise ValueError(NOT_FINITE)
        return np.asarray(product, np.float64)


def choose_solver(operator, n_components):
    """Return the name of the solver for ``method="auto"``."""
    d = operator.shape[0]
    if operator.spectrum is not None:
        return "closed form"
    # Central differences need the whole matrix for one product with the transpose.
    if d <= _DENSE or _SHARE * n_components >= d or operator.step is not None:
        return "dense"
    return "lanczos"


def dense_eigenpairs(problem, k, tolerance, generator):
    """Form the matrix and decompose it; the tolerance plays no part."""
    jacobian = problem.matrix()
    matrix = (jacobian + jacobian.T) / 2
    values, vectors = eigh(matrix, subset_by_index=(problem.d - k, problem.d - 1))
    values, vectors = values[::-1], vectors[:, ::-1]
    return found(values, vectors, matrix @ vectors)


def closed_form_eigenpairs(problem, k, tolerance, generator):
    """Take the largest of the known eigenvalues; below them, zeros with any orthogonal vectors."""
    spectrum = problem.operator.spectrum
    order = np.argsort(-spectrum.values, kind="stable")[:k]
    known = len(order)
    values, residuals, vectors = np.zeros(k), np.empty(k), np.empty((k, problem.d)).T
    values[:known] = spectrum.values[order]
    for part in _parts(known):
        vectors[:, part] = spectrum.vectors(order[part])
    if known < k:
        rest = generator.standard_normal((problem.d, k - known))
        vectors[:, known:] = orthonormal_beyond(vectors[:, :known], rest, generator)
    for part in _parts(k):
        columns = vectors[:, part]
        residuals[part] = residual_norms(values[part], columns, problem(columns))
    return Found(values, vectors, residuals, None)


def subspace_eigenpairs(problem, k, tolerance, generator):
    """Randomised subspace iteration: multiply a block, orthonormalise, rotate, repeat."""
    width = min(problem.d, k + _OVERSAMPLING)
    Q = np.linalg.qr(generator.standard_normal((problem.d, width)))[0]
    while True:
        W = problem(Q)
        values, turn = _descending(Q.T @ W)
        vectors, image = Q @ turn[:, :k], W @ turn[:, :k]
        if problem.exhausted or _converged(values[:k], vectors, image, tolerance):
            return found(values[:k], vectors, image)
        Q = np.linalg.qr(W)[0]


def lanczos_eigenpairs(problem, k, tolerance, generator):
    """Block Lanczos with full orthogonalisation and thick restarts.

    Products of the basis are kept beside it, so that the projected matrix and the residuals are
    what they are, however the rounding of single precision disturbs the recurrence.
    """
    d, b = problem.d, problem.operator.block
    most = min(d, max(4 * k, k + _ROOM))  # vectors kept before a restart
    basis = KrylovBasis(problem, most + b)
    new = np.linalg.qr(generator.standard_normal((d, min(b, d))))[0]
    since = 0
    while True:
        rest, coupling = basis.extend(new)
        since += new.shape[1]
        last = basis.size >= min(most, d) or problem.exhausted
        if basis.size >= k and (last or since >= _CHECK_EVERY):
            since = 0
            values, turn = _descending(basis.projected())
            estimate = np.linalg.norm(coupling @ turn[-new.shape[1] :, :k], axis=0).max()
            if estimate <= tolerance or last:
                values, (vectors, image) = values[:k], basis.rotated(turn[:, :k])
                done = _converged(values, vectors, image, tolerance)
                if done or basis.size == d or problem.exhausted:
                    return found(values, vectors, image)
            if last:
                basis.restart(turn[:, : min(k + _OVERSAMPLING, basis.size)])
        new = orthonormal_beyond(basis.vectors, rest[:, : d - basis.size], generator)


class KrylovBasis:
    """Orthonormal vectors Q, their products W = S Q and the projected matrix Q^T W, in place."""

    def __init__(self, problem, capacity):
        self.problem, self.size = problem, 0
        self._kept = [np.empty((problem.d, capacity), order="F") for _ in range(2)]
        self._matrix = np.zeros((capacity, capacity))

    @property
    def vectors(self):
        """The orthonormal vectors, (d, size)."""
        return self._kept[0][:, : self.size]

    def projected(self):
        """Return Q^T S Q."""
        return self._matrix[: self.size, : self.size]

    def extend(self, new):
        """Add orthonormal vectors; return what S takes them to beyond Q, and its factor."""
        return self._add(new, self.problem(new))

    @_on_one_thread
    def _add(self, new, product):
        start, stop = self.size, self.size + new.shape[1]
        for array, columns in zip(self._kept, (new, product), strict=True):
            array[:, start:stop] = columns
        self.size = stop
        inner = self.vectors.T @ product
        self._matrix[:stop, start:stop] = inner
        self._matrix[start:stop, :stop] = inner.T
        rest = product - self.vectors @ inner
        return rest, np.linalg.qr(rest, mode="r")

    @_on_one_thread
    def rotated(self, turn):
        """Return Q and W times a matrix."""
        return tuple(array[:, : self.size] @ turn for array in self._kept)

    @_on_one_thread
    def restart(self, turn):
        """Keep the span of Q times a matrix of orthonormal columns that diagonalises."""
        size = turn.shape[1]
        for array, columns in zip(self._kept, self.rotated(turn), strict=True):
            array[:, :size] = columns
        self.size = size
        self._matrix[:size, :size] = self.vectors.T @ self._kept[1][:, :size]


SOLVERS = {
    "closed form": closed_form_eigenpairs,
    "dense": dense_eigenpairs,
    "lanczos": lanczos_eigenpairs,
    "subspace": subspace_eigenpairs,
}


@_on_one_thread
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


def _parts(k):
    return [slice(start, min(start + _AT_ONCE, k)) for start in range(0, k, _AT_ONCE)]


@_on_one_thread
def _descending(matrix):
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return values[::-1], vectors[:, ::-1]


def _converged(values, vectors, image, tolerance):
    return residual_norms(values, vectors, image).max() <= tolerance
