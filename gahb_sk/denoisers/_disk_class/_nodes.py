"""Nodes of a quadrature over the geometry of disks, each of them with its own mask.

The nodes of all images of a batch stand in one list, sorted by image; sums over the nodes of each
image are products with a sparse matrix or reductions over runs.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from gahb_sk.datasets import disk_coverage
from gahb_sk.denoisers._disk_class._intensities import MaskStatistics, Moments, integrate

_CHUNK_VALUES = 2**21  # of masks in memory at a time
# Squared norm of the derivative of a mask by its radius, a pixel of rim: the mean over directions
# of a straight edge's (1 along the axes, 0.6 along the diagonals).
_EDGE_ENERGY = 0.8


class Problem(NamedTuple):
    """A batch of noisy images (n, H, W), squared noise levels (n,), prior, intensity range."""

    images: np.ndarray
    variance: np.ndarray
    prior: object
    low: float
    high: float

    def coverage(self, geometry):
        """Return the masks of disks."""
        return disk_coverage(geometry, self.images.shape[1:], wrap=self.prior.wrap)


class Nodes(NamedTuple):
    """Boxes of geometries, sorted by image, with the evidence of the disk in their middle."""

    image: np.ndarray
    geometry: np.ndarray
    cells: np.ndarray
    log_weight: np.ndarray
    moments: Moments

    def take(self, index):
        """Return some of the nodes; ``index`` must keep them sorted."""
        return Nodes(
            self.image[index], self.geometry[index], self.cells[index], self.log_weight[index],
            self.moments.take(index),
        )


def join(parts):
    """Put lists of nodes together, sorted by image."""
    image = np.concatenate([part.image for part in parts])
    order = np.argsort(image, kind="stable")
    joined = [np.concatenate(values)[order] for values in zip(*(p[1:4] for p in parts),
                                                               strict=True)]
    moments = Moments(
        *(np.concatenate(values)[order] for values in zip(*(p.moments for p in parts), strict=True))
    )
    return Nodes(image[order], *joined, moments)


def evaluate(problem, image, geometry, cells):
    """Compute the evidence of boxes; those without prior probability are left out.

    Parameters
    ----------
    problem : Problem
    image : ndarray of int of shape (m,)
        Sorted.
    geometry, cells : ndarray of shape (m, 3)
        Middle and sides of each box.

    Returns
    -------
    nodes : Nodes
    """
    mass = problem.prior.mass(geometry, cells)
    possible = mass > 0
    image, cells, mass = image[possible], cells[possible], mass[possible]
    geometry = problem.prior.nearest(geometry[possible])
    flat = problem.images.reshape(len(problem.images), -1)
    pixels = flat.shape[1]
    products = np.empty((3, len(image)))
    for part in _chunks(len(image), pixels):
        masks = problem.coverage(geometry[part]).reshape(-1, pixels)
        products[0, part] = np.einsum("kd,kd->k", masks, flat[image[part]])
        products[1, part] = masks.sum(1)
        products[2, part] = np.einsum("kd,kd->k", masks, masks)
    inside, area, A = products
    stats = MaskStatistics(
        inside, flat.sum(1)[image] - inside, A, area - A, pixels - 2 * area + A
    )
    evidence, moments = integrate(stats, problem.variance[image], problem.low, problem.high)
    return Nodes(image, geometry, cells, evidence + np.log(mass), moments)


def weights(image, log_weight):
    """Return weights that sum to 1 over the nodes of each image, and those nodes' runs.

    Returns
    -------
    weight : ndarray of shape (m,)
    first : ndarray of int of shape (n_present,)
        Where the run of nodes of each image that has any begins.
    """
    first = np.flatnonzero(np.diff(image, prepend=-1))
    count = np.diff(first, append=len(image))
    weight = np.exp(log_weight - np.repeat(np.maximum.reduceat(log_weight, first), count))
    weight /= np.repeat(np.add.reduceat(weight, first), count)
    return weight, first


def combine(problem, image, geometry, coefficients):
    """Return for each image of the batch the weighted sum of its nodes' masks, (n, H, W)."""
    n = len(problem.images)
    sums = np.zeros((n, problem.images[0].size))
    for part in _chunks(len(image), sums.shape[1]):
        masks = problem.coverage(geometry[part]).reshape(-1, sums.shape[1])
        place = (image[part], np.arange(len(masks)))
        sums += sparse.csr_array((coefficients[part], place), shape=(n, len(masks))) @ masks
    return sums.reshape(problem.images.shape)


def spacings(contrast, radius, cells, variance):
    """Return the sides of boxes in standard deviations of the posterior, as far as it is sharp.

    The image moves by ``contrast * sqrt(energy * pi * radius)`` a pixel of the centre, and
    ``sqrt(2)`` times that a pixel of the radius.

    Parameters
    ----------
    contrast : ndarray of shape (n,)
        Mean of the squared difference of the intensities.
    radius, variance : ndarray of shape (n,)
    cells : ndarray of shape (n, 3)

    Returns
    -------
    spacings : ndarray of shape (n, 3)
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


def _chunks(n, pixels):
    length = max(1, _CHUNK_VALUES // pixels)
    return [slice(start, min(start + length, n)) for start in range(0, n, length)]
