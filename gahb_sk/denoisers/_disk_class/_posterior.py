"""The posterior of the disk class: a grid over all disks, refined where the posterior is sharper.

1. All disks of the grid: likelihoods from inner products, intensities integrated out, weights.
2. An image whose posterior is no sharper than the grid is done.
3. If all that matters lies within a few pixels of the best disk, the mode is found by least
   squares and a lattice of nodes, one standard deviation apart, is laid over it.
4. Otherwise the boxes that matter are cut into eight, and 2 to 4 are repeated.
"""

from typing import NamedTuple

import numpy as np

from gahb_sk.denoisers._disk_class._intensities import Moments, integrate, peak_log_likelihood
from gahb_sk.denoisers._disk_class._local import lattice_nodes
from gahb_sk.denoisers._disk_class._nodes import (
    Nodes,
    combine,
    evaluate,
    join,
    reach,
    spacings,
    weights,
)

_SHARPEST = 1.25  # side of a box in standard deviations: the rule's error is then about 1e-5
_DEPTH = 20.0  # boxes below exp(-_DEPTH) of the best are left out of the grid
_CUT_DEPTH = 14.0  # and of what is cut into eight
_COMPACT = 3.0  # pixels around the best disk that hold one mode only
_LEVELS = 10
_MOST_PARENTS = 6000  # boxes of one image that are cut into eight
_LOST_WEIGHT = 1e-9  # nodes of less weight are left out of means
_CORNERS = np.stack(np.meshgrid(*[[-0.25, 0.25]] * 3, indexing="ij"), -1).reshape(-1, 3)


class Mixture(NamedTuple):
    """Weighted disks of a batch of images, sorted by image.

    ``cell`` is the index of each disk in the grid, or None, and ``geometry`` its row, column and
    radius; ``moments`` are those of its intensities.
    """

    image: np.ndarray
    geometry: np.ndarray
    weight: np.ndarray
    moments: Moments
    cell: np.ndarray | None


def solve(grid, problem, refinable):
    """Find the posterior of each image as a mixture of disks with uncertain intensities.

    Parameters
    ----------
    grid : DiskGrid
    problem : Problem
    refinable : bool
        False if the class lives on the grid's points.

    Returns
    -------
    mixtures : list of Mixture
        Each image is in one of them: those the grid resolves, and the others.
    """
    cell, coarse = _evaluate_grid(grid, problem)
    unresolved = _unresolved(coarse, problem) & refinable
    sharp = unresolved[coarse.image]
    mixtures = []
    if not sharp.all():
        mixtures.append(_mixture(coarse.take(~sharp), cell[~sharp]))
    if sharp.any():
        mixtures.append(_mixture(_refine(coarse.take(sharp), problem), None))
    return mixtures


def mean(grid, problem, mixtures):
    """Return the posterior mean of each image of the batch, (n, H, W)."""
    n = len(problem.images)
    total = np.zeros(problem.images.shape)
    for image, geometry, weight, moments, cell in mixtures:
        total += np.bincount(image, weight * moments.b, n)[:, None, None]
        if cell is None:
            total += combine(problem, image, geometry, weight * moments.k)
        else:
            total += grid.combine(image, cell, weight * moments.k, n)
    return total


def _evaluate_grid(grid, problem):
    """Evidence of the cells of the grid that matter, for all images."""
    stats = grid.statistics(problem.images)
    variance = problem.variance[:, None]
    value, a, b = peak_log_likelihood(stats, variance, problem.low, problem.high)
    value += grid.log_mass
    best = value.argmax(1)
    row = np.arange(len(best))
    contrast = np.square(a - b)[row, best] + problem.variance / stats.A[row, best]
    cells = np.broadcast_to(grid.cell, (len(best), 3))
    spacing = spacings(contrast, grid.geometry[best, 2], cells, problem.variance)
    keep = value >= (value[row, best] - reach(spacing, _DEPTH))[:, None]
    image, cell = np.nonzero(keep)
    evidence, moments = integrate(
        stats.take((image, cell)), problem.variance[image], problem.low, problem.high
    )
    nodes = Nodes(
        image, grid.geometry[cell], np.broadcast_to(grid.cell, (len(cell), 3)),
        evidence + grid.log_mass[cell], moments,
    )
    return cell, nodes


