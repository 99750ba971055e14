"""The posterior of the disk class: grids over all disks, refined where the posterior is sharper.

1. All disks of a grid: likelihoods from inner products, intensities integrated out, weights.
2. An image whose posterior is no sharper than the grid is done.
3. If all that matters lies within a few pixels of the best disk, the mode is found by least
   squares and a lattice of nodes, one standard deviation apart, is laid over it.
4. Otherwise the next finer grid is tried; beyond the finest, boxes that matter are cut into
   eight, and 2 to 4 are repeated.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from gahb_sk.denoisers.optimal._disk_class._grid import DiskGrid
from gahb_sk.denoisers.optimal._disk_class._intensities import (
    Moments,
    integrate,
    peak_log_likelihood,
)
from gahb_sk.denoisers.optimal._disk_class._local import lattice_nodes
from gahb_sk.denoisers.optimal._disk_class._nodes import Nodes, combine, join, weights
from gahb_sk.denoisers.optimal._disk_class._refine import (
    best_disks,
    compact_images,
    reach,
    refine,
    relevant,
    spacings,
    unresolved,
)

_DEPTH = 20.0  # cells below exp(-_DEPTH) of the best are left out
_LOST_WEIGHT = 1e-9  # disks of less weight are left out of means
_BLOCK_VALUES = 2**23  # of inner products in memory at a time


class Mixture(NamedTuple):
    """Weighted disks of a batch, sorted by image; ``cell`` is their index in ``grid``, if any.

    ``log_evidence`` is that of each image ``present``, relative to the density of white noise.
    """

    image: np.ndarray
    geometry: np.ndarray
    weight: np.ndarray
    moments: Moments
    cell: np.ndarray | None = None
    grid: DiskGrid | None = None
    present: np.ndarray | None = None
    log_evidence: np.ndarray | None = None

    def combine(self, problem, coefficients):
        """Return for each image of the batch the weighted sum of its disks' masks, (n, H, W)."""
        if self.grid is None:
            return combine(problem, self.image, self.geometry, coefficients)
        total = np.zeros(problem.images.shape)
        present, row = np.unique(self.image, return_inverse=True)
        for part in blocks(len(present), self.grid.values_per_image):
            these = slice(*np.searchsorted(row, [part.start, part.stop]))
            image, n = row[these] - part.start, part.stop - part.start
            sums = self.grid.combine(image, self.cell[these], coefficients[these], n)
            total[present[part]] = sums
        return total


class Grids:
    """Ever finer grids of one class, each made when it is first wanted."""

    def __init__(self, law):
        self.law = law
        # Whole-number disks all lie on the points of the coarsest grid.
        self.refinable = law.lattice == "continuous"

    @cached_property
    def coarse(self):
        """One cell per pixel; four on images of a few pixels."""
        tiny = self.refinable and min(self.law.image_size) < 12
        return DiskGrid(self.law, 4 if tiny else 1)

    @cached_property
    def middle(self):
        """Two cells per pixel along each axis."""
        return DiskGrid(self.law, 2)

    @cached_property
    def fine(self):
        """Four cells per pixel along each axis."""
        return DiskGrid(self.law, 4)

    def __reduce__(self):
        """Pickle what the grids are made of, not the grids."""
        return Grids, (self.law,)

    def __iter__(self):
        yield self.coarse
        if self.refinable and min(self.law.image_size) >= 12:
            yield self.middle
            yield self.fine


def solve(grids, problem):
    """Return mixtures of disks with uncertain intensities; each image's posterior is in one."""
    left = np.arange(len(problem.images))
    mixtures, sharp, vague = [], [], []
    for grid in grids:
        vague = []
        for part in blocks(len(left), grid.values_per_image):
            _solve_on_grid(grid, problem, left[part], grids.refinable, (mixtures, sharp, vague))
        left = np.unique(np.concatenate([nodes.image for nodes in vague])) if vague else left[:0]
        if not len(left):
            break
    parts = []
    if sharp:
        image, geometry, intensities = (np.concatenate(v) for v in zip(*sharp, strict=True))
        order = np.argsort(image)
        parts.append(lattice_nodes(problem, image[order], geometry[order], intensities[order]))
    if len(left):
        parts.append(refine(join(vague), problem))
    if parts:
        mixtures.append(_mixture(join(parts), None, None))
    return mixtures


