"""Endless fresh images of a generator: image k of the stream is image k of the generator."""

from itertools import count

import numpy as np

from gahb_sk._random import seed_sequence
from gahb_sk.datasets._prefetch import prefetched

OWN = ("n_samples", "first_image", "return_latents", "return_params", "return_tangents")
BLOCK = 64  # images made at a time when they are taken one by one


class FreshImages:
    """A stream of images that never repeats, of any generator of this library.

    It holds no image, only the recipe: pickled, it is a few hundred bytes. The seed is fixed when
    the stream is built, so that image k is the same at each call, in each process.

    Parameters
    ----------
    make : callable
        A generator such as :func:`make_c_alpha_images`, with the parameters ``n_samples``,
        ``first_image`` and ``random_state``.
    **params
        Its other parameters, and ``random_state``.

    Attributes
    ----------
    shape_of_image : tuple of int
        ``(H, W)`` or ``(C, H, W)``.
    dtype : numpy.dtype

    Raises
    ------
    TypeError
        For a parameter that the stream sets itself.
    ValueError
        For parameters that ``make`` refuses.

    Examples
    --------
    >>> from gahb_sk.datasets import FreshImages, make_disk_images
    >>> stream = FreshImages(make_disk_images, image_size=16, random_state=0)
    >>> stream.take(1_000_000, 1_000_003).shape
    (3, 16, 16)
    """

    def __init__(self, make, **params):
        own = sorted(set(params) & set(OWN))
        if own or not callable(make):
            raise TypeError(
                f"FreshImages: {own[0]!r} is set by the stream itself; leave it out." if own
                else f"make: expected a generator such as make_c_alpha_images, got {make!r}."
            )  # fmt: skip
        self.make = make
        self.params = {**params, "random_state": seed_sequence(params.get("random_state"))}
        none = self.take(0, 0)
        self.shape_of_image = none.shape[1:]
        self.dtype = none.dtype

    def take(self, start, stop):
        """Return images ``start, ..., stop - 1``, shape ``(stop - start, *shape_of_image)``."""
        if not 0 <= start <= stop:
            raise ValueError(f"start, stop: expected 0 <= start <= stop, got {start}, {stop}.")
        return self.make(n_samples=int(stop - start), first_image=int(start), **self.params)

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
            Images a batch; the last one before ``stop`` may be smaller.
        start : int, default=0
            First image.
        stop : int, default=None
            Where to end; None is never.
        n_workers : int, default=1
            Threads.
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
        name = getattr(self.make, "__name__", repr(self.make))
        return f"FreshImages({name}, image {self.shape_of_image}, {self.dtype})"


def runs(indices):
    """Yield ``(a, b)`` such that ``indices[a:b]`` counts up by one, as long as possible."""
    if not len(indices):
        return
    cuts = np.flatnonzero(np.diff(indices) != 1) + 1
    edges = [0, *cuts.tolist(), len(indices)]
    yield from zip(edges[:-1], edges[1:], strict=True)
