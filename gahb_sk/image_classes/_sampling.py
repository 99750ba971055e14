"""What all classes share: sizes, ranges, dtype, draws, and images made chunk by chunk in threads.

A class gives a function ``make_chunk(indices)`` that returns a dict of arrays whose first axis
runs over the images ``indices``. Everything image ``k`` draws comes from the stream of image ``k``
(see :mod:`gahb_sk._random`), so a chunk may be cut anywhere.
"""

from numbers import Integral

import numpy as np

from gahb_sk._random import image_generators
from gahb_sk._threads import in_threads

CHUNK_BYTES = 2**22  # working memory of one chunk: about a processor's cache
SMALLEST = 4


def check_image_size(image_size, smallest=SMALLEST, name="image_size"):
    """Return ``(height, width)``, each at least ``smallest``, from an int or a pair of ints."""
    sides = (image_size, image_size) if isinstance(image_size, Integral) else image_size
    legal = (
        isinstance(sides, tuple | list)
        and len(sides) == 2
        and all(isinstance(s, Integral) and not isinstance(s, bool) for s in sides)
    )
    if not legal or isinstance(image_size, bool) or min(sides) < smallest:
        raise ValueError(
            f"{name}: expected an int >= {smallest} or a pair (height, width) of them, got "
            f"{image_size!r}."
        )
    return int(sides[0]), int(sides[1])


def check_dtype(dtype):
    """Return ``dtype`` as float32 or float64, or raise ValueError."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    # A comparison with None would take it for the default dtype, float64.
    if found is None or found not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(
            f"dtype: expected float32 or float64, got {dtype!r}. Images are floats; convert "
            "afterwards if you need anything else."
        )
    return found


def check_range(value, name, low=-np.inf, high=np.inf):
    """Return ``value`` as a pair of floats ``(a, b)``, ``low <= a <= b <= high``."""
    try:
        a, b = (float(v) for v in value)
    except (TypeError, ValueError):
        a, b = np.nan, np.nan
    if not low <= a <= b <= high:
        within = "" if np.isinf(low) and np.isinf(high) else f" within [{low:g}, {high:g}]"
        raise ValueError(
            f"{name}: expected a pair (low, high) with low <= high{within}, got {value!r}."
        )
    return a, b


def image_draws(root, indices, length):
    """Draw ``length`` uniform numbers in [0, 1) for each image, in double precision."""
    draws = np.empty((len(indices), length))
    for row, generator in zip(draws, image_generators(root, indices), strict=True):
        generator.random(out=row)
    return draws


def make_in_chunks(make_chunk, n_samples, first_image, values_per_image, n_jobs=None):
    """Run ``make_chunk`` over ranges of images, in threads, and join its arrays in a dict.

    ``values_per_image`` says about how many doubles one image needs while it is made.
    """
    whole = isinstance(n_jobs, Integral) and not isinstance(n_jobs, bool) and n_jobs != 0
    if n_jobs is not None and not whole:
        raise ValueError(f"n_jobs: expected None or an int other than 0, got {n_jobs!r}.")
    length = max(1, CHUNK_BYTES // (8 * values_per_image))
    starts = range(0, n_samples, length)
    if len(starts) == 1:
        return make_chunk(range(first_image, first_image + n_samples))
    empty = make_chunk(range(0))
    made = {name: np.empty((n_samples, *a.shape[1:]), a.dtype) for name, a in empty.items()}

    def work(start):
        stop = min(start + length, n_samples)
        chunk = make_chunk(range(first_image + start, first_image + stop))
        for name, array in chunk.items():
            made[name][start:stop] = array

    in_threads(work, starts, n_jobs)
    return made
