"""Endless fresh images of a class: image k of the stream is image k of the class."""

from itertools import count

import numpy as np

from gahb_sk._random import seed_sequence
from gahb_sk.datasets._prefetch import prefetched
from gahb_sk.image_classes import ImageClass
from gahb_sk.image_classes._sampling import check_dtype

BLOCK = 64  # images made at a time when they are taken one by one


class FreshImages:
    """A stream of images of a class that never repeats.

    It holds no image, only the recipe: pickled, it is a few hundred bytes. The seed is fixed when
    the stream is built, so that image k is the same at each call, in each process.

    Parameters
    ----------
    image_class : ImageClass
        Such as :class:`~gahb_sk.image_classes.CAlphaImages`.
    random_state : int, RandomState or None, default=None
        Seed.
    dtype : {numpy.float32, numpy.float64}, default=numpy.float32
        Precision of the images.
    n_jobs : int, default=None
        Threads of each call.

    Attributes
    ----------
    shape_of_image : tuple of int
        ``(H, W)`` or ``(C, H, W)``.

    Examples
    --------
    >>> from gahb_sk.datasets import FreshImages
    >>> from gahb_sk.image_classes import DiskImages
    >>> stream = FreshImages(DiskImages(16), random_state=0)
    >>> stream.take(1_000_000, 1_000_003).shape
    (3, 16, 16)
    """

    def __init__(self, image_class, random_state=None, *, dtype=np.float32, n_jobs=None):
        if not isinstance(image_class, ImageClass):
            raise TypeError(
                "image_class: expected an object of gahb_sk.image_classes such as "
                f"DiskImages(image_size=32), got {image_class!r}."
            )
        self.image_class = image_class
        self.random_state = seed_sequence(random_state)
        self.dtype = check_dtype(dtype)
        self.n_jobs = n_jobs
        self.shape_of_image = tuple(image_class.image_shape)

    def take(self, start, stop):
        """Return images ``start, ..., stop - 1``, shape ``(stop - start, *shape_of_image)``."""
        if not 0 <= start <= stop:
            raise ValueError(f"start, stop: expected 0 <= start <= stop, got {start}, {stop}.")
        options = {"first_image": int(start), "dtype": self.dtype, "n_jobs": self.n_jobs}
        return self.image_class.sample(int(stop - start), self.random_state, **options)

    def read(self, indices):
        """Return the images of the given numbers, in that order."""
        indices = np.asarray(indices, dtype=np.int64)
        images = np.empty((len(indices), *self.shape_of_image), self.dtype)
        for a, b in runs(indices):
            images[a:b] = self.take(indices[a], indices[a] + b - a)
        return images

    def iter_batches(self, batch_size, *, start=0, stop=None, n_workers=1, ahead=2):
        """Yield batches of successive images, made ahead of use in worker threads.

        Parameters
        ----------
        batch_size : int
            Images per batch; the last one before ``stop`` may be smaller.
        start, stop : int, default=0 and None
            First image, and where to end; None is never.
        n_workers : int, default=1
            Number of threads.
        ahead : int, default=2
            Batches that may wait.

        Yields
        ------
        images : ndarray of shape (batch_size, ...)
        """
        starts = count(start, batch_size) if stop is None else range(start, stop, batch_size)

        def batch(a):
            return self.take(a, a + batch_size if stop is None else min(a + batch_size, stop))

        yield from prefetched(batch, starts, n_workers=n_workers, ahead=ahead)

    def __iter__(self):
        for batch in self.iter_batches(BLOCK, ahead=0):
            yield from batch

    def __repr__(self):
        return f"FreshImages({self.image_class!r}, {self.dtype})"


def runs(indices):
    """Yield ``(a, b)`` such that ``indices[a:b]`` counts up by one, as long as possible."""
    if not len(indices):
        return
    cuts = np.flatnonzero(np.diff(indices) != 1) + 1
    edges = [0, *cuts.tolist(), len(indices)]
    yield from zip(edges[:-1], edges[1:], strict=True)
