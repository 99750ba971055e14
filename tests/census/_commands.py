"""Command lines with one bad word: do they end with a code and one line that says why?"""

import argparse
import contextlib
import importlib
import io
import random
import warnings

from gahb_sk import cli
from gahb_sk.denoisers import all_denoisers
from tests.census._judge import judge

# Quick command lines that work; the first word is the command.
GOOD = {
    "audit": "audit WaveletShrinkage images/0.png --quick --sigma 0.1 --output out",
    "compare": "compare --dataset disks --n-images 8 --image-size 8 --sigma 0.1 --denoisers "
    "WaveletShrinkage --output out",
    "denoise": "denoise images --with WaveletShrinkage --output out",
    "doctor": "doctor",
    "generate": "generate disks --n 2 --image-size 8 --output out.npy",
    "info": "info c-alpha-2",
    "reproduce": "reproduce 99 --output out",  # there is none such
    "restore": "restore WaveletShrinkage images/0.png --task inpaint --hole 4 --n 1 --image-size 8 "
    "--output out",
    "sample": "sample WienerDenoiser --like disks --image-size 8 --n 1 --output out",
    "train": "train nowhere --output out --epochs 1",
}
# Reports with all figures, and trainings, are long: there bad words only fail before they begin.
LONG = {"audit", "compare", "reproduce", "train"}
WORDS = (
    "", " ", "-1", "0", "nan", "1e309", "9" * 400, "x", "missing/file.png", "damaged.png",
    "images", "stack.npy", "/dev/null/x", "(((", "=", "\udce9", "[" * 500,
)  # fmt: skip


def bad_commands(n, seed):
    """Yield ``(command, place, word, verdict, message)`` for ``n`` of all command lines."""
    with open("damaged.png", "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
    all_denoisers()  # loads torch, which is no part of a command's time
    lines = [
        (name, place, word, line)
        for name, good in GOOD.items()
        for place, line in _places(name, good.split())
        for word in WORDS
    ]
    for name, place, word, line in random.Random(seed).sample(lines, min(n, len(lines))):
        words = [word if one is None else one for one in line]
        yield f"gahb-sk {name}", place, word[:30], *judge(lambda words=words: _run(words), "")


def _places(name, good):
    """Yield where a bad word may stand, and the line with None there."""
    if name not in LONG:
        for number in range(1, len(good)):
            yield f"word {number}", [*good[:number], None, *good[number + 1 :]]
    parser = argparse.ArgumentParser()
    importlib.import_module(f"gahb_sk.cli._{name}").add_arguments(parser)
    for action in parser._actions:
        if action.option_strings and action.nargs != 0:
            option = action.option_strings[-1]
            line = ["nowhere" if name in LONG and "." in word else word for word in good]
            yield option, [*line, option, None]


def _run(words):
    """Run a command in this process; raise whatever is no plain end of it."""
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code = cli.main(words)
        except SystemExit as stop:  # argparse's, for wrong usage
            code = stop.code
    said = errors.getvalue().strip()
    if code not in (0, 1, 2) or (code and not said) or "Traceback" in said:
        raise RuntimeError(f"ended with {code!r}, and said {said!r}")
