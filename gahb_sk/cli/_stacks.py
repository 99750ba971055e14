"""Stacks of images in ``.npy`` files, as commands that measure read them."""

from pathlib import Path

import numpy as np

from gahb_sk import datasets
from gahb_sk._image_checks import check_finite

_MOST_CHANNELS = 4


def is_stack(path):
    """Tell whether a file holds several images: ``(n, H, W)`` or ``(n, C, H, W)``."""
    if Path(path).suffix.lower() != ".npy" or not Path(path).is_file():
        return False
    try:
        shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
    except (OSError, ValueError):
        return False
    return len(shape) == 4 or (len(shape) == 3 and shape[-1] > _MOST_CHANNELS)


def read_stack(path, n_images=None, *, image_size=None, color=False):
    """Return the images of a stack, or ``n_images`` of them spread over it."""
    if image_size is not None or color:
        raise ValueError(
            f"--image-size, --color: expected with photographs or a class; {path} is a stack, "
            "whose images are taken as they are. Leave them out."
        )
    stack = datasets.open_stack(path)
    if n_images is not None and n_images > len(stack):
        raise ValueError(f"--n-images: expected at most {len(stack)}, the images of {path}.")
    n = len(stack) if n_images is None else n_images
    places = np.linspace(0, len(stack) - 1, n).round().astype(int)
    return check_finite(stack[places], str(path))
