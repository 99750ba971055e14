"""Where the weights of the shipped networks lie, and what sizes of images they were tested on.

Found without loading torch. The networks of the first example and for photographs come with gahb-sk
itself. The others are data of the distribution gahb-sk-weights.
"""

import importlib.util
import json
import os
import warnings
from pathlib import Path

import gahb_sk
from gahb_sk._validation import check_name

CONFIG = "config.json"
CARD = "card.json"
_FAR = 4  # times the largest side tested, or a part of the least one
# The network for photographs, that for their colours, and what both together are called.
GREY, CHROMA, COLOR = "photographs", "photographs-chroma", "photographs-color"
OWN = Path(gahb_sk.__file__).parent / "zoo" / "weights"
MORE = "gahb_sk_weights"


def weight_folders():
    """Return the folders that hold networks: that of the package, and the other's if installed."""
    found = importlib.util.find_spec(MORE)
    more = found.submodule_search_locations if found else None
    return [OWN, *(Path(place) for place in more or ())]


def shipped_folder(name):
    """Return the folder of a network or of pairs that is installed, None if there is none."""
    places = [folder / name for folder in weight_folders()]
    return next((p for p in places if (p / CONFIG).is_file() or (p / CARD).is_file()), None)


class UntestedSizeWarning(UserWarning):
    """Images are far larger or smaller than those that a shipped network was tested on."""


def shipped_networks():
    """Names of the networks that are installed."""
    return sorted(
        path.parent.name for place in weight_folders() for path in place.glob(f"*/{CONFIG}")
    )


def named_networks():
    """Names that stand for a denoiser: of the networks, and of the two for colour photographs."""
    names = shipped_networks()
    return sorted([*names, COLOR]) if {GREY, CHROMA} <= set(names) else names


def refuse_two(name):
    """Refuse the name of two networks where one is expected."""
    if name == COLOR:
        raise ValueError(
            f"{COLOR!r} is two networks: use gahb_sk.load_pretrained({COLOR!r}), which is an "
            f"OpponentColors, or one of them, {GREY!r} or {CHROMA!r}."
        )


def check_shipped(name, names, what):
    """Return the folder of one of ``names``, or say which one is near, or what to install."""
    try:
        return shipped_folder(check_name(str(name), names, what))
    except ValueError as error:
        raise ValueError(f"{error}{how_to_get_more()}") from None


def how_to_get_more():
    """Return a sentence for errors if only the networks of the package itself are installed."""
    if len(weight_folders()) > 1:
        return ""
    return (
        " More networks come with the package gahb-sk-weights: pip install 'gahb-sk[weights]', or "
        "pip install ./gahb_sk_weights in a clone of the repository."
    )


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
    refuse_two(weights)
    if len(path.parts) > 1 or isinstance(weights, os.PathLike):
        raise ValueError(f"There is no folder {str(path)!r} to read a network from.")
    return check_shipped(weights, named_networks(), "network")


def tested_sides(folder):
    """Return the least and the largest side that the card in a folder names, or None."""
    try:
        return json.loads((folder / CARD).read_text(encoding="utf-8"))["sides_tested"]
    except (OSError, KeyError):
        return None


def warn_of_size(shape, tested, weights):
    """Warn of images ``(..., H, W)`` with a side far outside of the range that was tested."""
    if tested is None:
        return
    low, high = tested
    if min(shape[-2:]) * _FAR < low or max(shape[-2:]) > _FAR * high:
        sides = f"{low} to {high} pixels" if low < high else f"{low} pixels"
        warnings.warn(
            f"{weights}: images of {shape[-2]}x{shape[-1]} pixels are far from the sides that this "
            f"network was tested on, {sides}. Compare with another denoiser before you rely on it.",
            UntestedSizeWarning,
            stacklevel=4,
        )
