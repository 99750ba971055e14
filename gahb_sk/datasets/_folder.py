"""The user's own images: a folder or an archive of picture files."""

import os
import warnings
from dataclasses import dataclass

import numpy as np

from gahb_sk._validation import StrOptions, at_least, validate_params
from gahb_sk.datasets._archive import IMAGE_EXTENSIONS, DamagedFile, open_files
from gahb_sk.datasets._decode import MAX_PIXELS, decode, picture_size
from gahb_sk.datasets._pixels import halve
from gahb_sk.datasets._prefetch import prefetched
from gahb_sk.datasets._prepare import Prepare

SHOWN = 3  # names in a warning
OPTIONS = {
    "path": [str, os.PathLike],
    "color": ["boolean"],
    "recursive": ["boolean"],
    "extensions": [str, list, tuple],
    "n_images": [at_least(1), None],
    "max_pixels": [at_least(1)],
    "on_error": [StrOptions({"skip", "raise"})],
    "n_workers": [at_least(1)],
    "return_report": ["boolean"],
}


@dataclass(frozen=True)
class FolderReport:
    """Which files of a folder were used.

    Attributes
    ----------
    names : list of str
        The files used, in the order of the images.
    skipped : list of (str, str)
        Those left out, each with the reason.
    """

    names: list
    skipped: list


@validate_params(OPTIONS)
def load_image_folder(
    path,
    *,
    image_size=None,
    crop=None,
    resample="bicubic",
    color=False,
    recursive=True,
    extensions=IMAGE_EXTENSIONS,
    n_images=None,
    max_pixels=MAX_PIXELS,
    on_error="skip",
    n_workers=2,
    return_report=False,
):
    """Load the images of a folder or an archive as one stack.

    Parameters
    ----------
    path : str or path-like
        A folder; or a zip or tar archive, which is read in place. The images of a packed tar
        archive (.tar.gz, .tar.xz) are copied to a temporary file first.
    image_size : int or tuple (height, width), default=None
        Size after cropping and resizing; None leaves the crop's size, which must then be the
        same for all.
    crop : None, "square", int, tuple of 2 or of 4, default=None
        "square": the largest square in the middle; an int or (height, width): that window in the
        middle; (top, bottom, left, right): that part, numbers as in slices.
    resample : str, default="bicubic"
        Pillow's filter, which averages when it makes an image smaller: "nearest", "box",
        "bilinear", "hamming", "bicubic", "lanczos".
    color : bool, default=False
        Three channels, or grey: the mean of red, green and blue. Alpha is left out.
    recursive : bool, default=True
        Whether to search subfolders.
    extensions : sequence of str, default=IMAGE_EXTENSIONS
        Which files are images, by the end of the name, in any case. A ``.npy`` file holds one
        image (H, W) or (H, W, C), in uint8, uint16 or floats in [0, 1].
    n_images : int, default=None
        At most this many good images, in the order of the names. None loads all.
    max_pixels : int, default=2**26
        Bound on the size of one decoded file, so that a small file cannot fill the memory.
    on_error : {"skip", "raise"}, default="skip"
        What to do with a file that is damaged, too large or smaller than the crop: leave it out,
        count it and warn, or raise.
    n_workers : int, default=2
        Threads that decode.
    return_report : bool, default=False
        Return which files were used and which were not.

    Returns
    -------
    images : ndarray of shape (n, height, width), or (n, 3, height, width) if ``color``
        float32 in [0, 1], in the order of the names.
    report : FolderReport, only if ``return_report``
        Which files were used and which were not.

    Raises
    ------
    FileNotFoundError, ValueError
        If there are no images, none is usable, sizes differ and ``image_size`` is None, an archive
        holds a name that leaves it, or, with ``on_error="raise"``, at the first bad file.

    See Also
    --------
    load_photographs : Images of any sizes, as a list.
    ImageStack.from_folder : The same, read when needed.
    """
    prepare = Prepare(crop, image_size, resample)
    images, report = read_images(
        open_files(path, extensions, recursive), color=color, prepare=prepare,
        n_images=n_images, max_pixels=max_pixels, on_error=on_error, n_workers=n_workers,
    )  # fmt: skip
    _check_equal_sizes([image.shape for image in images], report.names, path)
    images = np.stack(images)
    return (images, report) if return_report else images