def mean(problem, mixtures):
    """Return the posterior mean of each image of the batch, (n, H, W)."""
    n = len(problem.images)
    total = np.zeros(problem.images.shape)
    for mixture in mixtures:
        weight, moments = mixture.weight, mixture.moments
        total += np.bincount(mixture.image, weight * moments.b, n)[:, None, None]
        total += mixture.combine(problem, weight * moments.k)
    return total


def log_evidence(problem, mixtures):
    """Return the log density of each image relative to that of white noise, (n,)."""
    out = np.empty(len(problem.images))
    for mixture in mixtures:
        out[mixture.present] = mixture.log_evidence
    return out


def best_of_grid(grid, problem):
    """Return geometry (n, 3) and intensities (n, 2) of the best disk of a grid for each image."""
    _, nodes = _evaluate_grid(grid, problem)
    return best_disks(nodes)[1:]


def _solve_on_grid(grid, problem, which, refinable, results):
    """Sort the images ``which`` into those solved, those sharp at one mode, and the others."""
    mixtures, sharp, vague = results
    part = problem.take(which)
    cell, nodes = _evaluate_grid(grid, part)
    open_images = unresolved(nodes, part) & refinable
    pending = open_images[nodes.image]
    if not pending.all():
        done = nodes.take(~pending)
        done = done._replace(image=which[done.image])
        mixtures.append(_mixture(done, cell[~pending], grid))
    if pending.any():
        nodes = relevant(nodes.take(pending), part)
        compact = compact_images(nodes, part)[nodes.image]
        if compact.any():
            image, geometry, intensities = best_disks(nodes.take(compact))
            sharp.append((which[image], geometry, intensities))
        if not compact.all():
            rest = nodes.take(~compact)
            vague.append(rest._replace(image=which[rest.image]))


def _evaluate_grid(grid, problem):
    """Evidence of the cells of the grid that matter, for all images."""
    stats = grid.statistics(problem.images)
    variance = problem.variance[:, None]
    value, a, b = peak_log_likelihood(stats, variance, *problem.law.intensity_range)
    value += grid.log_mass
    best = value.argmax(1)
    row = np.arange(len(best))
    contrast = np.square(a - b)[row, best] + problem.variance / stats.A[row, best]
    cells = np.broadcast_to(grid.cell, (len(best), 3))
    spacing = spacings(contrast, grid.geometry[best, 2], cells, problem.variance)
    keep = value >= (value[row, best] - reach(spacing, _DEPTH))[:, None]
    image, cell = np.nonzero(keep)
    pairs, variance = stats.take((image, cell)), problem.variance[image]
    evidence, moments = integrate(pairs, variance, *problem.law.intensity_range, problem.n_threads)
    cells = np.broadcast_to(grid.cell, (len(cell), 3))
    evidence = evidence + grid.log_mass[cell]
    return cell, Nodes(image, grid.geometry[cell], cells, evidence, moments)


def _mixture(nodes, cell, grid):
    weight, first = weights(nodes.image, nodes.log_weight)
    evidence = np.logaddexp.reduceat(nodes.log_weight, first)
    keep = weight > _LOST_WEIGHT
    cell = None if cell is None else cell[keep]
    kept, weight = nodes.take(keep), weight[keep]
    weight = weight / np.bincount(kept.image, weight)[kept.image]  # many small ones add up
    disks = kept.image, kept.geometry, weight, kept.moments
    return Mixture(*disks, cell, grid, nodes.image[first], evidence)


def blocks(n, values_per_image):
    length = max(1, _BLOCK_VALUES // values_per_image)
    return [slice(start, min(start + length, n)) for start in range(0, n, length)]
