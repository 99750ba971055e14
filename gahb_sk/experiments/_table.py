"""A tidy table: named columns of equal length, one row an observation."""

import csv

import numpy as np

from gahb_sk._files import atomic_path, write_json


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
    """

    def __init__(self, columns):
        self._columns = {name: np.asarray(values) for name, values in columns.items()}
        lengths = {name: values.shape for name, values in self._columns.items()}
        if len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
            raise ValueError(f"columns: expected 1-D columns of equal length, got {lengths}.")

    @classmethod
    def from_rows(cls, rows):
        """Make a table of a list of dicts with the same keys."""
        names = list(rows[0]) if rows else []
        return cls({name: [row[name] for row in rows] for name in names})

    def __getitem__(self, name):
        return self._columns[name]

    def __iter__(self):
        return iter(self._columns)

    def __len__(self):
        return self.n_rows

    def __contains__(self, name):
        return name in self._columns

    def keys(self):
        """Names of the columns."""
        return self._columns.keys()

    def items(self):
        """Names and arrays of the columns."""
        return self._columns.items()

    def __repr__(self):
        return f"{type(self).__name__}({self.n_rows} rows: {', '.join(self)})"

    @property
    def n_rows(self):
        """Number of rows."""
        return len(next(iter(self._columns.values()))) if self._columns else 0

    def rows(self):
        """Yield each row as a dict of plain Python values."""
        columns = [values.tolist() for values in self._columns.values()]
        for values in zip(*columns, strict=True):
            yield dict(zip(self._columns, values, strict=True))

    def where(self, **equal):
        """Return the rows whose columns equal the given values.

        Parameters
        ----------
        **equal
            ``column=value``; floats are compared up to rounding.

        Returns
        -------
        table : Table
            Of the same class.
        """
        keep = np.ones(self.n_rows, bool)
        for name, value in equal.items():
            column = self._columns[name]
            close = np.isclose if column.dtype.kind == "f" else np.equal
            keep &= close(column, value)
        return type(self)({name: values[keep] for name, values in self._columns.items()})

    def rounded(self, decimals=3, **columns):
        """Return the table with its floats rounded.

        Parameters
        ----------
        decimals : int, default=3
            Of columns that are not named.
        **columns
            ``column=decimals``.

        Returns
        -------
        table : Table
            Of the same class.

        Examples
        --------
        >>> table = Table({"n": [1], "sigma": [0.01234567], "psnr": [30.45678]})
        >>> print(*table.rounded(2, sigma=4).rows())
        {'n': 1, 'sigma': 0.0123, 'psnr': 30.46}
        """
        return type(self)(
            {
                name: values.round(columns.get(name, decimals))
                if values.dtype.kind == "f"
                else values
                for name, values in self._columns.items()
            }
        )

    def to_frame(self):
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

    def to_csv(self, path):
        """Write the table to a CSV file, whole or not at all."""
        with (
            atomic_path(path) as temporary,
            open(temporary, "w", newline="", encoding="utf-8", errors="backslashreplace") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(self._columns)
            writer.writerows(row.values() for row in self.rows())

    def to_json(self, path):
        """Write the table to a JSON file (a list of rows), whole or not at all.

        JSON has no NaN and no infinity: they are written as null.
        """
        write_json(path, list(self.rows()))
