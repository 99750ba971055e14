"""Eigenpairs that the operator knows."""

import numpy as np

from gahb_sk.jacobians.eigensolvers._base import (
    EigenPairs,
    orthonormal_beyond,
    parts,
    residual_norms,
)


def closed_form_eigenpairs(problem, k, tolerance, generator):
    """Take the largest of the known eigenvalues; below them, zeros with any orthogonal vectors."""
    spectrum = problem.operator.spectrum
    order = np.argsort(-spectrum.values, kind="stable")[:k]
    known = len(order)
    values, residuals, vectors = np.zeros(k), np.empty(k), np.empty((k, problem.d)).T
    values[:known] = spectrum.values[order]
    for part in parts(known):
        vectors[:, part] = spectrum.vectors(order[part])
    if known < k:
        rest = generator.standard_normal((problem.d, k - known))
        vectors[:, known:] = orthonormal_beyond(vectors[:, :known], rest, generator)
    for part in parts(k):
        columns = vectors[:, part]
        residuals[part] = residual_norms(values[part], columns, problem(columns))
    return EigenPairs(values, vectors, residuals, None)
