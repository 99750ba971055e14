"""Image sets of the literature, prepared as published, from the user's own copy."""

from typing import Any

import numpy as np

from gahb_sk._validation import validate_params
from gahb_sk.datasets._archive import IMAGE_EXTENSIONS, DamagedFile, open_files
from gahb_sk.datasets._folder import OPTIONS, read_images
from gahb_sk.datasets._prepare import Prepare

CELEBA_SIZE = (218, 178)  # of the aligned and cropped pictures
_OPTIONS = {k: v for k, v in OPTIONS.items() if k not in ("recursive", "max_pixels")}


class _ExactSize(Prepare):
    """Refuse pictures that don't have the published size: a crop would cut them elsewhere."""

    def __init__(self, size, **options):
        super().__init__(**options)
        self.expected = size

    def box(self, height, width):
        if (height, width) != self.expected:
            raise DamagedFile(f"has {height}x{width} pixels, not {self.expected}")
        return super().box(height, width)


@validate_params(_OPTIONS)
def load_celeba(path, *, color=False, n_images=None, on_error="skip", n_workers=2,
                return_report=False) -> Any:  # fmt: skip
    """Load CelebA faces at 80x80 pixels, prepared as in [1]_.

    The aligned pictures of 218x178 pixels are cropped to rows 29 to 188 and columns 9 to 168,
    halved to 80x80 by bicubic interpolation, and averaged over red, green and blue.

    Parameters
    ----------
    path : str or path-like
        Folder (such as ``img_align_celeba``) or archive (zip, tar) of the aligned pictures.
    color, n_images, on_error, n_workers, return_report
        See :func:`load_image_folder`. A picture of another size counts as damaged.

    Returns
    -------
    images : ndarray of shape (n, 80, 80), or (n, 3, 80, 80) if ``color``
        float32 in [0, 1], in the order of the names.
    report : FolderReport, only if ``return_report``

    Notes
    -----
    The interpolation is Pillow's bicubic filter, which averages over the pixels it leaves out and
    rounds to 8 bits.

    References
    ----------
    .. [1] Kadkhodaie, Guth, Simoncelli, Mallat, Generalization in diffusion models arises from
       geometry-adaptive harmonic representations, ICLR 2024. arXiv:2310.02557
    """
    prepare = _ExactSize(CELEBA_SIZE, crop=(29, -29, 9, -9), image_size=80)
    return _load(path, prepare, color, n_images, on_error, n_workers, return_report)


@validate_params(_OPTIONS)
def load_lsun_bedrooms(path, *, image_size=80, color=False, n_images=None, on_error="skip",
                       n_workers=2, return_report=False) -> Any:  # fmt: skip
    """Load LSUN bedrooms, prepared as in the reference of :func:`load_celeba`.

    The first 256 rows and columns are resized by bicubic interpolation and averaged over red,
    green and blue.

    Parameters
    ----------
    path : str or path-like
        Zip archive, or folder to which the lmdb was exported (subfolders are searched).
    image_size : int or tuple (height, width), default=80
        Size after resizing: 80 as published for the large networks, 32 for the small ones.
    color, n_images, on_error, n_workers, return_report
        See :func:`load_image_folder`. A picture smaller than 256x256 counts as damaged.

    Returns
    -------
    images, report
        See :func:`load_celeba`.
    """
    prepare = Prepare(crop=(0, 256, 0, 256), image_size=image_size)
    return _load(path, prepare, color, n_images, on_error, n_workers, return_report)


def _load(path, prepare, color, n_images, on_error, n_workers, return_report):
    images, report = read_images(
        open_files(path, IMAGE_EXTENSIONS, True), color=color, prepare=prepare,
        n_images=n_images, on_error=on_error, n_workers=n_workers,
    )  # fmt: skip
    images = np.stack(images)
    return (images, report) if return_report else images
