"""Files are written whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path


@contextlib.contextmanager
def atomic_path(path):
    """Give a temporary path beside ``path`` and rename it to ``path`` on success.

    If the block raises (or the process is interrupted), the temporary file is removed and an
    older file at ``path`` stays as it was.

    Parameters
    ----------
    path : str or path-like
        Where the finished file shall stand. Missing folders are made.

    Yields
    ------
    temporary : pathlib.Path
        An empty file in the same folder, with the same suffix.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    os.chmod(name, 0o666 & ~_umask())
    temporary = Path(name)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path, text):
    """Write ``text`` to ``path`` in UTF-8, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
