"""What a command examines: one denoiser, fitted, and one clean or noisy image."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gahb_sk.cli._denoisers import is_saved_network, parse_denoiser
from gahb_sk.cli._file_warnings import warnings_named
from gahb_sk.cli._image_classes import is_image_class, parse_image_class
from gahb_sk.datasets import DamagedFile
from gahb_sk.datasets._decode import decode
from gahb_sk.denoisers import OpponentColors
from gahb_sk.zoo import load_pretrained

N_TRAIN = 500  # images of the class that a denoiser which learns is fitted on
LARGEST = 128  # side to which the middle of a file is cut by default
GENERATED = 64


@dataclass(frozen=True)
class Subject:
    """One image, and for a class other images of it, ``(n, H, W)``, to fit on."""

    image: np.ndarray
    title: str
    training: np.ndarray | None = None


def read_subject(text, *, image_size=None, color=False, seed=0):
    """Read an image file, or make an image of a class.

    The middle of a file is cut to ``image_size``, by default to at most 128 pixels.
    """
    path = Path(text)
    if path.is_file():
        try:
            with warnings_named(path):
                image = decode(path.read_bytes(), path.name, color=color)
        except DamagedFile as error:
            raise ValueError(f"IMAGE: {text} {error}.") from error
        return Subject(middle(image, image_size, text), path.name)
    if not is_image_class(text) or path.suffix:
        raise FileNotFoundError(f"IMAGE: there is no file {text!r}.")
    if color:
        raise ValueError("--color: expected a file; images of a class are grey. Leave it out.")
    size = GENERATED if image_size is None else image_size
    images = parse_image_class(text, size, seed=seed).sample(N_TRAIN + 1, seed)
    return Subject(images[0], f"{text.strip()}, {size}x{size}", images[1:])


def middle(image, size, text):
    """Return the middle of an image, by default at most 128 pixels a side."""
    height, width = image.shape[-2:]
    if size is not None and size > min(height, width):
        raise ValueError(
            f"--image-size: {text} has {height}x{width} pixels, got {size}. Choose a smaller one."
        )
    sides = [min(n, LARGEST) if size is None else size for n in (height, width)]
    if size is None and sides != [height, width]:
        print(
            f"{text}: the middle {sides[0]}x{sides[1]} of {height}x{width} pixels is used; choose "
            "another size with --image-size.",
            file=sys.stderr,
        )
    top, left = (height - sides[0]) // 2, (width - sides[1]) // 2
    return image[..., top : top + sides[0], left : left + sides[1]]


def read_model(text, subject):
    """Load a saved network, or fit a denoiser: on the class it learns from, else on the image."""
    if is_saved_network(text):
        model = load_pretrained(text)
        two = isinstance(model, OpponentColors)  # unlike its parts, not yet fitted
        return model.fit(np.zeros((1, *model.training_shape_), np.float32)) if two else model
    try:
        denoiser = parse_denoiser(text)
    except ValueError as error:
        raise ValueError(str(error).replace("--denoisers:", "MODEL:")) from error
    name = type(denoiser).__name__
    if denoiser.kind == "learned" and denoiser.learns:
        raise ValueError(
            f"MODEL: {name} is a network that is not trained. Give the folder that its save() "
            "wrote."
        )
    if not denoiser.learns:
        return denoiser.fit(subject.image[None])
    if subject.training is None:
        raise ValueError(
            f"MODEL: {name} learns from images of a class, and IMAGE is a file. Give a class, such "
            "as c-alpha, or use it from Python."
        )
    return denoiser.fit(subject.training)
