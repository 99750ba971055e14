"""Stacks in ``.npy`` files: written whole or not at all, read in part.

Images are read with ordinary file reads, not through a memory map: the pages of a map count as
the process's own memory once they are touched, and a pass over a large file would fill it.
"""

import math
import os
import tokenize
from pathlib import Path

import numpy as np

from gahb_sk._files import atomic_path
from gahb_sk._validation import validate_params
from gahb_sk.datasets._fresh import runs

WRITE_BYTES = 2**24
# NumPy reads a header as a Python literal; damaged ones raise whatever Python's own parser does.
_BAD_HEADER = (
    ValueError, KeyError, TypeError, SyntaxError, EOFError, RecursionError, MemoryError,
    OverflowError, tokenize.TokenError,
)  # fmt: skip


@validate_params({"path": [str, os.PathLike]})
def save_stack(X, path):
    """Write a stack to a ``.npy`` file, piece by piece; the file appears when it is whole.

    Parameters
    ----------
    X : ndarray of shape (n, H, W) or (n, C, H, W), or ImageStack
        float32 or float64. A lazy stack is never loaded whole.
    path : str or path-like
        Must end in ``.npy``. An older file stays until the new one is whole.

    Returns
    -------
    path : pathlib.Path
    """
    path = Path(path)
    check_npy_name(path)
    if not all(hasattr(X, name) for name in ("shape", "dtype")) or len(X.shape) not in (3, 4):
        raise ValueError(
            "X: expected a stack of images (n, H, W) or (n, C, H, W), got "
            f"{getattr(X, 'shape', type(X).__name__)}."
        )
    dtype = _check_float(X.dtype, "X")
    length = max(1, WRITE_BYTES // max(1, int(np.prod(X.shape[1:])) * dtype.itemsize))
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        write_header(file, X.shape, dtype)
        for start in range(0, len(X), length):
            write_images(file, X[start : start + length], dtype)
        file.flush()
        os.fsync(file.fileno())
    return path


def check_npy_name(path):
    """Raise ValueError unless ``path`` ends in ``.npy``."""
    if Path(path).suffix != ".npy":
        raise ValueError(f"path: expected a name ending in .npy, got {str(path)!r}.")


def write_header(file, shape, dtype):
    """Write the ``.npy`` header of an array in C order."""
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False,
              "shape": tuple(int(s) for s in shape)}  # fmt: skip
    np.lib.format.write_array_header_1_0(file, header)


def write_images(file, images, dtype):
    """Append images to an open ``.npy`` file."""
    file.write(np.ascontiguousarray(images, dtype=dtype).data)


class NpySource:
    """The images of a ``.npy`` file, read by index, from any thread."""

    def __init__(self, path):
        self.path = Path(path).absolute()
        self.shape, self._stored, self._offset = _read_header(self.path)
        self.dtype = self._stored.newbyteorder("=")
        self._image_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        self._check_size()

    def read(self, indices):
        """Return the images of the given numbers, in that order."""
        indices = np.asarray(indices, dtype=np.int64)
        images = np.empty((len(indices), *self.shape[1:]), self._stored)
        with open(self.path, "rb", buffering=0) as file:
            for a, b in runs(indices):
                file.seek(self._offset + int(indices[a]) * self._image_bytes)
                self._fill(file, images[a:b])
        return images.astype(self.dtype, copy=False)

    def _fill(self, file, images):
        view = memoryview(images.reshape(-1).view(np.uint8))
        while len(view):
            got = file.readinto(view)
            if not got:
                self._check_size()
                raise OSError(f"{self.path}: ended while it was read; it was changed meanwhile.")
            view = view[got:]

    def _check_size(self):
        expected = self._offset + self.shape[0] * self._image_bytes
        found = self.path.stat().st_size
        if found != expected:
            raise ValueError(
                f"{self.path}: expected {expected} bytes for {self.dtype} images of shape "
                f"{self.shape}, found {found}. The file is "
                + ("truncated; write or copy it again." if found < expected else "damaged.")
            )

    def __repr__(self):
        return str(self.path)


def _read_header(path):
    """Return shape, dtype as stored and offset of the data."""
    with open(path, "rb") as file:
        try:
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0,
                    (2, 0): np.lib.format.read_array_header_2_0}[version]  # fmt: skip
            shape, fortran, dtype = read(file)
        except _BAD_HEADER as error:
            raise ValueError(
                f"{path}: expected a .npy file of images, but its header cannot be read "
                f"({error}). Write it with save_stack or numpy.save."
            ) from error
        offset = file.tell()
    if len(shape) not in (3, 4) or fortran or min(shape) < 0:
        raise ValueError(
            f"{path}: expected images (n, H, W) or (n, C, H, W) in C order, got shape {shape}"
            + (" in Fortran order." if fortran else ".")
        )
    return shape, _check_float(dtype, path), offset


def _check_float(dtype, name):
    if not isinstance(dtype, np.dtype):
        dtype = np.dtype(str(dtype).removeprefix("torch."))
    if dtype.newbyteorder("=") not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise TypeError(
            f"{name}: expected float32 or float64, got {dtype}. Convert first, e.g. with "
            "X.astype(numpy.float32) / 255."
        )
    return dtype
