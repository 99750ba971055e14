"""Randomised subspace iteration.

References
----------
N. Halko, P. G. Martinsson, J. A. Tropp, "Finding structure with randomness", SIAM Review 53, 2011.
DOI 10.1137/090771806.
"""

import numpy as np

from gahb_sk.jacobians.eigensolvers._base import OVERSAMPLING, converged, descending, found


def subspace_eigenpairs(problem, k, tolerance, generator):
    """Multiply a block, orthonormalise, rotate, repeat."""
    width = min(problem.d, k + OVERSAMPLING)
    Q = np.linalg.qr(generator.standard_normal((problem.d, width)))[0]
    while True:
        W = problem(Q)
        values, turn = descending(Q.T @ W)
        vectors, image = Q @ turn[:, :k], W @ turn[:, :k]
        if problem.exhausted or converged(values[:k], vectors, image, tolerance):
            return found(values[:k], vectors, image)
        Q = np.linalg.qr(W)[0]
