"""Tables of the last release, and what a new run has moved."""

import csv
from pathlib import Path

import numpy as np

from gahb_sk.experiments import Table

RESULTS = Path(__file__).parent / "results"


def read_table(path):
    """Read a table that ``Table.to_csv`` wrote; columns of numbers become numbers.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    table : Table

    Raises
    ------
    ValueError
        If it is no such file.
    """
    try:
        with open(Path(path), newline="", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
        columns = zip(*rows, strict=True) if rows else [()] * len(head)
        return Table({name: _column(values) for name, values in zip(head, columns, strict=True)})
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read as a table ({error}).") from error


def _column(values):
    for kind in (int, float):
        try:
            return np.array([kind(value) for value in values])
        except ValueError:
            continue
    return np.array([{"True": True, "False": False}.get(value, value) for value in values])


def shipped_table(figure):
    """Return the table of a figure in the last release, or None."""
    path = RESULTS / f"{figure.name}.csv"
    return read_table(path) if path.is_file() else None


def compare_with_shipped(figure, table):
    """Say what has moved since the last release.

    Parameters
    ----------
    figure : PaperFigure
        Whose ``keys`` tell rows apart and whose ``tolerances`` say what counts as moved.
    table : Table
        Of a new run.

    Returns
    -------
    lines : list of str
        One for each value that moved and each row that came or went, the largest moves first;
        empty if nothing moved.

    Raises
    ------
    LookupError
        If the release has no table of this figure.
    """
    old = shipped_table(figure)
    if old is None:
        raise LookupError(f"No table of figure {figure.number} comes with the package.")
    before, now = _by_key(figure, old), _by_key(figure, table)
    gone = [f"{_label(figure, key)}: not computed this time" for key in before if key not in now]
    new = [f"{_label(figure, key)}: new" for key in now if key not in before]
    moved = []
    for key in before.keys() & now.keys():
        for column, tolerance in figure.tolerances.items():
            was, found = float(before[key][column]), float(now[key][column])
            if np.isnan(was) and np.isnan(found):
                continue
            change = abs(found - was)
            if not change <= tolerance:
                text = f"{_label(figure, key)}: {column} {was:.4g} -> {found:.4g}"
                moved.append((np.nan_to_num(change / tolerance, nan=np.inf), text))
    moved.sort(key=lambda one: (-one[0], one[1]))
    return [text for _, text in moved] + new + gone


def _by_key(figure, table):
    return {tuple(_plain(row[name]) for name in figure.keys): row for row in table.rows()}


def _plain(value):
    return f"{value:.6g}" if isinstance(value, float | int) else str(value)


def _label(figure, key):
    return ", ".join(f"{name} {value}" for name, value in zip(figure.keys, key, strict=True))
