"""Find the figures: every file of this room that holds one."""

import importlib
import pkgutil
from functools import cache

from gahb_sk._validation import check_name


@cache
def _figures():
    room = importlib.import_module("gahb_sk.figures")
    modules = (
        importlib.import_module(f"{room.__name__}.{found.name}")
        for found in pkgutil.iter_modules(room.__path__)
        if found.name.startswith("_figure_")
    )
    figures = {module.FIGURE.number: module.FIGURE for module in modules}
    return {number: figures[number] for number in sorted(figures)}


def all_figures():
    """Return the figures that can be done again, in the paper's order.

    Returns
    -------
    figures : list of Figure

    Examples
    --------
    >>> from gahb_sk.figures import all_figures
    >>> 4 in [figure.number for figure in all_figures()]
    True
    """
    return list(_figures().values())


def get_figure(number):
    """Return one figure.

    Parameters
    ----------
    number : int or str
        In the paper, as ``4`` or ``"4"``.

    Returns
    -------
    figure : Figure

    Raises
    ------
    ValueError
        For a figure that is not among those that can be done again.
    """
    names = {str(number): figure for number, figure in _figures().items()}
    return names[check_name(str(number), list(names), "figure")]
