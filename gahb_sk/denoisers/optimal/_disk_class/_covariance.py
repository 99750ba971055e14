r"""The posterior covariance of an image, and its trace, from its mixture of disks.

Given the disk, x = b + k m; so Cov x is the covariance of the means given the disk plus the mean
of the covariances given the disk. On a grid both are one formula in raw moments, computed by
Fourier transforms; for separate nodes they are a factor, one to three rows a node.
"""

import numpy as np

from gahb_sk._threads import in_threads
from gahb_sk.denoisers.optimal._disk_class._nodes import chunks
from gahb_sk.denoisers.optimal._disk_class._posterior import blocks, mean
from gahb_sk.jacobians._operator import JacobianOperator
from gahb_sk.jacobians._posterior import factored_operator

_ROWS = 1024  # nodes whose masks are in memory at a time


def covariance(problem, mixture):
    """Return the posterior covariance of the only image of a problem, a JacobianOperator."""
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

    return JacobianOperator(d, matmat, positive=True, block=4)


def _of_nodes(problem, mixture):
    d = problem.images[0].size
    average = np.zeros(d)
    for part in _parts(mixture):
        masks = problem.coverage(mixture.geometry[part]).reshape(-1, d)
        average += (mixture.weight * mixture.moments.k)[part] @ masks
    average += mixture.weight @ mixture.moments.b
    factors = (_factor(problem, mixture, part, average) for part in _parts(mixture))
    if 3 * len(mixture.weight) <= d:
        return factored_operator(np.concatenate(list(factors)))
    dense = sum(rows.T @ rows for rows in factors)
    return JacobianOperator(d, lambda V: dense @ V, positive=True)


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


def variances(problem, mixtures):
    """Return the trace of the posterior covariance of each image, which is in one mixture."""
    average = mean(problem, mixtures)
    total = np.zeros(len(average))
    for mixture in mixtures:
        form = _traces_of_nodes if mixture.grid is None else _traces_on_grid
        total += form(problem, mixture, average)
    return np.maximum(total, 0)


def _traces_on_grid(problem, mixture, average):
    n, image, cell, w = len(average), mixture.image, mixture.cell, mixture.weight
    A, inside = mixture.grid.A[cell], (mixture.grid.A + mixture.grid.C)[cell]
    b, k, bb, bk, kk = mixture.moments
    middle = np.bincount(image, w * b, n)
    centre = middle[image]
    square = (bb - 2 * centre * b + centre**2) * average[0].size
    square += 2 * (bk - centre * k) * inside + kk * A
    away = np.square(average - middle[:, None, None]).sum((1, 2))
    return np.bincount(image, w * square, n) - away * (np.bincount(image, minlength=n) > 0)


def _traces_of_nodes(problem, mixture, average):
    flat = average.reshape(len(average), -1)
    d = flat.shape[1]
    spread = np.empty(len(mixture.weight))

    def work(part):
        masks = problem.coverage(mixture.geometry[part]).reshape(-1, d)
        b, k, bb, bk, kk = mixture.moments.take(part)
        within = (bb - b * b) * d + 2 * (bk - b * k) * masks.sum(1)
        within += (kk - k * k) * np.einsum("kd,kd->k", masks, masks)
        between = b[:, None] + k[:, None] * masks - flat[mixture.image[part]]
        spread[part] = np.maximum(within, 0) + np.einsum("kd,kd->k", between, between)

    in_threads(work, chunks(len(spread), d), problem.n_threads)
    return np.bincount(mixture.image, mixture.weight * spread, len(average))
