"""What ``gahb-sk train`` learns from: photographs, a stack, or fresh images of a class."""

import io
import sys
from pathlib import Path

import numpy as np

from gahb_sk import datasets
from gahb_sk.cli._file_warnings import warnings_named
from gahb_sk.cli._image_classes import CLASSES, class_name, parse_image_class
from gahb_sk.datasets._archive import is_archive, open_files
from gahb_sk.datasets._image_file import decode_photograph

_OTHER = 1  # added to the seed, for images to measure on


def kind_of_images(args):
    """Return "photographs", "stack" or "class"; refuse options without effect for these."""
    path = Path(args.images)
    if path.is_dir() or is_archive(path):
        return "photographs"
    if path.is_file() and path.suffix.lower() != ".npy":
        raise ValueError(
            f"IMAGES: expected a folder or a zip or tar archive of photographs, a .npy stack, or a "
            f"class, got the file {args.images!r}. Unpack other archives, and put images into a "
            "folder."
        )
    kind = "stack" if path.is_file() else "class"
    if kind == "class" and class_name(args.images) not in CLASSES:
        raise FileNotFoundError(
            f"IMAGES: there is no folder or file {args.images!r}, and no class of that name. "
            f"Classes are {', '.join(CLASSES)}."
        )
    if args.color or args.validate:
        raise ValueError("--color, --validate: expected with photographs only.")
    if kind == "stack" and args.image_size:
        raise ValueError(
            "--image-size: expected with photographs or a class. For crops of the images of a "
            f"stack write --set patch_size={args.image_size}."
        )
    return kind


def read_images(args, kind):
    """Return what to train on, and a sentence about it."""
    return {"photographs": _crops, "stack": _stack, "class": _fresh}[kind](args)


def _stack(args):
    stack = datasets.open_stack(args.images)
    return stack, f"{len(stack)} images of {Path(args.images).name}."


def _fresh(args):
    law = parse_image_class(args.images, args.image_size or 64, seed=args.seed)
    stream = datasets.ValidatedStream(
        datasets.FreshImages(law, args.seed), datasets.FreshImages(law, args.seed + _OTHER)
    )
    return stream, f"Fresh images of {args.images}."


def _crops(args):
    """Return crops of photographs, with those of other photographs to measure on."""
    size = args.image_size or 48
    others = _photographs(args.validate, size) if args.validate else []
    files = _photographs(args.images, size)
    if not others and len(files) > 1:
        others = files[::10]
        files = [file for k, file in enumerate(files) if k % 10]
    measured = f"{_count(others, 'other ')}" if others else "other crops of it"
    train, held_out = (
        datasets.PhotographCrops(part, size, color=args.color, random_state=seed)
        for part, seed in ((files, args.seed), (others or files, args.seed + _OTHER))
    )
    stream = datasets.ValidatedStream(train, held_out)
    return stream, f"Crops of {_count(files)}, measured on {measured}."


def _count(files, which=""):
    return f"{len(files)} {which}photograph{'s' * (len(files) > 1)}"


def _photographs(path, size):
    """Read the files of a folder or archive that are photographs; name those left out on stderr."""
    usable = []
    files = open_files(path)
    for name in files.names:
        try:
            data = files.read(name)
            with warnings_named(name):
                height, width = np.asarray(decode_photograph(data)).shape[:2]
            reason = f"smaller than a crop of {size}" if min(height, width) < size else None
        except datasets.DamagedFile as error:
            reason = str(error)
        if reason is None:
            usable.append(io.BytesIO(data))
        else:
            print(f"left out: {name}: {reason}", file=sys.stderr)
    if not usable:
        raise ValueError(
            f"{path}: expected photographs of at least {size}x{size} pixels, got none."
        )
    return usable
