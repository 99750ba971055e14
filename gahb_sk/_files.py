"""Files are written whole or not at all."""

import contextlib
import glob
import json
import math
import os
import platform
import tempfile
import types
from pathlib import Path
from typing import Any

_NAME_LENGTH = 100  # characters of a file's name that its temporary file has, too


@contextlib.contextmanager
def atomic_path(path):
    """Give a temporary path beside ``path`` and rename it to ``path`` on success.

    If the block raises or is interrupted, the temporary file is removed and an older file at
    ``path`` stays as it was. What a process left that was killed while it wrote the same file is
    removed by the next one on the same machine. Missing folders are made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{path.stem[:_NAME_LENGTH]}-{platform.node()}-"
    for left in path.parent.glob(f"{glob.escape(prefix)}*{glob.escape(path.suffix)}"):
        if not _is_written(left):
            left.unlink(missing_ok=True)
    prefix += f"{os.getpid()}-"
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=path.suffix, dir=path.parent)
    os.close(handle)
    os.chmod(name, 0o666 & ~_umask())
    temporary = Path(name)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(folder, name="folder"):
    """Raise, before the work, if no file can be written in a folder, which is not made yet.

    Where it is missing, the folder counts in which it would be made.
    """
    folder = Path(folder)
    try:
        there = next(one for one in (folder, *folder.parents) if one.exists())
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise OSError(
            f"{name}: cannot write to {str(folder)!r} ({error.strerror}). Choose another folder."
        ) from error
    return folder


def _is_written(temporary):
    """Tell whether the process whose number a temporary file of this machine has still runs."""
    number = temporary.name.split("-")[-2]
    if os.name == "nt" or not number.isdigit():  # there, os.kill would end the process
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def write_text(path, text):
    r"""Write ``text`` to ``path`` in UTF-8, whole or not at all.

    What UTF-8 cannot hold, as in a file name that is not text, is written as ``\udce9``.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def save_array(file, array):
    """Write an array to an open file in the format ``.npy``.

    ``np.save`` gives it to C, which is silent where the last kilobytes find no space on the disk.
    """
    import numpy as np  # for commands that only show their help

    through_python: Any = types.SimpleNamespace(write=file.write)
    np.save(through_python, array)


def write_json(path, value):
    """Write ``value`` to ``path`` as strict JSON, whole or not at all.

    JSON has no infinity and no NaN: a number that is not finite is written as null.
    """
    write_text(path, json.dumps(_finite(value), indent=1, allow_nan=False) + "\n")


def _finite(value):
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
