"""Images of a comparison: a class made afresh, sample photographs, or the user's own folder."""

import functools
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupKFold, GroupShuffleSplit

from gahb_sk import datasets
from gahb_sk._validation import check_name
from gahb_sk.cli._file_warnings import warnings_named
from gahb_sk.cli._image_classes import CLASSES, parse_image_class
from gahb_sk.cli._subjects import middle
from gahb_sk.datasets import DamagedFile
from gahb_sk.datasets._archive import is_archive
from gahb_sk.datasets._decode import decode
from gahb_sk.datasets._image_file import IMAGE_FILE_EXTENSIONS

NAMES = (*CLASSES, "photographs")
N_IMAGES = 1000
FLAT = 1e-6  # standard deviation below which a patch is of one value, up to rounding


@dataclass(frozen=True)
class Images:
    """Images to compare on, and what a report says of them."""

    X: np.ndarray
    title: str
    text: str
    groups: np.ndarray | None = None  # number of the photograph of each patch
    alpha: float | None = None
    left_out: list = field(default_factory=list)  # unusable files, each with the reason


def make_images(name, *, n_images=None, image_size=64, alpha=None, color=False, seed=0):
    """Make images of a class, by default 1,000, or cut the sample photographs."""
    name = check_name(name.replace("_", "-"), NAMES, "dataset")
    if alpha is not None and name != "c-alpha":
        raise ValueError(f"--alpha: expected with --dataset c-alpha only, got {alpha} for {name}.")
    if color and name != "photographs":
        raise ValueError(f"--color: expected with photographs only; {name} images are grey.")
    if name == "photographs":
        cut = functools.partial(
            datasets.load_sample_patches, image_size, color=color, return_groups=True
        )
        X, groups, _ = _choose(cut, n_images, image_size, seed)
        text = _patches_text(len(X), image_size, len(np.unique(groups)), "sample photographs")
        return Images(X, "Photographs", text, groups)
    n = N_IMAGES if n_images is None else n_images
    if name != "c-alpha":
        X = parse_image_class(name, image_size, seed=seed).sample(n, seed)
        return Images(X, name.capitalize(), f"{n} {name} images, {image_size}x{image_size}.")
    alpha = 2.0 if alpha is None else alpha
    X = parse_image_class(name, image_size, alpha=alpha).sample(n, seed)
    text = (
        f"{n} images, {image_size}x{image_size}, of two regular backgrounds either side of a "
        f"regular contour (alpha = {alpha:g})."
    )
    return Images(X, f"C^alpha images, alpha = {alpha:g}", text, alpha=alpha)


def is_image_file(path):
    """Tell whether a path is one image, not a folder, an archive or text."""
    path = Path(path)
    return path.suffix.lower() in IMAGE_FILE_EXTENSIONS and path.is_file()


def load_file(path, *, image_size=None, color=False):
    """Read one image, or its middle; say if its colours are left out."""
    try:
        with warnings_named(path):
            planes = decode(Path(path).read_bytes(), str(path), color=True)
    except DamagedFile as error:
        raise ValueError(f"--images {path}: {error}.") from error
    image = planes if color else planes.mean(axis=0)
    greyed = not color and bool(np.ptp(planes, axis=0).any())
    if greyed:
        print(f"{path} is compared in grey; --color keeps its colours.", file=sys.stderr)
    if image_size is not None:
        image = middle(image, image_size, path)
    height, width = image.shape[-2:]
    text = f"{path}{', in grey' * greyed}, {height}x{width} pixels."
    return Images(image[None], Path(path).name, text)


def load_images(folder, *, n_images=None, image_size=64, color=False, seed=0):
    """Cut the images of a folder into patches; name the files left out on stderr."""
    if Path(folder).is_file() and not is_archive(folder):
        raise ValueError(
            f"--images: expected a folder of images, an archive (zip, tar), or one image, got the "
            f"file {str(folder)!r}."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # said below, file by file
        photographs, report = datasets.load_photographs(folder, color=color, return_report=True)
    large, left_out = [], [f"{name}: {reason}" for name, reason in report.skipped]
    for name, photograph in zip(report.names, photographs, strict=True):
        height, width = photograph.shape[-2:]
        if min(height, width) >= image_size:
            large.append(photograph)
        else:
            left_out.append(f"{name}: {height}x{width}, smaller than a patch")
    if not large:
        raise ValueError(
            f"--images {folder}: no file is as large as a patch, {image_size}x{image_size} "
            f"({'; '.join(left_out[:3])}). Choose a smaller --image-size."
        )
    cut = functools.partial(
        datasets.extract_patches, large, image_size, min_deviation=FLAT, return_groups=True
    )
    X, groups, n_kept = _choose(cut, n_images, image_size, seed)
    n = sum((p.shape[-2] // image_size) * (p.shape[-1] // image_size) for p in large)
    if n > n_kept:
        left_out.append(f"{n - n_kept} of {n} patches: flat, nothing to denoise")
    for item in left_out:
        print(f"left out: {item}", file=sys.stderr)
    several = len(np.unique(groups)) > 1
    text = _patches_text(len(X), image_size, len(large), f"files of {folder}")
    return Images(X, "Your images", text, groups if several else None, left_out=left_out)


def _choose(cut, n_images, image_size, seed):
    """Return ``n_images`` of the patches that ``cut`` cuts (all if None), groups, and how many."""
    X, groups = cut()
    n, what = len(X), f"patches of {image_size}x{image_size} pixels"
    if not n:
        raise ValueError(
            f"All {what} are flat: there is nothing to denoise. Choose other images or a larger "
            "--image-size."
        )
    if n_images is None:
        return X, groups, n
    if n_images > n:
        raise ValueError(
            f"--n-images: expected at most {n}, the {what} there are, got {n_images}. Use a "
            "smaller --n-images or --image-size."
        )
    return *cut(n_patches=n_images, random_state=seed), n


def splitter(cv, groups, seed):
    """Return the ``cv`` of ``compare_denoisers`` for folds or a fraction; groups stay together."""
    if groups is None:
        return cv
    n = len(np.unique(groups))
    if isinstance(cv, float):
        if not 0 < cv < 1:
            raise ValueError(f"--cv: expected folds or a fraction in (0, 1), got {cv}.")
        n_test = min(max(round(cv * n), 1), n - 1)
        return GroupShuffleSplit(1, test_size=n_test, random_state=seed % 2**32)  # all it takes
    if not 2 <= cv <= n:
        raise ValueError(
            f"--cv: expected folds between 2 and the number of photographs, {n} (patches of one "
            f"stay together), got {cv}. For one split give a fraction, e.g. --cv 0.2."
        )
    return GroupKFold(cv)


def _patches_text(n, size, n_files, what):
    split = "; training and test patches come from different ones" if n_files > 1 else ""
    return f"{n} patches, {size}x{size}, of {n_files} {what}{split}."
