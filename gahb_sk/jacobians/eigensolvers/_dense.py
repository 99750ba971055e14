"""Eigenpairs of a matrix that is formed."""

from scipy.linalg import eigh

from gahb_sk.jacobians.eigensolvers._base import found


def dense_eigenpairs(problem, k, tolerance, generator):
    """Form the matrix and decompose it; the tolerance plays no part."""
    jacobian = problem.matrix()
    matrix = (jacobian + jacobian.T) / 2
    values, vectors = eigh(matrix, subset_by_index=(problem.d - k, problem.d - 1))
    values, vectors = values[::-1], vectors[:, ::-1]
    return found(values, vectors, matrix @ vectors)
