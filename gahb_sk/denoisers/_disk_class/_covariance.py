r"""The posterior covariance of one image, from its mixture of disks.

Given the disk, x = b + k m; so Cov x is the covariance of the means given the disk plus the mean
of the covariances given the disk. On a grid both are one formula in raw moments, computed by
Fourier transforms; for separate nodes they are a factor, one to three rows a node.
"""

import numpy as np

from gahb_sk.denoisers._disk_class._posterior import blocks
from gahb_sk.denoisers._linear import JacobianOperator, factored_operator

_ROWS = 1024  # nodes whose masks are in memory at a time


def covariance(problem, mixture):
    """Return the posterior covariance of the only image of a problem.

    Parameters
    ----------
    problem : Problem
        Of one image.
    mixture : Mixture

    Returns
    -------
    covariance : JacobianOperator
    trace : float
    """
    form = _of_nodes if mixture.grid is None else _on_grid
    return form(problem, mixture)


def _on_grid(problem, mixture):
    size = problem.images.shape[1:]
    d = int(np.prod(size))
    grid, cell, w = mixture.grid, mixture.cell, mixture.weight
    # Relative to the mean background, so that little cancels where the contrast is low.
    middle = float(w @ mixture.moments.b)
    k, kk = w * mixture.moments.k, w * mixture.moments.kk
    bb = float(w @ (mixture.moments.bb - 2 * middle * mixture.moments.b)) + middle**2
    bk = w * (mixture.moments.bk - middle * mixture.moments.k)
    zeros = np.zeros(len(cell), np.intp)
    average = grid.combine(zeros, cell, k, 1).ravel()
    trace = bb * d + 2 * bk @ (grid.A + grid.C)[cell] + kk @ grid.A[cell] - average @ average

    def block(V):
        n = V.shape[1]
        sums = V.sum(0)
        products = grid.products(V.T.reshape(n, *size))[:, cell]
        coefficients = sums[:, None] * bk + products * kk
        image = np.repeat(np.arange(n), len(cell))
        combined = grid.combine(image, np.tile(cell, n), coefficients.ravel(), n)
        constant = bb * sums + products @ bk
        return combined.reshape(n, d).T + constant - np.outer(average, average @ V)

    def matmat(V):
        parts = [block(V[:, part]) for part in blocks(V.shape[1], grid.values_per_image)]
        return np.hstack(parts) if parts else np.zeros(V.shape)

    return JacobianOperator(d, matmat), max(float(trace), 0.0)


def _of_nodes(problem, mixture):
    d = problem.images[0].size
    average = np.zeros(d)
    for part in _parts(mixture):
        masks = problem.coverage(mixture.geometry[part]).reshape(-1, d)
        average += (mixture.weight * mixture.moments.k)[part] @ masks
    average += mixture.weight @ mixture.moments.b
    factors = (_factor(problem, mixture, part, average) for part in _parts(mixture))
    if 3 * len(mixture.weight) <= d:
        rows = np.concatenate(list(factors))
        return factored_operator(rows), float(np.square(rows).sum())
    dense = sum(rows.T @ rows for rows in factors)
    return JacobianOperator(d, lambda V: dense @ V), float(np.trace(dense))


def _parts(mixture):
    return [slice(i, i + _ROWS) for i in range(0, len(mixture.weight), _ROWS)]


def _factor(problem, mixture, part, average):
    """Rows whose products sum to the share of some nodes in the covariance."""
    masks = problem.coverage(mixture.geometry[part]).reshape(-1, len(average))
    b, k, bb, bk, kk = mixture.moments.take(part)
    root = np.sqrt(mixture.weight[part])[:, None]
    between = b[:, None] + k[:, None] * masks - average
    first = np.sqrt(np.maximum(bb - b * b, 1e-300))
    slope = (bk - b * k) / first
    second = np.sqrt(np.maximum(kk - k * k - slope**2, 0))
    along = first[:, None] + slope[:, None] * masks
    return np.concatenate([root * between, root * along, root * second[:, None] * masks])