def _sharpness(nodes, problem):
    """Sides of each present image's boxes in standard deviations, as its best boxes say."""
    weight, first = weights(nodes.image, nodes.log_weight)
    present = nodes.image[first]
    squared = nodes.moments.kk
    total = np.add.reduceat(weight * squared, first)
    # Weighted by contrast too: a sharp mode counts even where a vague background outweighs it.
    contrast = np.add.reduceat(weight * squared**2, first) / np.maximum(total, 1e-300)
    radius = np.add.reduceat(weight * squared * nodes.geometry[:, 2], first)
    radius /= np.maximum(total, 1e-300)
    cells = nodes.cells[first]
    return present, spacings(contrast, radius, cells, problem.variance[present])


def _unresolved(nodes, problem):
    """Tell for each image of the batch whether its boxes are too coarse."""
    present, spacing = _sharpness(nodes, problem)
    flags = np.zeros(len(problem.images), bool)
    flags[present] = spacing.max(1) > _SHARPEST
    return flags


def _refine(nodes, problem):
    """Refine the nodes of images until each posterior is resolved."""
    done = []
    for _ in range(_LEVELS):
        nodes = _relevant(nodes, problem)
        compact = _compact(nodes, problem)[nodes.image]
        if compact.any():
            done.append(lattice_nodes(problem, *_best(nodes.take(compact))))
        nodes = nodes.take(~compact)
        if not len(nodes.image):
            return join(done)
        image = np.repeat(nodes.image, 8)
        corners = nodes.cells[:, None] * _CORNERS
        geometry = (nodes.geometry[:, None] + corners).reshape(-1, 3)
        nodes = evaluate(problem, image, geometry, np.repeat(nodes.cells / 2, 8, axis=0))
        sharp = _unresolved(nodes, problem)[nodes.image]
        done.append(nodes.take(~sharp))
        nodes = nodes.take(sharp)
        if not len(nodes.image):
            return join(done)
    return join([*done, nodes])


def _relevant(nodes, problem):
    """Keep the boxes in which the posterior may have weight."""
    present, spacing = _sharpness(nodes, problem)
    first = np.flatnonzero(np.diff(nodes.image, prepend=-1))
    count = np.diff(first, append=len(nodes.image))
    top = np.maximum.reduceat(nodes.log_weight, first)
    keep = nodes.log_weight >= np.repeat(top - reach(spacing, _CUT_DEPTH), count)
    order = np.lexsort([-nodes.log_weight, nodes.image])
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order)) - np.repeat(first, count)
    return nodes.take(keep & (rank < _MOST_PARENTS))


def _compact(nodes, problem):
    """Tell for each image of the batch whether its boxes lie within a few pixels of the best."""
    first = np.flatnonzero(np.diff(nodes.image, prepend=-1))
    count = np.diff(first, append=len(nodes.image))
    _, best, _ = _best(nodes)
    away = problem.prior.difference(nodes.geometry, np.repeat(best, count, axis=0))
    flags = np.zeros(len(problem.images), bool)
    flags[nodes.image[first]] = np.maximum.reduceat(np.abs(away).max(1), first) <= _COMPACT
    return flags


def _best(nodes):
    """Image, geometry and mean intensities of the best node of each present image."""
    order = np.lexsort([-nodes.log_weight, nodes.image])
    best = order[np.flatnonzero(np.diff(nodes.image[order], prepend=-1))]
    b, k = nodes.moments.b[best], nodes.moments.k[best]
    return nodes.image[best], nodes.geometry[best], np.column_stack([b + k, b])


def _mixture(nodes, cell):
    weight, _ = weights(nodes.image, nodes.log_weight)
    keep = weight > _LOST_WEIGHT
    cell = None if cell is None else cell[keep]
    kept = nodes.take(keep)
    return Mixture(kept.image, kept.geometry, weight[keep], kept.moments, cell)
