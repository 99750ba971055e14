"""Nodes of a quadrature over the geometry of disks, each of them with its own mask.

The nodes of all images of a batch stand in one list, sorted by image; sums over the nodes of each
image are products with a sparse matrix or reductions over runs.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from gahb_sk._threads import in_threads
from gahb_sk.denoisers.optimal._disk_class._intensities import MaskStatistics, Moments, integrate
from gahb_sk.image_classes import DiskImages, disk_coverage

_CHUNK_VALUES = 2**17  # of masks drawn at a time: they stay in the cache


class Problem(NamedTuple):
    """A batch of noisy images (n, H, W), squared noise levels (n,) and the class of the images."""

    images: np.ndarray
    variance: np.ndarray
    law: DiskImages
    n_threads: int = 1

    def take(self, index):
        """Return the problem of some of the images."""
        return self._replace(images=self.images[index], variance=self.variance[index])

    def coverage(self, geometry):
        """Return the masks of disks."""
        return disk_coverage(geometry, self.images.shape[1:], wrap=self.law.wrap)


class Nodes(NamedTuple):
    """Boxes of geometries, sorted by image, with the evidence of the disk in their middle."""

    image: np.ndarray
    geometry: np.ndarray
    cells: np.ndarray
    log_weight: np.ndarray
    moments: Moments

    def take(self, index):
        """Return some of the nodes; ``index`` must keep them sorted."""
        return Nodes(*(values[index] for values in self[:4]), self.moments.take(index))


def join(parts):
    """Put lists of nodes together, sorted by image."""
    order = np.argsort(np.concatenate([part.image for part in parts]), kind="stable")
    columns = zip(*((*part[:4], *part.moments) for part in parts), strict=True)
    joined = [np.concatenate(values)[order] for values in columns]
    return Nodes(*joined[:4], Moments(*joined[4:]))


def evaluate(problem, image, geometry, cells):
    """Return nodes for the boxes (m, 3) of positive probability, sorted by image."""
    mass = problem.law.geometry.mass(geometry, cells)
    possible = mass > 0
    image, cells, mass = image[possible], cells[possible], mass[possible]
    geometry = problem.law.geometry.nearest(geometry[possible])
    flat = problem.images.reshape(len(problem.images), -1)
    pixels = flat.shape[1]
    products = np.empty((3, len(image)))

    def work(part):
        masks = problem.coverage(geometry[part]).reshape(-1, pixels)
        products[0, part] = np.einsum("kd,kd->k", masks, flat[image[part]])
        products[1, part] = masks.sum(1)
        products[2, part] = np.einsum("kd,kd->k", masks, masks)

    in_threads(work, chunks(len(image), pixels), problem.n_threads)
    inside, area, A = products
    stats = MaskStatistics(inside, flat.sum(1)[image] - inside, A, area - A, pixels - 2 * area + A)
    evidence, moments = integrate(
        stats, problem.variance[image], *problem.law.intensity_range, problem.n_threads
    )
    return Nodes(image, geometry, cells, evidence + np.log(mass), moments)


def runs(image):
    """Return where the run of nodes of each image that has any begins, and their number."""
    first = np.flatnonzero(np.diff(image, prepend=-1))
    return first, np.diff(first, append=len(image))


def weights(image, log_weight):
    """Return weights that sum to 1 over each image's nodes, and where its run begins."""
    first, count = runs(image)
    weight = np.exp(log_weight - np.repeat(np.maximum.reduceat(log_weight, first), count))
    weight /= np.repeat(np.add.reduceat(weight, first), count)
    return weight, first


def combine(problem, image, geometry, coefficients):
    """Return for each image of the batch the weighted sum of its nodes' masks, (n, H, W)."""
    n = len(problem.images)
    sums = np.zeros((n, problem.images[0].size))

    def work(part):
        masks = problem.coverage(geometry[part]).reshape(-1, sums.shape[1])
        first = image[part.start]  # few images have nodes in one part, for nodes are sorted
        place = (image[part] - first, np.arange(len(masks)))
        shape = (image[part.stop - 1] - first + 1, len(masks))
        return first, sparse.csr_array((coefficients[part], place), shape=shape) @ masks

    for first, added in in_threads(work, chunks(len(image), sums.shape[1]), problem.n_threads):
        sums[first : first + len(added)] += added
    return sums.reshape(problem.images.shape)


def chunks(n, pixels):
    """Return slices of n masks of that many pixels, each of a size for the cache."""
    length = max(1, _CHUNK_VALUES // pixels)
    return [slice(start, min(start + length, n)) for start in range(0, n, length)]
