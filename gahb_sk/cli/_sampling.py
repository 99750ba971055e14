"""What the commands that sample share: sampler settings, shapes, mosaics of images."""

import numpy as np
from PIL import Image

from gahb_sk._files import atomic_path, save_array
from gahb_sk._validation import did_you_mean
from gahb_sk.cli._arguments import parse_settings
from gahb_sk.cli._denoisers import is_saved_network
from gahb_sk.cli._subjects import read_model, read_subject
from gahb_sk.denoisers import all_denoisers
from gahb_sk.sampling import FlowSampler, ScoreSampler
from gahb_sk.zoo import list_pretrained

SAMPLERS = {"score": ScoreSampler, "flow": FlowSampler}
_OWN = ("denoiser", "keep_trajectory", "random_state")  # not for --set
_SHOWN = 256  # sides of a mosaic's images are enlarged up to about this many pixels in all


def sampler_of(name, denoiser, settings, seed):
    """Make the sampler of a name with settings such as ``["beta=1"]``."""
    cls = SAMPLERS[name]
    parameters = parse_settings(settings, cls, left_out=_OWN)
    return cls(denoiser, random_state=seed, **parameters)


def load_model(text, like, image_size, seed):
    """Load a saved network, or fit another denoiser on images of the class ``like``."""
    if like is not None:
        return read_model(text, read_subject(like, image_size=image_size, seed=seed))
    if not is_saved_network(text):
        hint = (
            ""
            if text.partition("(")[0] in all_denoisers()
            else (did_you_mean(text, list_pretrained()))
        )
        raise ValueError(
            f"MODEL: there is no saved network {text!r} (see gahb-sk info).{hint} For a denoiser "
            "say with --like which class of images it is for, e.g. --like disks."
        )
    return read_model(text, None)


def mosaic(images, data_range=(0.0, 1.0)):
    """Put images side by side, as 8-bit pixels with white lines; colour has three channels."""
    if images.ndim == 4 and images.shape[1] != 3:
        images = images.mean(axis=1)
    images = images[:, None] if images.ndim == 3 else images
    n, channels, height, width = images.shape
    columns = int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    low, high = data_range
    tiles = np.full((rows * columns, channels, height + 1, width + 1), 255, np.uint8)
    tiles[:n, :, :-1, :-1] = np.rint(255 * np.clip((images - low) / (high - low), 0, 1))
    tiles = tiles.reshape(rows, columns, channels, height + 1, width + 1)
    pixels = tiles.transpose(0, 3, 1, 4, 2).reshape(rows * (height + 1), -1, channels)[:-1, :-1]
    return pixels[..., 0] if channels == 1 else pixels


def write_mosaic(path, images):
    """Write a mosaic as a PNG file, small images enlarged without smoothing."""
    pixels = mosaic(images)
    scale = max(1, round(2 * _SHOWN / max(pixels.shape[:2])))
    with atomic_path(path) as temporary:
        Image.fromarray(pixels.repeat(scale, axis=0).repeat(scale, axis=1)).save(temporary, "PNG")


def write_array(path, images):
    """Write an array as a .npy file, whole or not at all."""
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        save_array(file, images)
