"""Fashion-MNIST in idx files, as Debian's package dataset-fashion-mnist has them."""

import gzip
import os
import struct
import zlib
from pathlib import Path

import numpy as np

from gahb_sk._validation import StrOptions, validate_params

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
FILES = {"train": "train-{}-ubyte.gz", "test": "t10k-{}-ubyte.gz"}
HOW_TO_GET_IT = (
    "Install Debian's package dataset-fashion-mnist, or download the four idx.gz files from "
    "https://github.com/zalandoresearch/fashion-mnist, and pass their folder as path."
)
MAX_BYTES = 2**30  # unpacked


@validate_params(
    {
        "path": [str, os.PathLike, None],
        "split": [StrOptions({"train", "test", "all"})],
        "return_labels": ["boolean"],
    }
)
def load_fashion_mnist(path=None, *, split="train", return_labels=False):
    """Load the grey images of Fashion-MNIST [1]_.

    Parameters
    ----------
    path : str or path-like, default=None
        Folder of ``train-images-idx3-ubyte.gz`` and its siblings (gzip, or unpacked without the
        ending). None is where Debian's package dataset-fashion-mnist puts them.
    split : {"train", "test", "all"}, default="train"
        60,000, 10,000 or all 70,000 images.
    return_labels : bool, default=False
        Return the class of each image.

    Returns
    -------
    images : ndarray of shape (n, 28, 28)
        float32 in [0, 1].
    labels : ndarray of shape (n,), int, only if ``return_labels``
        0 to 9.

    References
    ----------
    .. [1] Xiao, Rasul, Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine
       learning algorithms. arXiv:1708.07747
    """
    folder = DEBIAN_FOLDER if path is None else Path(path)
    splits = ("train", "test") if split == "all" else (split,)
    pixels = [read_idx(_find(folder, FILES[s].format("images-idx3")), 3) for s in splits]
    images = np.concatenate(pixels).astype(np.float32) / np.float32(255)
    if not return_labels:
        return images
    labels = [read_idx(_find(folder, FILES[s].format("labels-idx1")), 1) for s in splits]
    labels = np.concatenate(labels).astype(np.int64)
    if len(labels) != len(images):
        raise ValueError(f"{folder}: expected as many labels as images ({len(images)}), got "
                         f"{len(labels)}.")  # fmt: skip
    return images, labels


def read_idx(path, ndim):
    """Read an idx file of unsigned bytes in ``ndim`` dimensions, packed with gzip if ``.gz``."""
    path = Path(path)
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            header = file.read(4 + 4 * ndim)
            if len(header) < 4 + 4 * ndim or header[:4] != bytes([0, 0, 8, ndim]):
                raise ValueError(f"{path}: expected an idx file of bytes in {ndim} dimensions.")
            shape = struct.unpack(f">{ndim}I", header[4:])
            size = int(np.prod(shape, dtype=object))
            if size > MAX_BYTES:
                raise ValueError(f"{path}: its header announces {size} bytes; the bound is "
                                 f"{MAX_BYTES}.")  # fmt: skip
            data = file.read(size + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: cannot be unpacked ({error}). Get the file again.") from error
    if len(data) != size:
        raise ValueError(
            f"{path}: expected {size} bytes for shape {shape}, found "
            + (f"{len(data)}. It is truncated; get it again." if len(data) < size else "more.")
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def _find(folder, name):
    for candidate in (folder / name, folder / name.removesuffix(".gz")):
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(f"{folder / name} is not there. {HOW_TO_GET_IT}")
