"""The noise level of ``gahb-sk denoise``: typed, among the denoiser's parameters, or measured."""

import argparse
from pathlib import Path

import numpy as np

from gahb_sk._units import LARGEST_SIGMA
from gahb_sk.cli._arguments import fraction
from gahb_sk.cli._file_warnings import warnings_named
from gahb_sk.datasets import DamagedFile, read_image_file
from gahb_sk.datasets._image_file import IMAGE_FILE_EXTENSIONS

AUTO = "auto"
_FAR = 10  # times the largest level in [0, 1]: values that reach as far are in other units


def choose_sigma(text, denoiser):
    """Return the noise level of ``--sigma``, or that of ``--with 'Name(sigma=...)'``.

    Parameters
    ----------
    text : str or None
        What the user typed.
    denoiser : denoiser
        Its own ``sigma``, and those of denoisers in it, count if they are set.

    Returns
    -------
    sigma : float or "auto"
        "auto" to estimate it for each file, also where nothing is given.

    Raises
    ------
    ValueError
        If two different levels are given, or something that is none.
    """
    own = {
        _number(str(value), "--with: sigma") for name, value in denoiser.get_params().items()
        if name.rpartition("__")[2] == "sigma" and value is not None
    }  # fmt: skip
    levels = own if text is None else own | {_read(text)}
    if len(levels) > 1:
        listed = " and ".join(sorted(map(str, levels)))
        raise ValueError(
            f"--sigma, --with: expected one noise level, got {listed}. Leave out --sigma, or the "
            "sigma in --with."
        )
    return levels.pop() if levels else AUTO


def check_unit(sigma):
    """Refuse a noise level that is none of images in [0, 1]."""
    if sigma != AUTO and sigma > LARGEST_SIGMA:
        raise ValueError(
            f"--sigma: {sigma:g} is not a noise level of images in [0, 1]: did you mean "
            f"{sigma:g}/255?"
        )


def check_scale(sigma, estimate, largest):
    """Refuse a noise level of images in [0, 1] for a file whose noise and values are far larger."""
    typed = sigma * largest  # if the level was meant for values up to 1
    if sigma <= LARGEST_SIGMA < largest / _FAR and estimate / 4 < typed < 4 * estimate:
        raise ValueError(
            f"--sigma: {sigma:.3g} is a noise level of images in [0, 1], but the values of this "
            f"file reach {largest:.3g}, with noise of about {estimate:.3g}. Give it in units of "
            "the file."
        )


def _read(text):
    if text == AUTO:
        return text
    if Path(text).is_file():
        return _deviation(text)
    if Path(text).suffix.lower() in IMAGE_FILE_EXTENSIONS:
        raise FileNotFoundError(f"--sigma: there is no file {text!r}.")
    return _number(text, "--sigma", ", auto, or a file that exists")


def _number(text, name, more=""):
    try:
        return fraction(text)
    except argparse.ArgumentTypeError as error:
        raise ValueError(f"{name}: {error}{more}.") from error


def _deviation(path):
    """Measure the noise of a file that shows a flat region."""
    try:
        with warnings_named(path):
            planes = read_image_file(path).image().astype(np.float64)
    except DamagedFile as error:
        raise ValueError(f"--sigma {path}: {error}.") from error
    rows, columns = np.indices(planes.shape[1:]).reshape(2, -1)
    plane = np.stack([np.ones(rows.size), rows, columns], axis=1)  # light may fall off evenly
    values = planes.reshape(len(planes), -1).T
    rest = values - plane @ np.linalg.lstsq(plane, values, rcond=None)[0]
    return float(np.sqrt(np.square(rest).sum() / max(rest.size - 3 * len(planes), 1)))
