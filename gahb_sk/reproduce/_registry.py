"""Find the figures: every file of this package that holds one."""

import importlib
import pkgutil
from functools import cache

from gahb_sk._validation import check_name

ROOM = "gahb_sk.reproduce"
PREFIX = "_figure_"


def figure_numbers():
    """Return the numbers of the figures without loading them.

    Returns
    -------
    numbers : list of int and str
        Those of the paper ascending, then the names of the figures that are not in it.
    """
    files = pkgutil.iter_modules(importlib.import_module(ROOM).__path__)
    found = [file.name[len(PREFIX) :] for file in files if file.name.startswith(PREFIX)]
    named = sorted(name for name in found if not name.isdigit())
    return [*sorted(int(name) for name in found if name.isdigit()), *named]


def suffix(number):
    """Return what the names of a figure's file and folder end in."""
    return f"{number:02d}" if isinstance(number, int) else number


@cache
def _figures():
    return {
        number: importlib.import_module(f"{ROOM}.{PREFIX}{suffix(number)}").FIGURE
        for number in figure_numbers()
    }


def all_figures():
    """Return the figures that can be reproduced, in the paper's order, then those not in it.

    Returns
    -------
    figures : list of PaperFigure

    Examples
    --------
    >>> from gahb_sk.reproduce import all_figures
    >>> 4 in [figure.number for figure in all_figures()]
    True
    """
    return list(_figures().values())


def get_figure(number):
    """Return one figure.

    Parameters
    ----------
    number : int or str
        In the paper, as ``4`` or ``"4"``; or a name such as ``"league"``.

    Returns
    -------
    figure : PaperFigure

    Raises
    ------
    ValueError
        For a figure that is not among them.
    """
    names = {str(number): figure for number, figure in _figures().items()}
    return names[check_name(str(number), list(names), "figure")]
