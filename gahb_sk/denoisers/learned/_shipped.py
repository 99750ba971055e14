"""Where the weights of the shipped networks lie; found without loading torch."""

import os
from pathlib import Path

import gahb_sk
from gahb_sk._validation import check_name

CONFIG = "config.json"
# The network for photographs, that for their colours, and what both together are called.
GREY, CHROMA, COLOR = "photographs", "photographs-chroma", "photographs-color"
SHIPPED = Path(gahb_sk.__file__).parent / "zoo" / "weights"


def shipped_networks():
    """Names of the networks that come with the package."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{CONFIG}"))


def find_weights(weights):
    """Return the folder of a network: that of a name, or any other.

    Names of the package come first: a folder of such a name is meant by ``./name`` or a Path.

    Raises
    ------
    ValueError
        If there is no such folder, or no such name; the nearest one is given.
    """
    path, names = Path(weights), shipped_networks()
    if (weights not in names or isinstance(weights, os.PathLike)) and path.is_dir():
        return path
    if len(path.parts) > 1 or isinstance(weights, os.PathLike):
        raise ValueError(f"There is no folder {str(path)!r} to read a network from.")
    return SHIPPED / check_name(str(weights), names, "network")
