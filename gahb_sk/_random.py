"""Seeds: from one ``random_state`` to a stream of random numbers for every image.

Image ``k`` owns the stream ``SeedSequence(entropy, spawn_key=(*key, k))``. What it draws depends
on the seed and on ``k`` alone, never on the number of images, the batch size, the device or the
number of workers. The global states of NumPy and torch are neither read nor changed (except that
``random_state=None`` asks the operating system for fresh entropy).
"""

from numbers import Integral
from typing import TypeAlias

import numpy as np
from sklearn.utils import check_random_state

Seed: TypeAlias = int | np.random.RandomState | np.random.SeedSequence | None

_WORDS = 4  # 128 bits of entropy taken from a RandomState


def seed_sequence(random_state=None):
    """Turn ``random_state`` into the root :class:`numpy.random.SeedSequence`.

    An int gives the same root at every call. A RandomState is advanced and gives another each time.
    None takes fresh entropy from the operating system.
    """
    if isinstance(random_state, np.random.SeedSequence):
        return random_state
    if random_state is None:
        return np.random.SeedSequence()
    if isinstance(random_state, Integral) and not isinstance(random_state, bool):
        if random_state < 0:
            raise ValueError(
                "random_state: expected a non-negative int, a numpy.random.RandomState or None, "
                f"got {random_state!r}."
            )
        return np.random.SeedSequence(int(random_state))
    if not isinstance(random_state, np.random.RandomState):
        raise ValueError(
            "random_state: expected a non-negative int, a numpy.random.RandomState or None, got "
            f"{type(random_state).__name__}. Pass an int, e.g. random_state=0."
        )
    words = check_random_state(random_state).randint(0, 2**32, size=_WORDS, dtype=np.uint64)
    return np.random.SeedSequence([int(word) for word in words])


def child(root, *key):
    """Return the sequence at ``key`` below ``root`` without changing ``root``."""
    return np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, *key))


def image_generator(root, k):
    """Return the :class:`numpy.random.Generator` of image ``k``."""
    return np.random.Generator(np.random.SFC64(child(root, int(k))))


def image_generators(root, indices):
    """Yield the generator of each image in ``indices`` (an iterable of int)."""
    for k in indices:
        yield image_generator(root, k)


def image_normals(root, indices, shape, dtype=np.float64, out=None):
    """Draw standard normal noise ``(len(indices), *shape)`` image by image, into ``out`` if given.

    It is drawn in double precision and then rounded: both precisions see the same noise.
    """
    noise = np.empty((len(indices), *shape), dtype) if out is None else out
    for row, generator in zip(noise, image_generators(root, indices), strict=True):
        row[...] = generator.standard_normal(shape)
    return noise


def image_uniforms(root, indices, shape, low=0.0, high=1.0, dtype=np.float64):
    """Draw uniform numbers in ``[low, high)`` image by image; see :func:`image_normals`."""
    draws = np.empty((len(indices), *shape), np.float64)
    for row, generator in zip(draws, image_generators(root, indices), strict=True):
        generator.random(out=row)
    draws *= high - low
    draws += low
    return draws.astype(dtype, copy=False)


def torch_seed(root):
    """Return an int seed for a :class:`torch.Generator`, drawn from ``root``."""
    return int(root.generate_state(1, np.uint64)[0] >> 1)
