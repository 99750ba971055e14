"""Warnings about a file, said with its name."""

import contextlib
import sys
import warnings

from tqdm import tqdm


@contextlib.contextmanager
def warnings_named(path):
    """Print what reading a file warns of on stderr, a line each, with its name.

    Parameters
    ----------
    path : str or path-like
    """
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always", UserWarning)
        yield
    for note in notes:
        tqdm.write(f"{path}: {note.message}", file=sys.stderr)
