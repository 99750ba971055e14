"""A fitted network in a folder: ``model.safetensors`` and ``config.json``. No code is ever run."""

import hashlib
import json
import platform
from pathlib import Path

import numpy
import sklearn
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from gahb_sk._files import atomic_path, write_text

FORMAT = "gahb_sk.denoiser"
FORMAT_VERSION = 1


def save_folder(folder, state, config):
    """Write tensors and settings.

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
    with atomic_path(folder / "model.safetensors") as temporary:
        temporary.write_bytes(weights)
    versions = {
        "gahb_sk": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "scikit-learn": sklearn.__version__,
    }
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, "versions": versions}
    digest = hashlib.sha256(weights).hexdigest()
    text = json.dumps({**head, **config, "sha256": digest}, indent=2, allow_nan=False)
    write_text(folder / "config.json", text + "\n")


def load_folder(folder):
    """Read what :func:`save_folder` wrote.

    Returns
    -------
    state : dict of str to torch.Tensor
    config : dict

    Raises
    ------
    ValueError
        If the folder is foreign, of a newer format, incomplete, truncated or altered.
    """
    folder = Path(folder)
    config = _read_config(folder)
    try:
        weights = (folder / "model.safetensors").read_bytes()
    except OSError as error:
        raise ValueError(f"{folder}: model.safetensors cannot be read ({error}).") from error
    if hashlib.sha256(weights).hexdigest() != config.get("sha256"):
        raise ValueError(
            f"{folder}: model.safetensors is not the file that config.json was written with; it "
            "was truncated or altered. Copy the folder again."
        )
    try:
        return load_tensors(weights), config
    except SafetensorError as error:
        raise ValueError(f"{folder}: model.safetensors is damaged ({error}).") from error


def _read_config(folder):
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder}: config.json cannot be read ({error}).") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ValueError(f"{folder}: expected a folder written by save(); config.json is foreign.")
    version = config.get("format_version")
    if version != FORMAT_VERSION:
        raise ValueError(
            f"{folder}: expected format version {FORMAT_VERSION}, got {version!r}. Read it with "
            "the version of gahb_sk that wrote it, or a newer one: "
            f"{config.get('versions', {})!r}."
        )
    return config
