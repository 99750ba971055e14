"""Numbers of a whole Jacobian: its asymmetry, trace and participation ratio."""

import warnings

import numpy as np

from gahb_sk.jacobians._trace import random_signs, standard_error

_EXACT_PIXELS = 1024  # up to here the matrix of a known spectrum is formed for its asymmetry
_JUMPS = 0.05  # relative disagreement of central differences beyond which a warning is given


def whole_numbers(problem, pairs, n_probes, generator):
    """Return, as a dict, the fields of :class:`~gahb_sk.analysis.EigenBasis` about all of J.

    They are exact if the matrix is known or small, or the spectrum is that of a symmetric one; else
    by probes beyond the range of ``pairs``, with standard errors over the probes.
    """
    known = problem.operator.spectrum is not None
    if problem.has_matrix or (
        known and not problem.operator.symmetric and problem.d <= _EXACT_PIXELS
    ):
        return _by_matrix(problem, generator)
    if known:
        return _by_spectrum(problem, n_probes, generator)
    return _by_probes(problem, pairs, n_probes, generator)


def _by_matrix(problem, generator):
    jacobian = problem.matrix()
    if problem.operator.step is not None:
        _warn_of_jumps(problem.operator, jacobian, generator)
    norm, trace = np.linalg.norm(jacobian), float(np.trace(jacobian))
    squares = np.square((jacobian + jacobian.T) / 2).sum()
    asymmetry = float(np.linalg.norm(jacobian - jacobian.T) / norm) if norm else 0.0
    return _numbers((asymmetry, 0.0), trace, 0.0, squares, exact=True)


def _by_spectrum(problem, n_probes, generator):
    values = problem.operator.spectrum.values
    squares, asymmetry = np.square(values).sum(), (0.0, 0.0)
    if not problem.operator.symmetric:
        forward, backward = problem.both(random_signs(generator, problem.d, n_probes))
        asymmetry = _asymmetry(forward - backward, squares)
    return _numbers(asymmetry, values.sum(), 0.0, squares, exact=problem.operator.symmetric)


def _by_probes(problem, pairs, n_probes, generator):
    probes = random_signs(generator, problem.d, n_probes)
    forward, backward = problem.both(probes)
    inside = pairs.vectors.T @ probes
    beyond = (forward + backward) / 2 - pairs.products @ inside  # S z for z orthogonal to the pairs
    samples = np.vecdot(probes - pairs.vectors @ inside, beyond, axis=0)
    # |A z|^2 of random signs z is the squared Frobenius norm of A on average.
    squares = np.square(pairs.values).sum() + np.square(beyond).sum() / n_probes
    trace, error = pairs.values.sum() + samples.mean(), standard_error(samples)
    return _numbers(_asymmetry(forward - backward, squares), trace, error, squares, exact=False)


def _numbers(asymmetry, trace, error, squares, exact):
    return {
        "asymmetry": asymmetry[0],
        "asymmetry_se": asymmetry[1],
        "effective_dimension": float(trace),
        "effective_dimension_se": error,
        "participation_ratio": float(trace**2 / squares) if squares > 0 else 0.0,
        "exact": exact,
    }


def _asymmetry(skew, squares):
    """From products ``(J - J^T) z`` with random signs, and the squared norm of S; with its error.

    With m the mean of the squared norms, the asymmetry is ``sqrt(m / (squares + m / 4))``.
    """
    norms = np.square(skew).sum(axis=0)
    total = squares + norms.mean() / 4
    asymmetry = float(np.sqrt(norms.mean() / total)) if squares else 0.0
    if not asymmetry:
        return 0.0, 0.0
    return asymmetry, float(standard_error(norms) * squares / (2 * asymmetry * total**2))


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
