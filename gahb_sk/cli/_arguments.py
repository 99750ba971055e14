"""What the arguments of several commands share: how they are read, and written out again."""

import argparse
import ast
import contextlib
import inspect
import math
import re
import shlex

from gahb_sk._units import LARGEST_SIGMA
from gahb_sk._validation import check_name

_NOT_OPTIONS = ("command", "run", "config")  # the file's settings stand in args


def positive_int(text):
    """Read an integer of at least 1, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected an integer of at least 1, got {text}")
    return value


def noise_level(text):
    """Read a noise level for images in [0, 1], a number or a fraction, for argparse."""
    value = fraction(text)
    if value > LARGEST_SIGMA:
        raise argparse.ArgumentTypeError(
            f"{text} is not a noise level of images in [0, 1]: did you mean {text}/255?"
        )
    return value


def fraction(text):
    """Read a number >= 0 such as ``0.1`` or ``25/255``, for argparse."""
    over, slash, under = text.partition("/")
    try:
        value = float(over) / float(under) if slash else float(over)
    except (ValueError, ZeroDivisionError):
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(
            f"expected a number >= 0 or a fraction such as 25/255, got {text!r}"
        )
    return value


def memory(text):
    """Read a size in bytes such as ``500M`` or ``1.5G``, for argparse."""
    match = re.fullmatch(r"([\d.]+)\s*([KMG]?)i?B?", text.strip(), re.IGNORECASE)
    try:
        number, unit = float(match[1]), "KMG".find(match[2].upper() or "-") + 1
        return int(number * 1024**unit)
    except (TypeError, ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"expected a size such as 500M or 2G, got {text!r}"
        ) from None


def folds(text):
    """Read a number of folds or a fraction, for argparse."""
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def add_subject(add):
    """Add MODEL, IMAGE and how the image is read."""
    add("model", metavar="MODEL", help="saved network, or Name(parameter=value, ...)")
    add("image", metavar="IMAGE", help="png, jpg, tif, webp or npy file, or a class of images")
    add_images(add)


def add_images(add):
    """Add how images are read."""
    add("--image-size", type=positive_int, metavar="S", help="side in pixels (default: 64 for a "
        "class, the middle of a file up to 128)")  # fmt: skip
    add("--color", action="store_true", help="three channels instead of grey")


def add_settings(add, example):
    """Add ``--set NAME=VALUE``, which may be repeated."""
    add("--set", action="append", default=[], metavar="NAME=VALUE",
        help=f"a parameter, such as {example}; may be repeated")  # fmt: skip


def parse_settings(settings, make, left_out=()):
    """Turn ``["alpha=2", ...]`` into keyword arguments that ``make`` has.

    A value is a Python literal or a fraction where it can be read as one, a string otherwise.
    """
    legal = [name for name in inspect.signature(make).parameters if name not in left_out]
    params = {}
    for setting in settings:
        name, sign, value = setting.partition("=")
        if not sign:
            raise ValueError(f"--set: expected NAME=VALUE, got {setting!r}.")
        params[check_name(name.strip().replace("-", "_"), legal, "parameter")] = _literal(value)
    return params


def _literal(value):
    """A Python literal, a fraction, or else the text itself."""
    for read in (ast.literal_eval, fraction):
        with contextlib.suppress(
            ValueError, SyntaxError, RecursionError, MemoryError, argparse.ArgumentTypeError
        ):
            return read(value.strip())
    return value.strip()


def redo(args, *positional):
    """Return the command line with every setting written out."""
    words = ["gahb-sk", args.command]
    for name in positional:
        words += _words(getattr(args, name))
    for name, value in vars(args).items():
        option = f"--{name.replace('_', '-')}"
        if name in (*positional, *_NOT_OPTIONS) or value is None or value is False:
            continue
        if name == "set":
            words += [word for setting in value for word in (option, setting)]
        else:
            words += [option, *([] if value is True else _words(value))]
    return shlex.join(words)


def _words(value):
    return [str(one) for one in (value if isinstance(value, list) else [value])]
