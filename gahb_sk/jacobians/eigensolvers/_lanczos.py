"""Block Lanczos with full orthogonalisation and thick restarts.

References
----------
Y. Saad, "Numerical Methods for Large Eigenvalue Problems", 2nd ed. 2011, chapters 6 and 7.
DOI 10.1137/1.9781611970739.
G. W. Stewart, "A Krylov-Schur algorithm for large eigenproblems", SIAM J. Matrix Analysis and
Applications 23, 2002. DOI 10.1137/S0895479800371529.
"""

import numpy as np

from gahb_sk.jacobians.eigensolvers._base import (
    OVERSAMPLING,
    converged,
    descending,
    found,
    on_one_thread,
    orthonormal_beyond,
)

_CHECK_EVERY = 8  # vectors between two looks at the residuals
_VALUES = 2**13  # of a block: with few pixels, more vectors at once cost less than they waste
_MOST_BLOCK = 16
_ROOM = 200  # vectors of a Krylov basis beyond those asked for, before a restart


def lanczos_eigenpairs(problem, k, tolerance, generator):
    """Extend a Krylov basis block by block until the leading pairs converge.

    Products of the basis are kept beside it, so that the projected matrix and the residuals are
    what they are, however the rounding of single precision disturbs the recurrence.
    """
    d = problem.d
    b = max(problem.operator.block, min(_VALUES // d, _MOST_BLOCK))
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
            values, turn = descending(basis.projected())
            estimate = np.linalg.norm(coupling @ turn[-new.shape[1] :, :k], axis=0).max()
            if estimate <= tolerance or last:
                values, (vectors, image) = values[:k], basis.rotated(turn[:, :k])
                done = converged(values, vectors, image, tolerance)
                if done or basis.size == d or problem.exhausted:
                    return found(values, vectors, image)
            if last:
                basis.restart(turn[:, : min(k + OVERSAMPLING, basis.size)])
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

    @on_one_thread
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

    @on_one_thread
    def rotated(self, turn):
        """Return Q and W times a matrix."""
        return tuple(array[:, : self.size] @ turn for array in self._kept)

    @on_one_thread
    def restart(self, turn):
        """Keep the span of Q times a matrix of orthonormal columns that diagonalises."""
        size = turn.shape[1]
        for array, columns in zip(self._kept, self.rotated(turn), strict=True):
            array[:, :size] = columns
        self.size = size
        self._matrix[:size, :size] = self.vectors.T @ self._kept[1][:, :size]
