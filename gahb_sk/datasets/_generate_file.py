"""Write the images of a class to a file, chunk by chunk, and go on after an interruption.

Until it is whole, the file is called ``NAME.npy.partial``; beside it, ``NAME.npy.partial.json``
says what it shall hold. Image k has its place in the file and its own stream of random numbers,
so a file that was interrupted ends byte for byte as one that was not.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np

from gahb_sk._files import write_text
from gahb_sk._validation import at_least, validate_params
from gahb_sk.datasets._fresh import FreshImages
from gahb_sk.datasets._stack_files import check_npy_name, write_header, write_images

CHUNK_BYTES = 2**23  # written at a time: what an interruption costs


@validate_params(
    {
        "stream": [FreshImages],
        "n_samples": [at_least(1)],
        "overwrite": ["boolean"],
        "n_workers": [at_least(1)],
        "progress": [callable, None],
    }
)
def generate_file(stream, n_samples, path, *, overwrite=False, n_workers=1, progress=None):
    """Write the first images of a stream to a ``.npy`` file, in bounded memory.

    If an earlier call with the same stream, number and path was interrupted, this one goes on
    where it stopped.

    Parameters
    ----------
    stream : FreshImages
        What to write.
    n_samples : int
        How many images.
    path : str or path-like
        The file, ending in ``.npy``; it appears when it is whole.
    overwrite : bool, default=False
        Whether an older file, or what is left of an interrupted one with other settings, may be
        replaced. Otherwise FileExistsError is raised.
    n_workers : int, default=1
        Threads that make images.
    progress : callable, default=None
        Called with the number of images written so far, at the start and after each chunk.

    Returns
    -------
    path : pathlib.Path
    """
    path = Path(path)
    check_npy_name(path)
    if path.exists() and not overwrite:
        raise FileExistsError(
            f"{path} exists already. Choose another name, or overwrite it (overwrite=True, "
            "--overwrite)."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial, settings = Path(f"{path}.partial"), Path(f"{path}.partial.json")
    header, image_bytes = _prepare(stream, n_samples, partial, settings, overwrite)
    done = max(0, partial.stat().st_size - header) // image_bytes
    _check_space(path, (n_samples - done) * image_bytes)
    length = max(1, CHUNK_BYTES // image_bytes)
    chunks = stream.iter_batches(
        length, start=done, stop=n_samples, n_workers=n_workers, ahead=n_workers + 1
    )
    with open(partial, "r+b") as file:
        file.seek(header + done * image_bytes)
        file.truncate()
        if progress is not None:
            progress(done)
        for images in chunks:
            write_images(file, images, stream.dtype)
            done += len(images)
            if progress is not None:
                progress(done)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
    settings.unlink(missing_ok=True)
    return path


def describe_stream(stream, n_samples):
    """Return what determines the images, as plain values for JSON."""
    law, root = stream.image_class, stream.random_state
    return {
        "image_class": type(law).__name__,
        "params": {name: _plain(value) for name, value in sorted(law.__getstate__().items())},
        "entropy": [str(word) for word in np.atleast_1d(np.array(root.entropy, dtype=object))],
        "spawn_key": [int(key) for key in root.spawn_key],
        "shape": [int(n_samples), *map(int, stream.shape_of_image)],
        "dtype": str(stream.dtype),
    }


def _plain(value):
    if isinstance(value, np.ndarray):
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"array {value.shape} {value.dtype} {digest}"
    return repr(value)


def _prepare(stream, n_samples, partial, settings, overwrite):
    """Begin the partial file unless it is there; return the sizes of its header and of an image."""
    wanted = describe_stream(stream, n_samples)
    if partial.exists() and settings.exists():
        if _read_settings(settings) != wanted:
            if not overwrite:
                raise FileExistsError(
                    f"{partial} is the rest of an interrupted run with other settings (see "
                    f"{settings.name}). Delete it, choose another name, or overwrite it "
                    "(overwrite=True, --overwrite)."
                )
            partial.unlink()
    else:
        partial.unlink(missing_ok=True)
    if not partial.exists():
        write_text(settings, json.dumps(wanted, indent=1))
        with open(partial, "wb") as file:
            write_header(file, wanted["shape"], stream.dtype)
    with open(partial, "r+b") as file:
        write_header(file, wanted["shape"], stream.dtype)  # whole, whatever the last run did
        header = file.tell()
    return header, int(np.prod(stream.shape_of_image)) * stream.dtype.itemsize


def _read_settings(settings):
    try:
        return json.loads(settings.read_text(encoding="utf-8"))
    except ValueError:
        return None


def _check_space(path, needed):
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        raise OSError(
            f"{path}: {needed / 1e9:.2f} GB are needed, {free / 1e9:.2f} GB are free on the disk."
        )
