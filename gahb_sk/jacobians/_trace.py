r"""Trace of a matrix known by its products, with a standard error.

Hutch++: with Q an orthonormal basis of the range of A on random vectors,

.. math::
    \mathrm{tr} A = \mathrm{tr}(Q^T A Q)
        + \mathrm{E}\, g^T (1 - Q Q^T) A (1 - Q Q^T) g ,

the expectation over vectors g of random signs. The first part is exact, the second is averaged
over probes; the fewer large eigenvalues A has beyond Q, the less it fluctuates.

References
----------
R. A. Meyer, C. Musco, C. Musco, D. P. Woodruff, "Hutch++: optimal stochastic trace estimation",
SIAM Symposium on Simplicity in Algorithms, 2021. DOI 10.1137/1.9781611976496.16.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gahb_sk._random import Seed, child, image_generator, seed_sequence
from gahb_sk._validation import at_least, positive, validate_params
from gahb_sk.jacobians._operator import dense

_EXACT_UP_TO = 1024  # values per image; beyond, the trace is estimated
_BLOCK = 64  # columns of an exact trace at once
_LEAST_PROBES, _MORE_PROBES = 8, 4  # before their scatter is believed, and between two looks


@dataclass(frozen=True)
class TraceEstimate:
    """A trace, with its standard error.

    Attributes
    ----------
    value : float
    standard_error : float
        0 where the trace is exact. Of the fewest probes, 8, it is itself uncertain by a quarter:
        measured over many seeds, the value is then off by 3 of them in 1 to 4 of 100 cases.
    n_products : int
        Vectors that were multiplied.
    """

    value: float
    standard_error: float
    n_products: int


@validate_params(
    {
        "matmat": [callable],
        "d": [at_least(1)],
        "n_products": [at_least(1)],
        "tolerance": [positive(), None],
        "random_state": ["random_state"],
    }
)
def hutchpp(
    matmat: Callable[[np.ndarray], np.ndarray],
    d: int,
    n_products: int = 60,
    *,
    tolerance: float | None = None,
    random_state: Seed = 0,
) -> TraceEstimate:
    """Estimate the trace of a d x d matrix from its products.

    Parameters
    ----------
    matmat : callable
        ``V (d, k) -> A V (d, k)``.
    d : int
        Size of the matrix.
    n_products : int, default=60
        Vectors multiplied at most: a third to find the range, a third for the exact part, a third
        as probes. With ``n_products >= d`` the trace is computed exactly.
    tolerance : float, default=None
        Stop once the standard error is at most this share of the estimate. A few probes by
        themselves come first, and go on if they promise to reach it with a third of the products;
        the range is only found if they do not. None: use all products.
    random_state : int, RandomState or None, default=0
        Seed of the random vectors.

    Returns
    -------
    estimate : TraceEstimate

    Raises
    ------
    ValueError
        If there are fewer than 3 products, or the tolerance is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.jacobians import hutchpp
    >>> A = np.diag(1 / np.arange(1, 501.0))
    >>> estimate = hutchpp(lambda V: A @ V, 500, 90)
    >>> bool(abs(estimate.value - np.trace(A)) < 5 * estimate.standard_error)
    True
    """
    if n_products < min(3, d):
        raise ValueError(f"n_products: expected at least 3, an int, got {n_products!r}.")
    if n_products >= d:
        return TraceEstimate(float(np.trace(matmat(np.eye(d)))), 0.0, d)
    generator = image_generator(seed_sequence(random_state), 0)
    nothing = np.empty((d, 0))
    if tolerance is not None:
        estimate = _probe(matmat, nothing, 0.0, 0, n_products // 3, tolerance, generator)
        if estimate.standard_error <= tolerance * abs(estimate.value):
            return estimate
        n_products -= estimate.n_products
    else:
        estimate = TraceEstimate(0.0, 0.0, 0)
    width = n_products // 3
    Q = np.linalg.qr(np.asarray(matmat(random_signs(generator, d, width)), np.float64))[0]
    exact = float(np.vdot(Q, matmat(Q)))
    used = estimate.n_products + 2 * width
    return _probe(matmat, Q, exact, used, n_products - 2 * width, tolerance, generator)


def _probe(matmat, Q, exact, used, most, tolerance, generator):
    """Average over probes beyond Q until the tolerance is met, or cannot be with ``most``."""
    samples = np.empty(0)
    first = most if tolerance is None else min(_LEAST_PROBES, most)
    while True:
        more = first if not len(samples) else min(_MORE_PROBES, most - len(samples))
        probes = random_signs(generator, len(Q), more)
        probes = probes - Q @ (Q.T @ probes)
        samples = np.concatenate([samples, np.vecdot(probes, matmat(probes), axis=0)])
        value, error = exact + float(samples.mean()), standard_error(samples)
        estimate = TraceEstimate(value, error, used + len(samples))
        aim = 0.0 if tolerance is None else tolerance * abs(value)
        hopeless = aim == 0 or len(samples) * (error / aim) ** 2 > most
        if error <= aim or len(samples) >= most or (hopeless and not Q.size):
            return estimate


def standard_error(samples):
    """Standard error of a mean; infinite for one sample."""
    if len(samples) < 2:
        return float("inf")
    return float(samples.std(ddof=1) / np.sqrt(len(samples)))


def random_signs(generator, d, k):
    """Return k vectors ``(d, k)`` of independent signs."""
    return 2.0 * generator.integers(0, 2, (d, k)) - 1


def hutchinson_samples(stack, n_probes, root):
    """Return ``z^T J z`` for vectors of random signs, an ndarray of shape (n, n_probes)."""
    n, d, _ = stack.shape
    probes = np.stack([random_signs(image_generator(root, i), d, n_probes) for i in range(n)])
    return np.vecdot(probes, stack.matmat(probes), axis=1)


def _exact(stack, n_products, tolerance, root):
    n, d, _ = stack.shape
    if stack[0].spectrum is not None:  # of others it may be unknown
        return [_exact_trace(stack[i]) for i in range(n)]
    totals = np.zeros(n)
    for start in range(0, d, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, d))
        units = np.zeros((n, d, len(rows)))
        units[:, rows, np.arange(len(rows))] = 1
        totals += np.trace(stack.matmat(units)[:, rows], axis1=1, axis2=2)
    return [TraceEstimate(float(total), 0.0, d) for total in totals]


def _exact_trace(operator):
    if operator.spectrum is not None:
        return TraceEstimate(float(operator.spectrum.values.sum()), 0.0, 0)
    return TraceEstimate(float(np.trace(dense(operator, _BLOCK))), 0.0, operator.shape[0])


def _hutchpp(stack, n_products, tolerance, root):
    n, d, _ = stack.shape
    return [
        hutchpp(stack[i].matmat, d, n_products, tolerance=tolerance, random_state=child(root, i))
        for i in range(n)
    ]


def _hutchinson(stack, n_products, tolerance, root):
    samples = hutchinson_samples(stack, n_products, root)
    return [TraceEstimate(float(s.mean()), standard_error(s), n_products) for s in samples]


TRACES = {"exact": _exact, "hutchpp": _hutchpp, "hutchinson": _hutchinson}


def choose_trace(stack):
    """Return the name of the estimator for ``method="auto"``, by the tags of the first operator."""
    known = stack[0].spectrum is not None
    return "exact" if known or stack.shape[1] <= _EXACT_UP_TO else "hutchpp"
