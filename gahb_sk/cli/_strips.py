"""A page that shows the middle of files before and after, side by side, pixel for pixel."""

import html
import io

import numpy as np
from PIL import Image

from gahb_sk.cli._page import embed, write_html
from gahb_sk.datasets import DamagedFile, read_image_file

_HEIGHT, _WIDTH = 240, 320  # of the part that is shown


def write_strips(path, targets, rows, command):
    """Write the page.

    Parameters
    ----------
    path : path-like
        The HTML file.
    targets : list of Target
        Files that were written, and their sources.
    rows : dict of str to dict
        What is known of each, by the path of the written file.
    command : str
        The command line that redoes it.
    """
    write_html(
        path,
        title="Before and after",
        heading="Photographs before and after denoising",
        intro="The middle of each file, one pixel of the image on one of the screen. Left: before. "
        "Right: after. &sigma; is the noise level, given or estimated.",
        body="\n".join(_section(target, rows[target.key]) for target in targets),
        command=command,
    )


def _section(target, row):
    title = html.escape(str(target.source))
    text = f"{row['size']}, {row['depth']}, &sigma; = {row['sigma']}"
    try:
        before, after = (read_image_file(file).image() for file in (target.source, target.path))
    except DamagedFile as error:  # changed since it was written
        return f"<h3>{title}</h3><p>{html.escape(str(error))}</p>"
    return f"<h3>{title}</h3><p class='caption'>{text}</p>{embed(_strip(before, after), title)}"


def _strip(before, after):
    """Return both middles side by side as a PNG; floats beyond [0, 1] are scaled to it."""
    low, high = min(before.min(), 0), max(before.max(), 1)
    parts = [(_middle(image) - low) / (high - low) for image in (before, after)]
    gap = np.ones((*parts[0].shape[:2], 4))
    pixels = np.rint(255 * np.clip(np.concatenate([parts[0], gap, parts[1]], axis=2), 0, 1))
    pixels = np.moveaxis(pixels.astype(np.uint8), 0, 2)
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _middle(image):
    height, width = image.shape[1:]
    top, left = max(0, (height - _HEIGHT) // 2), max(0, (width - _WIDTH) // 2)
    return image[:, top : top + _HEIGHT, left : left + _WIDTH]
