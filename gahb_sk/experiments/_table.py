"""A tidy table: named columns of equal length, one row per observation."""

import csv
import os
from collections.abc import ItemsView, Iterator, KeysView, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gahb_sk._files import atomic_path, write_json

if TYPE_CHECKING:
    import pandas


_LINES = 60  # rows printed


class Table:
    """Columns of equal length, by name; as in pandas, ``len`` counts the rows.

    Parameters
    ----------
    columns : dict of str to array-like of shape (n_rows,)
        The columns, in order.

    Raises
    ------
    ValueError
        If the columns differ in length.

    Examples
    --------
    >>> table = Table({"sigma": [0.1, 0.3], "psnr": [30.5, 24.6]})
    >>> print(table["psnr"].max())
    30.5
    >>> print(table.where(sigma=0.3)["psnr"])
    [24.6]
    >>> len(table), list(table)
    (2, ['sigma', 'psnr'])
    >>> print(table)
    sigma  psnr
      0.1  30.5
      0.3  24.6
    """

    def __init__(self, columns: dict):
        self._columns = {name: np.asarray(values) for name, values in columns.items()}
        lengths = {name: values.shape for name, values in self._columns.items()}
        if len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
            raise ValueError(f"columns: expected 1-D columns of equal length, got {lengths}.")

    @classmethod
    def from_rows(cls, rows: Sequence[dict]) -> Self:
        """Make a table of a list of dicts with the same keys."""
        names = list(rows[0]) if rows else []
        return cls({name: [row[name] for row in rows] for name in names})

    def __getitem__(self, name: str) -> np.ndarray:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return self.n_rows

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def keys(self) -> KeysView[str]:
        """Names of the columns."""
        return self._columns.keys()

    def items(self) -> ItemsView[str, np.ndarray]:
        """Names and arrays of the columns."""
        return self._columns.items()

    def __str__(self):
        """The first rows as aligned text, words to the left and numbers to the right."""
        rows = [[_as_text(value) for value in row.values()] for row in islice(self.rows(), _LINES)]
        widths = [max(map(len, column)) for column in zip(list(self), *rows, strict=True)]
        aligns = [str.ljust if c.dtype.kind in "UO" else str.rjust for c in self._columns.values()]
        lines = [
            "  ".join(
                align(cell, width) for align, cell, width in zip(aligns, row, widths, strict=True)
            ).rstrip()
            for row in (list(self), *rows)
        ]
        more = self.n_rows - len(rows)
        return "\n".join(lines + [f"... and {more} more rows"] * (more > 0))

    def __repr__(self):
        return f"{type(self).__name__}({self.n_rows} rows: {', '.join(self)})"

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self._columns.values()))) if self._columns else 0

    def rows(self) -> Iterator[dict]:
        """Yield each row as a dict of plain Python values."""
        columns = [values.tolist() for values in self._columns.values()]
        for values in zip(*columns, strict=True):
            yield dict(zip(self._columns, values, strict=True))

    def where(self, **equal: Any) -> Self:
        """Return the rows whose columns equal the given values.

        Parameters
        ----------
        **equal
            ``column=value``; floats are compared up to rounding.

        """
        keep = np.ones(self.n_rows, bool)
        for name, value in equal.items():
            column = self._columns[name]
            close = np.isclose if column.dtype.kind == "f" else np.equal
            keep &= close(column, value)
        return type(self)({name: values[keep] for name, values in self._columns.items()})

    def rounded(self, decimals: int = 3, **columns: int) -> Self:
        """Return the table with its floats rounded.

        Parameters
        ----------
        decimals : int, default=3
            Of columns that are not named.
        **columns
            ``column=decimals``.

        Examples
        --------
        >>> table = Table({"n": [1], "sigma": [0.01234567], "psnr": [30.45678]})
        >>> print(*table.rounded(2, sigma=4).rows())
        {'n': 1, 'sigma': 0.0123, 'psnr': 30.46}
        """
        rounded = dict(self._columns)
        for name, values in rounded.items():
            if values.dtype.kind == "f":
                rounded[name] = values.round(columns.get(name, decimals))
        return type(self)(rounded)

    def to_frame(self) -> "pandas.DataFrame":
        """Return the table as a pandas DataFrame.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_frame needs pandas: pip install pandas") from error
        return pd.DataFrame(self._columns)

    def to_csv(self, path: str | os.PathLike) -> None:
        """Write the table to a CSV file, whole or not at all."""
        with (
            atomic_path(path) as temporary,
            open(temporary, "w", newline="", encoding="utf-8", errors="backslashreplace") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(self._columns)
            writer.writerows(row.values() for row in self.rows())

    def to_json(self, path: str | os.PathLike) -> None:
        """Write the table to a JSON file (a list of rows), whole or not at all.

        JSON has no NaN and no infinity: they are written as null.
        """
        write_json(path, list(self.rows()))


def _as_text(value):
    """Return a cell as text; floats with five digits."""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
