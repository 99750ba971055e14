r"""Sine waves of one frequency, with random phase and amplitude: a cone of two dimensions.

With u = 2 pi (f_1 i / H + f_2 j / W) at pixel (i, j)::

    x = a (1 + sin(u + phi)) / 2,      0 <= a,  0 <= phi < 2 pi

The set is a cone (x times any positive number is in it again) over the circle of phases; it lies
in [0, 1] for a <= 1, and spans the three dimensions of 1, sin u and cos u.
"""

import numpy as np

from gahb_sk._random import seed_sequence
from gahb_sk._validation import at_least, validate_params
from gahb_sk.datasets._chunks import (
    check_dtype,
    check_image_size,
    check_range,
    image_draws,
    make_in_chunks,
)


@validate_params(
    {
        "n_samples": [at_least(0)],
        "first_image": [at_least(0)],
        "return_params": ["boolean"],
        "return_tangents": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_sine_images(
    n_samples=100,
    image_size=64,
    *,
    frequency=(2.0, 3.0),
    amplitude_range=(0.0, 1.0),
    first_image=0,
    return_params=False,
    return_tangents=False,
    dtype=np.float32,
    n_jobs=None,
    random_state=None,
):
    """Make sine waves x = a (1 + sin(u + phi)) / 2 of random amplitude a and phase phi.

    Parameters
    ----------
    n_samples : int, default=100
        Number of images.
    image_size : int or tuple (height, width), default=64
        Sides in pixels, at least 4.
    frequency : tuple (f_1, f_2), default=(2.0, 3.0)
        Cycles an image along the rows' index and along the columns', at most half the side;
        whole numbers give waves that are periodic in the image. Not both 0.
    amplitude_range : tuple (low, high), default=(0.0, 1.0)
        Range of the uniform amplitude a, at least 0.
    first_image : int, default=0
        Number of the first image.
    return_params : bool, default=False
        Return amplitude and phase too.
    return_tangents : bool, default=False
        Return the tangent basis too.
    dtype : {numpy.float32, numpy.float64}, default=numpy.float32
        Precision of images and tangents.
    n_jobs : int, default=None
        Threads; None is 1, -1 all processors. The images don't depend on it.
    random_state : int, RandomState or None, default=None
        Seed. Image k depends on the seed, k and the other parameters only.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width)
        In [0, amplitude].
    params : ndarray of shape (n_samples, 2), float64, only if ``return_params``
        Amplitude and phase in radians, in [0, 2 pi).
    tangents : ndarray of shape (n_samples, 2, height, width), only if ``return_tangents``
        Derivatives of the image by amplitude and phase.

    Raises
    ------
    ValueError
        For a frequency above half the side, or an amplitude below 0.
    """
    size = check_image_size(image_size)
    dtype = check_dtype(dtype)
    frequency = check_frequency(frequency, size)
    low, high = check_range(amplitude_range, "amplitude_range", low=0)
    root = seed_sequence(random_state)

    def make_chunk(indices):
        params = image_draws(root, indices, 2)
        params *= (high - low, 2 * np.pi)
        params[:, 0] += low
        images, tangents = render_sines(params, size, frequency, return_tangents, dtype)
        chunk = {"images": images, "params": params}
        return {**chunk, "tangents": tangents} if return_tangents else chunk

    made = make_in_chunks(make_chunk, n_samples, first_image, 4 * size[0] * size[1], n_jobs)
    wanted = {"images": True, "params": return_params, "tangents": return_tangents}
    results = tuple(made[name] for name, want in wanted.items() if want)
    return results[0] if len(results) == 1 else results


def render_sines(params, size, frequency, tangents=False, dtype=np.float64):
    """Draw the waves of given amplitude and phase.

    Parameters
    ----------
    params : ndarray of shape (n, 2)
        Amplitude and phase.
    size : tuple (height, width)
        Sides in pixels.
    frequency : tuple (f_1, f_2)
        Cycles an image along each axis.
    tangents : bool, default=False
        Whether to draw the derivatives too.
    dtype : {numpy.float32, numpy.float64}, default=numpy.float64
        Precision of the results.

    Returns
    -------
    images : ndarray of shape (n, height, width)
    tangents : ndarray of shape (n, 2, height, width), or None
        By amplitude and by phase.
    """
    amplitude, phase = params.T.astype(dtype)[..., None, None]
    sine, cosine = (wave.astype(dtype) for wave in _waves(size, frequency))
    wave = np.cos(phase) * sine
    wave += np.sin(phase) * cosine  # sin(u + phi)
    wave += 1
    wave *= 0.5
    images = amplitude * wave
    if not tangents:
        return images, None
    by_phase = amplitude * (np.cos(phase) * cosine - np.sin(phase) * sine) / 2
    return images, np.stack([wave, by_phase], axis=1)


def check_frequency(frequency, size):
    """Return the frequency as two floats that the image can hold, not both 0."""
    try:
        rows, columns = (float(f) for f in frequency)
    except (TypeError, ValueError):
        rows = columns = np.nan
    legal = abs(rows) <= size[0] / 2 and abs(columns) <= size[1] / 2 and (rows or columns)
    if not legal:
        raise ValueError(
            "frequency: expected (f_1, f_2) in cycles an image, each at most half the side "
            f"({size[0] / 2:g}, {size[1] / 2:g}) and not both 0, got {frequency!r}."
        )
    return rows, columns


def _waves(size, frequency):
    """Return sin(u) and cos(u), each of shape (height, width)."""
    i, j = np.ogrid[: size[0], : size[1]]
    u = 2 * np.pi * (frequency[0] * i / size[0] + frequency[1] * j / size[1])
    return np.sin(u), np.cos(u)
