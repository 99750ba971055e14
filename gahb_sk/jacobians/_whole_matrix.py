"""Numbers of a whole Jacobian: its asymmetry, trace and participation ratio."""

import warnings

import numpy as np

from gahb_sk.jacobians._eigensolvers import Found, residual_norms
from gahb_sk.jacobians._trace import standard_error

_JUMPS = 0.05  # relative disagreement of central differences beyond which a warning is given


def by_matrix(problem, k, generator):
    """Return the leading eigenpairs and the global numbers, from the whole matrix.

    Parameters
    ----------
    problem : SymmetricProblem
    k : int
    generator : numpy.random.Generator

    Returns
    -------
    found : Found
    whole : dict
        ``asymmetry``, ``effective_dimension``, ``effective_dimension_se``,
        ``participation_ratio`` and ``exact``, as in :class:`EigenBasis`.
    """
    jacobian = problem.matrix()
    if problem.operator.step is not None:
        _warn_of_jumps(problem.operator, jacobian, generator)
    symmetric = (jacobian + jacobian.T) / 2
    values, vectors = np.linalg.eigh(symmetric)
    values, vectors = values[::-1], vectors[:, ::-1]
    norm = np.linalg.norm(jacobian)
    whole = {
        "asymmetry": float(np.linalg.norm(jacobian - jacobian.T) / norm) if norm else 0.0,
        "effective_dimension": float(np.trace(jacobian)),
        "effective_dimension_se": 0.0,
        "participation_ratio": _ratio(values.sum(), np.square(values).sum()),
        "exact": True,
    }
    values, vectors = values[:k], vectors[:, :k]
    return Found(values, vectors, residual_norms(values, vectors, symmetric @ vectors), None), whole


def _warn_of_jumps(operator, jacobian, generator):
    """Differences along any direction are those along the axes, unless the denoiser jumps."""
    direction = generator.standard_normal((len(jacobian), 1))
    expected = jacobian @ direction
    away = np.linalg.norm(operator.matmat(direction) - expected)
    if away > _JUMPS * np.linalg.norm(expected):
        warnings.warn(
            f"Central differences of step {operator.step:.2g} along a random direction are "
            f"{away / np.linalg.norm(expected):.0%} away from those along the axes: the denoiser "
            "jumps within a step. Trust no single eigenvector; traces are right on average.",
            UserWarning,
            stacklevel=5,
        )


def by_probes(problem, found, n_probes, generator):
    """Return the global numbers of a known spectrum, or from pairs found and probes beyond them.

    Parameters
    ----------
    problem : SymmetricProblem
    found : Found
    n_probes : int
    generator : numpy.random.Generator

    Returns
    -------
    whole : dict
        See :func:`by_matrix`.
    """
    spectrum = problem.operator.spectrum
    if spectrum is not None:
        total, squares = spectrum.values.sum(), np.square(spectrum.values).sum()
        return {
            "asymmetry": _asymmetry(problem, squares, n_probes, generator),
            "effective_dimension": float(total),
            "effective_dimension_se": 0.0,
            "participation_ratio": _ratio(total, squares),
            "exact": problem.operator.symmetric,
        }
    values, vectors, _, products = found
    probes = 2.0 * generator.integers(0, 2, (problem.d, n_probes)) - 1
    forward, backward = problem.both(probes)
    inside = vectors.T @ probes
    beyond = (forward + backward) / 2 - products @ inside  # S z for z orthogonal to the pairs
    samples = np.vecdot(probes - vectors @ inside, beyond, axis=0)
    total = values.sum() + samples.mean()
    # |A z|^2 of random signs z is the squared Frobenius norm of A on average.
    squares = np.square(values).sum() + np.square(beyond).sum() / n_probes
    skew = np.square(forward - backward).sum() / n_probes
    return {
        "asymmetry": float(np.sqrt(skew / (squares + skew / 4))) if squares else 0.0,
        "effective_dimension": float(total),
        "effective_dimension_se": standard_error(samples),
        "participation_ratio": _ratio(total, squares),
        "exact": False,
    }


def _asymmetry(problem, squares, n_probes, generator):
    if problem.operator.symmetric:
        return 0.0
    forward, backward = problem.both(2.0 * generator.integers(0, 2, (problem.d, n_probes)) - 1)
    skew = np.square(forward - backward).sum() / n_probes
    return float(np.sqrt(skew / (squares + skew / 4))) if squares else 0.0


def _ratio(total, squares):
    return float(total**2 / squares) if squares > 0 else 0.0
