"""Tensors out of other people's checkpoints; whatever else they hold is left out, and named.

Nothing is run: classes that a file names are replaced by an empty one before torch reads it with
``weights_only=True``.
"""

import contextlib
import pickletools
import warnings

import torch
from torch import serialization

# Prefixes that data-parallel training and compilation put before every key.
_PREFIXES = ("module.", "_orig_mod.")
# Before torch 1.6 a file was pickles one after the other: two numbers that tell the format, the
# system, the content; the tensors' values follow.
_OLD_PICKLES = 4
_OWN = ("torch", "collections")  # modules of which torch itself admits or refuses names


class _LeftOut:
    """Stands for an object of a class that is not loaded."""

    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def __setstate__(self, state):
        pass


def read_state(path, fits, entry=None):
    """Read the one state dict in a file that fits.

    Parameters
    ----------
    path : str or path-like
        Written by ``torch.save``: a state dict, or one within dicts and lists.
    fits : callable
        Tells whether a state dict is what is looked for.
    entry : str, default=None
        Where the state dict lies in the file, such as ``"params_ema"`` or ``"model.0"``.

    Returns
    -------
    state : dict of str to torch.Tensor
        Without the prefixes of parallel training.

    Raises
    ------
    ValueError
        If the file cannot be read, or none or several fit.

    Warns
    -----
    UserWarning
        If the file holds more: that names what was left out.
    """
    content = load_tensors(path)
    found = {where: _plain(state) for where, state in _states(content) if entry in (None, where)}
    fitting = {where: state for where, state in found.items() if fits(state)}
    if not fitting:
        seen = ", ".join(f"{where or 'the file'}: {list(found[where])[:3]}" for where in found)
        raise ValueError(
            f"{path}: expected a state dict of a known layout{_at(entry)}; found "
            f"{seen or type(content).__name__}."
        )
    if len(fitting) > 1:
        raise ValueError(f"{path}: several state dicts fit; choose one by entry={list(fitting)}.")
    ((where, state),) = fitting.items()
    left_out = list(_beside(content, where))
    if left_out:
        warnings.warn(f"{path}: left out {', '.join(left_out)}.", UserWarning, stacklevel=3)
    return state


def load_tensors(path):
    """Read what ``torch.save`` wrote, with objects of foreign classes as empty ones.

    Raises
    ------
    ValueError
        If the file is damaged, foreign, or names functions that torch never loads.
    """
    empty = [(type(name, (_LeftOut,), {}), name) for name in _foreign_names(path)]
    try:
        with warnings.catch_warnings(), serialization.safe_globals(empty):
            warnings.simplefilter("ignore", UserWarning)  # on foreign pickle protocols
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # what torch raises for damaged files has no common class
        lines = [line for line in str(error).splitlines() if line and "eights" not in line]
        raise ValueError(
            f"{path}: expected a state dict of tensors written by torch.save; it cannot be read "
            f"as one ({[*lines, type(error).__name__][0]})."
        ) from error


def _foreign_names(path):
    """Names of classes and functions that a file asks for, and torch does not load."""
    try:
        return serialization.get_unsafe_globals_in_checkpoint(path)
    except OSError:
        raise
    except Exception:  # written by torch before 1.6, damaged, or no checkpoint
        pass
    names = set()
    with open(path, "rb") as file, contextlib.suppress(Exception):  # of damaged files, any
        for _ in range(_OLD_PICKLES):
            operations = pickletools.genops(file)
            names |= {arg.replace(" ", ".") for op, arg, _ in operations if op.name == "GLOBAL"}
    return [name for name in names if name.split(".")[0] not in _OWN]


def _items(value):
    """Pairs of name and value of a dict or list, else none."""
    if isinstance(value, dict):
        return [(str(name), part) for name, part in value.items()]
    return [(str(i), part) for i, part in enumerate(value)] if isinstance(value, list) else []


def _states(value, where=""):
    """Yield every dict that holds tensors, with where it lies."""
    if isinstance(value, dict) and any(isinstance(one, torch.Tensor) for one in value.values()):
        yield where, value
    for name, part in _items(value):
        yield from _states(part, f"{where}.{name}".lstrip("."))


def _beside(value, where):
    """Yield descriptions of all that does not lie on the way to ``where``, nor there as tensor."""
    for name, part in _items(value):
        if where == name or where.startswith(name + "."):
            yield from _beside(part, where[len(name) + 1 :])
        elif where or not isinstance(part, torch.Tensor):
            yield f"{name} ({type(part).__name__})"


def _plain(state):
    """The tensors of a state dict, without the prefixes that parallel training adds."""
    tensors = {}
    for name, value in state.items():
        if isinstance(name, str) and isinstance(value, torch.Tensor):
            for prefix in _PREFIXES:
                name = name.removeprefix(prefix)
            tensors[name] = value
    return tensors


def _at(entry):
    return "" if entry is None else f" at {entry!r}"
