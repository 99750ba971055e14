"""Which boxes of geometries matter, whether they are fine enough, and what to do if not."""

import numpy as np

from gahb_sk.denoisers.optimal._disk_class._local import lattice_nodes
from gahb_sk.denoisers.optimal._disk_class._nodes import evaluate, join, runs, weights

# Squared norm of the derivative of a mask by its radius, a pixel of rim: the mean over directions
# of a straight edge's (1 along the axes, 0.6 along the diagonals).
_EDGE_ENERGY = 0.8
_SHARPEST = 1.25  # side of a box in standard deviations: the rule's error is then about 1e-5
_DEPTH = 14.0  # boxes below exp(-_DEPTH) of the best are not refined
_COMPACT = 3.0  # pixels around the best disk that hold one mode only
_LEVELS = 8
_MOST_PARENTS = 6000  # boxes of one image that are cut into eight
_CORNERS = np.stack(np.meshgrid(*[[-0.25, 0.25]] * 3, indexing="ij"), -1).reshape(-1, 3)


def spacings(contrast, radius, cells, variance):
    """Return the sides of boxes in standard deviations of the posterior, in so far as it is sharp.

    ``contrast`` is the mean squared difference of the intensities. The image moves by
    ``sqrt(energy * pi * radius * contrast)`` per pixel of the centre, ``sqrt(2)`` times that per
    pixel of the radius.
    """
    speed = np.sqrt(_EDGE_ENERGY * np.pi * radius * contrast / variance)
    return cells * speed[:, None] * np.array([1, 1, np.sqrt(2)])


def reach(spacing, depth):
    """Return how far below the best box's the log-weight of a box that matters may lie.

    The true disk may be half a box's diagonal D (in standard deviations) away from the middle of
    its box. If the middle has the log-likelihood -u^2 / 2 below the true disk's, moving gains at
    most u D + 2 D, noise included; what stays within ``depth`` is kept.
    """
    half = 0.5 * np.sqrt(np.square(spacing).sum(1))
    return 0.5 * np.square(half + np.sqrt(half**2 + 4 * half + 2 * depth))


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
    return present, spacings(contrast, radius, nodes.cells[first], problem.variance[present])


def unresolved(nodes, problem):
    """Tell for each image of the batch whether its boxes are too coarse."""
    present, spacing = _sharpness(nodes, problem)
    flags = np.zeros(len(problem.images), bool)
    flags[present] = spacing.max(1) > _SHARPEST
    return flags


def refine(nodes, problem):
    """Refine the nodes of images until each posterior is resolved."""
    done = []
    for _ in range(_LEVELS):
        nodes = relevant(nodes, problem)
        compact = compact_images(nodes, problem)[nodes.image]
        if compact.any():
            done.append(lattice_nodes(problem, *best_disks(nodes.take(compact))))
        nodes = nodes.take(~compact)
        if not len(nodes.image):
            return join(done)
        image = np.repeat(nodes.image, 8)
        corners = nodes.cells[:, None] * _CORNERS
        geometry = (nodes.geometry[:, None] + corners).reshape(-1, 3)
        nodes = evaluate(problem, image, geometry, np.repeat(nodes.cells / 2, 8, axis=0))
        sharp = unresolved(nodes, problem)[nodes.image]
        done.append(nodes.take(~sharp))
        nodes = nodes.take(sharp)
        if not len(nodes.image):
            return join(done)
    return join([*done, nodes])


def relevant(nodes, problem):
    """Keep the boxes in which the posterior may have weight."""
    present, spacing = _sharpness(nodes, problem)
    first, count = runs(nodes.image)
    top = np.maximum.reduceat(nodes.log_weight, first)
    keep = nodes.log_weight >= np.repeat(top - reach(spacing, _DEPTH), count)
    order = np.lexsort([-nodes.log_weight, nodes.image])
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order)) - np.repeat(first, count)
    return nodes.take(keep & (rank < _MOST_PARENTS))


def compact_images(nodes, problem):
    """Tell for each image of the batch whether its boxes lie within a few pixels of the best."""
    first, count = runs(nodes.image)
    _, best, _ = best_disks(nodes)
    away = problem.law.geometry.difference(nodes.geometry, np.repeat(best, count, axis=0))
    flags = np.zeros(len(problem.images), bool)
    flags[nodes.image[first]] = np.maximum.reduceat(np.abs(away).max(1), first) <= _COMPACT
    return flags


def best_disks(nodes):
    """Image, geometry and mean intensities of the best node of each present image."""
    order = np.lexsort([-nodes.log_weight, nodes.image])
    best = order[runs(nodes.image[order])[0]]
    b, k = nodes.moments.b[best], nodes.moments.k[best]
    return nodes.image[best], nodes.geometry[best], np.column_stack([b + k, b])