@validate_params(OPTIONS | {"halve_photographs": ["boolean"]})
def load_photographs(
    path,
    *,
    halve_photographs=False,
    color=False,
    recursive=True,
    extensions=IMAGE_EXTENSIONS,
    n_images=None,
    max_pixels=MAX_PIXELS,
    on_error="skip",
    n_workers=2,
    return_report=False,
):
    """Load images of any sizes as a list, to be cut by :func:`extract_patches`.

    Parameters
    ----------
    path, color, recursive, extensions, n_images, max_pixels, on_error, n_workers, return_report
        See :func:`load_image_folder`.
    halve_photographs : bool, default=False
        Average 2x2 pixels first, which takes compression noise away.

    Returns
    -------
    photographs : list of ndarray of shape (height, width) or (3, height, width)
        float32 in [0, 1].
    report : FolderReport, only if ``return_report``
    """
    images, report = read_images(
        open_files(path, extensions, recursive), color=color, n_images=n_images,
        max_pixels=max_pixels, on_error=on_error, n_workers=n_workers,
    )  # fmt: skip
    images = [halve(image) for image in images] if halve_photographs else images
    return (images, report) if return_report else images


def read_images(files, *, color=False, prepare=None, n_images=None, max_pixels=MAX_PIXELS,
                on_error="skip", n_workers=2):  # fmt: skip
    """Decode files in threads; return a list of images and the report."""

    def read(name):
        return decode(files.read(name), name, color=color, prepare=prepare, max_pixels=max_pixels)

    return _usable(files, read, n_images, on_error, n_workers, ahead=4 * n_workers)


def _usable(files, read, n_images, on_error, n_workers, ahead):
    """Return what ``read`` returns of each good file, in order, and the report."""

    def work(name):
        try:
            return name, read(name)
        except DamagedFile as error:
            return name, error

    good, report = [], FolderReport([], [])
    results = prefetched(work, files.names, n_workers=n_workers, ahead=ahead)
    for name, found in results:
        if isinstance(found, DamagedFile):
            if on_error == "raise":
                raise ValueError(f"{files.path}: {name} {found}.") from found
            report.skipped.append((name, str(found)))
            continue
        good.append(found)
        report.names.append(name)
        if len(good) == n_images:
            break
    results.close()
    _conclude(files, report)
    return good, report


class FolderSource:
    """The images of a folder or zip as an :class:`ImageStack` reads them, from any thread."""

    @validate_params(OPTIONS)
    def __init__(self, path, *, image_size=None, crop=None, resample="bicubic", color=False,
                 recursive=True, extensions=IMAGE_EXTENSIONS, n_images=None,
                 max_pixels=MAX_PIXELS, on_error="skip", n_workers=2):  # fmt: skip
        self._options = {"color": color, "prepare": Prepare(crop, image_size, resample),
                         "max_pixels": max_pixels}  # fmt: skip
        self._files = open_files(path, extensions, recursive)
        sizes, self.report = _usable(
            self._files, self._size, n_images, on_error, n_workers, ahead=64
        )
        _check_equal_sizes(sizes, self.report.names, path)
        self._names = self._files.names = self.report.names
        self.shape = (len(sizes), *((3,) if color else ()), *sizes[0])
        self.dtype = np.dtype(np.float32)

    def _size(self, name):
        size = picture_size(self._files.read(name), name, self._options["max_pixels"])
        return tuple(self._options["prepare"].size(*size))

    def read(self, indices):
        """Return the images of the given numbers, in that order."""
        images = np.empty((len(indices), *self.shape[1:]), np.float32)
        for row, k in zip(images, indices, strict=True):
            name = self._names[int(k)]
            try:
                row[...] = decode(self._files.read(name), name, **self._options)
            except DamagedFile as error:
                raise OSError(f"{self._files.path}: {name} {error}. Remove the file.") from error
        return images

    def __repr__(self):
        return repr(self._files)


def _conclude(files, report):
    """Warn of the files left out, or raise if no file is left."""
    skipped = report.skipped
    shown = "; ".join(f"{name}: {reason}" for name, reason in skipped[:SHOWN])
    shown += f"; and {len(skipped) - SHOWN} more" if len(skipped) > SHOWN else ""
    if not report.names:
        raise ValueError(f"{files.path}: none of {len(skipped)} images can be used ({shown}).")
    if skipped:
        total = len(skipped) + len(report.names)
        warnings.warn(
            f"{files.path}: {len(skipped)} of {total} images were skipped ({shown}).", stacklevel=5
        )


def _check_equal_sizes(sizes, names, path):
    for size, name in zip(sizes, names, strict=True):
        if size != sizes[0]:
            raise ValueError(
                f"{path}: expected images of one size, but {names[0]} has {sizes[0]} and {name} "
                f"has {size}. Pass image_size= to resize them, or cut patches with "
                "extract_patches(load_photographs(path))."
            )
