"""Several images that a command examines a denoiser at: of a folder, a file or a class."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gahb_sk.cli._image_classes import parse_image_class
from gahb_sk.cli._inputs import load_images
from gahb_sk.cli._stacks import is_stack, read_stack
from gahb_sk.cli._subjects import GENERATED, read_subject
from gahb_sk.image_classes import CAlphaImages

N_AUDITED = 32


@dataclass(frozen=True)
class Subjects:
    """Several images, others of their class to fit on, and the optimum, where it is known."""

    images: np.ndarray
    title: str
    training: np.ndarray | None = None
    optimum: object | None = None

    @property
    def image(self):
        """The first of them."""
        return self.images[0]


def read_subjects(text, *, image_size=None, color=False, seed=0):
    """Read images of a folder (as patches), of a stack or a class, or the one image of a file."""
    if Path(text).is_dir():
        size = GENERATED if image_size is None else image_size
        found = load_images(text, image_size=size, color=color, seed=seed)
        # Spread over the files, which come one after the other.
        places = np.unique(np.linspace(0, len(found.X) - 1, N_AUDITED).astype(int))
        return Subjects(found.X[places], f"images of {Path(text).name}, {size}x{size}")
    if is_stack(text):
        images = read_stack(text, image_size=image_size, color=color)
        places = np.unique(np.linspace(0, len(images) - 1, N_AUDITED).astype(int))
        return Subjects(images[places], f"images of {Path(text).name}")
    subject = read_subject(text, image_size=image_size, color=color, seed=seed)
    if subject.training is None:
        return Subjects(subject.image[None], subject.title)
    images = np.concatenate([subject.image[None], subject.training[: N_AUDITED - 1]])
    return Subjects(
        images, subject.title, subject.training[N_AUDITED - 1 :], _optimum(text, images, seed)
    )


def read_training_images(text, *, image_size=None, color=False, seed=0):
    """Read all images of a folder or a stack, or those of a class that denoisers are fitted on."""
    if is_stack(text):
        return read_stack(text, image_size=image_size, color=color)
    if Path(text).is_dir():
        size = GENERATED if image_size is None else image_size
        return load_images(text, image_size=size, color=color, seed=seed).X
    found = read_subjects(text, image_size=image_size, color=color, seed=seed)
    return found.images if found.training is None else found.training


def _optimum(text, images, seed):
    """Return the posterior mean of a class; None where there is none, or it takes minutes."""
    image_class = parse_image_class(text, images.shape[-1], seed=seed)
    if isinstance(image_class, CAlphaImages):
        return None
    try:
        return image_class.posterior_mean()
    except NotImplementedError:
        return None
