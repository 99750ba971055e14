"""A stack of images that is read when it is needed, and never whole unless asked."""

import os
from numbers import Integral

import numpy as np

from gahb_sk._validation import validate_params
from gahb_sk.datasets._fresh import FreshImages
from gahb_sk.datasets._prefetch import prefetched
from gahb_sk.datasets._stack_files import NpySource

LOAD_BYTES = 2**23  # read at a time when the whole stack is loaded


class ImageStack:
    """Images in a file, in a folder or of a class, used like an array ``(n, [C,] H, W)``.

    Slices, index arrays and masks give another ImageStack, a view that has read nothing; an
    integer gives one image, an ndarray. ``numpy.asarray(stack)`` loads everything. A pickled
    stack holds paths or a recipe and indices, never pixels: hand it to workers as it is.

    Make one with :func:`open_stack`, :meth:`from_npy`, :meth:`from_folder` or
    :meth:`from_class`.

    Parameters
    ----------
    source : object
        With ``shape`` ``(n, [C,] H, W)``, ``dtype`` and ``read(indices)``, which returns an
        ndarray and may be called from several threads.
    indices : range or ndarray of int, default=None
        Which of its images, in which order; None is all.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
    ndim : int

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.datasets import ImageStack
    >>> from gahb_sk.image_classes import DiskImages
    >>> stack = ImageStack.from_class(DiskImages(16), 1000, random_state=0)
    >>> part = stack[::100]
    >>> part.shape
    (10, 16, 16)
    >>> np.asarray(part).mean() == np.mean([stack[k] for k in range(0, 1000, 100)])
    np.True_
    """

    def __init__(self, source, indices=None):
        self._source = source
        self._indices = range(source.shape[0]) if indices is None else indices

    @classmethod
    def from_npy(cls, path):
        """Stack over a ``.npy`` file of floats; see :func:`open_stack`."""
        return open_stack(path)

    @classmethod
    def from_folder(cls, path, **options):
        """Stack over a folder or archive of images, with the options of :func:`load_image_folder`.

        The header of every image is read at once, its pixels later. A file whose header is
        damaged is skipped with a warning, or raises with ``on_error="raise"``; one whose pixels
        turn out to be damaged raises OSError with its name when it is read.
        """
        from gahb_sk.datasets._folder import FolderSource

        return cls(FolderSource(path, **options))

    @classmethod
    def from_class(cls, image_class, n_samples, random_state=None, *, first_image=0, **options):
        """Stack of images ``first_image, ..., first_image + n_samples - 1`` of an image class.

        They are made anew each time they are read, and are always the same ones. The other
        parameters are those of :class:`FreshImages`.
        """
        stream = FreshImages(image_class, random_state, **options)
        return cls(_GeneratedSource(stream, first_image, n_samples))

    @property
    def shape(self):
        """``(n, H, W)`` or ``(n, C, H, W)``."""
        return (len(self._indices), *self._source.shape[1:])

    @property
    def dtype(self):
        """float32 or float64."""
        return self._source.dtype

    @property
    def ndim(self):
        """3 or 4."""
        return len(self.shape)

    def __len__(self):
        return len(self._indices)

    def __getitem__(self, key):
        key = _first_axis(key)
        if isinstance(key, Integral) and not isinstance(key, bool | np.bool_):
            return self._source.read([self._indices[int(key)]])[0]
        return ImageStack(self._source, _compose(self._indices, key))

    def __iter__(self):
        for batch in self.iter_batches(64, ahead=0):
            yield from batch

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("copy: a lazy stack cannot be seen as an array without a copy.")
        out = np.empty(self.shape, self.dtype if dtype is None else dtype)
        image_bytes = max(1, int(np.prod(self.shape[1:])) * self.dtype.itemsize)
        length = max(1, LOAD_BYTES // image_bytes)
        parts = _parts(len(self), length)
        for part, images in zip(parts, self.iter_batches(length), strict=True):
            out[part] = images
        return out

    def iter_batches(self, batch_size, *, order=None, n_workers=2, ahead=4):
        """Yield batches as ndarrays, read and decoded ahead of use in worker threads.

        Parameters
        ----------
        batch_size, n_workers, ahead
            See :meth:`FreshImages.iter_batches`.
        order : array-like of int, default=None
            Which images, in which order (a permutation for an epoch of training); None is all.

        Yields
        ------
        images : ndarray of shape (batch_size, [C,] H, W)
        """
        if batch_size < 1:
            raise ValueError(f"batch_size: expected an int >= 1, got {batch_size!r}.")
        chosen = self._indices if order is None else _compose(self._indices, np.asarray(order))
        batches = (chosen[part] for part in _parts(len(chosen), batch_size))
        yield from prefetched(self._source.read, batches, n_workers=n_workers, ahead=ahead)

    def __repr__(self):
        return f"ImageStack(shape={self.shape}, dtype={self.dtype}, {self._source!r})"


@validate_params({"path": [str, os.PathLike]})
def open_stack(path):
    """Open a ``.npy`` file of images as a lazy :class:`ImageStack`.

    Parameters
    ----------
    path : str or path-like
        A file of floats of shape (n, H, W) or (n, C, H, W), in C order, as :func:`save_stack`
        and ``numpy.save`` write it.

    Returns
    -------
    stack : ImageStack

    Raises
    ------
    ValueError
        If it is no such file, or its size is not the one that its header announces.
    """
    return ImageStack(NpySource(path))


def _parts(n, length):
    """Slices of ``length`` images; scikit-learn's ``gen_batches`` refuses a stack of none."""
    return (slice(a, min(a + length, n)) for a in range(0, n, length))


class _GeneratedSource:
    """The first images of a stream, numbered from 0."""

    def __init__(self, stream, first_image, n_samples):
        for name, value in {"n_samples": n_samples, "first_image": first_image}.items():
            if not isinstance(value, Integral) or value < 0:
                raise ValueError(f"{name}: expected an int >= 0, got {value!r}.")
        self._stream = stream
        self._first = int(first_image)
        self.shape = (int(n_samples), *stream.shape_of_image)
        self.dtype = stream.dtype

    def read(self, indices):
        return self._stream.read(self._first + np.asarray(indices, dtype=np.int64))

    def __repr__(self):
        return repr(self._stream)


def _first_axis(key):
    """Take ``(key, ...)`` and ``(key, :, :)``, which scikit-learn writes, for ``key``."""
    if not isinstance(key, tuple):
        return slice(None) if key is Ellipsis else key
    if not key or any(k is not Ellipsis and k != slice(None) for k in key[1:]):
        raise IndexError(
            "An ImageStack is indexed along its first axis only; load images first, e.g. "
            "numpy.asarray(stack[:10])[:, 2:5]."
        )
    return _first_axis(key[0])


def _compose(indices, key):
    """Return the source's indices of ``stack[key]``, as a range where possible."""
    if isinstance(key, slice):
        return indices[key]
    key = np.asarray(key)
    if key.size == 0 and key.ndim == 1:
        return range(0)
    if key.ndim != 1 or key.dtype.kind not in "iub":
        raise IndexError(
            "ImageStack: expected an int, a slice, an index array or a mask, got an array of "
            f"dtype {key.dtype} and shape {key.shape}."
        )
    n = len(indices)
    if key.dtype == bool:
        if len(key) != n:
            raise IndexError(f"mask: expected {n} values, one per image, got {len(key)}.")
        key = np.flatnonzero(key)
    key = key.astype(np.int64)
    key[key < 0] += n
    if len(key) and (key.min() < 0 or key.max() >= n):
        raise IndexError(f"ImageStack: an index is out of range for {n} images.")
    if isinstance(indices, range):
        composed = indices.start + indices.step * key
    else:
        composed = indices[key]
    least = np.min_scalar_type(int(composed.max(initial=0)))
    return composed.astype(least)
