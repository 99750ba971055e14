"""A fitted network in a folder: ``model.safetensors`` and ``config.json``. No code is ever run."""

import hashlib
import json
import os
import platform
from pathlib import Path

import numpy
import sklearn
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors, save as save_tensors

from gahb_sk._files import atomic_path

WEIGHTS, CONFIG = "model.safetensors", "config.json"
# The weights of the model before, while a new one takes its place.
_PREVIOUS = ".previous.safetensors"
FORMAT = "gahb_sk.denoiser"
FORMAT_VERSION = 2


def save_folder(folder, state, config):
    """Write tensors and settings; a model that was there is replaced as a whole or not at all.

    Both files are complete before either takes its place, and the weights of the model before stay
    until the new settings are there: whatever happens, :func:`load_folder` finds one of the two.

    Parameters
    ----------
    folder : str or path-like
        Made if missing.
    state : dict of str to torch.Tensor
        The weights.
    config : dict
        JSON values.
    """
    from gahb_sk import __version__

    folder = Path(folder)
    weights = save_tensors({name: value.contiguous().cpu() for name, value in state.items()})
    versions = {
        "gahb_sk": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "scikit-learn": sklearn.__version__,
    }
    config = {"format": FORMAT, "format_version": FORMAT_VERSION, "versions": versions, **config}
    config["sha256"] = _digest(weights, config)
    with atomic_path(folder / CONFIG) as new_config:
        new_config.write_text(json.dumps(config, indent=2, allow_nan=False) + "\n", "utf-8")
        with atomic_path(folder / WEIGHTS) as new_weights:
            new_weights.write_bytes(weights)
            if (folder / WEIGHTS).is_file():
                os.replace(folder / WEIGHTS, folder / _PREVIOUS)
    (folder / _PREVIOUS).unlink(missing_ok=True)


def load_folder(folder):
    """Read what :func:`save_folder` wrote.

    Parameters
    ----------
    folder : str or path-like

    Returns
    -------
    state : dict of str to torch.Tensor
    config : dict

    Raises
    ------
    ValueError
        If the folder is foreign, of another format, incomplete, truncated or altered.
    """
    folder = Path(folder)
    config = read_config(folder)
    weights = _matching_weights(folder, config)
    try:
        return load_tensors(weights), config
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(f"{folder}: {WEIGHTS} is damaged ({error}).") from error


def read_config(folder):
    """Read the settings of a model.

    Raises
    ------
    ValueError
        If there are none, or of another format.
    """
    try:
        config = json.loads((Path(folder) / CONFIG).read_text(encoding="utf-8"))
        json.dumps(config)  # deeper nesting than Python takes shows here
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{folder}: {CONFIG} cannot be read ({error}).") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ValueError(f"{folder}: expected a folder written by save(); {CONFIG} is foreign.")
    version = config.get("format_version")
    if version != FORMAT_VERSION:
        raise ValueError(
            f"{folder}: expected format version {FORMAT_VERSION}, got {version!r}. Read it with "
            f"the version of gahb_sk that wrote it: {config.get('versions')!r}."
        )
    return config


def _matching_weights(folder, config):
    """Return the bytes of the weights that the settings were written with."""
    reason = ""
    for name in (WEIGHTS, _PREVIOUS):
        try:
            weights = (folder / name).read_bytes()
        except OSError as error:
            reason = reason or f"{WEIGHTS} cannot be read ({error})."
            continue
        if _digest(weights, config) == config.get("sha256"):
            return weights
        reason = (
            f"{WEIGHTS} and {CONFIG} do not belong together, or one was truncated or altered. "
            "Copy the folder again."
        )
    raise ValueError(f"{folder}: {reason}")


def _digest(weights, config):
    """SHA-256 of the weights and of all settings but the digest itself."""
    settings = {name: value for name, value in config.items() if name != "sha256"}
    digest = hashlib.sha256(weights)
    digest.update(json.dumps(settings, sort_keys=True).encode())
    return digest.hexdigest()
