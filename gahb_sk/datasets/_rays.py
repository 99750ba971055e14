"""One image times a random intensity: a class of one dimension."""

import numpy as np

from gahb_sk._random import child, seed_sequence
from gahb_sk._validation import at_least, validate_params
from gahb_sk.datasets._c_alpha import make_c_alpha_images
from gahb_sk.datasets._chunks import (
    check_dtype,
    check_image_size,
    check_range,
    image_draws,
    make_in_chunks,
)

IMAGE_KEY = 2**32  # where below the seed the default image is drawn, beyond all image numbers


@validate_params(
    {
        "n_samples": [at_least(0)],
        "first_image": [at_least(0)],
        "return_params": ["boolean"],
        "return_tangents": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_ray_images(
    n_samples=100,
    image_size=64,
    *,
    image=None,
    intensity_range=(0.0, 1.0),
    first_image=0,
    return_params=False,
    return_tangents=False,
    dtype=np.float32,
    n_jobs=None,
    random_state=None,
):
    """Make multiples of one image: x = a u, a uniform in a range.

    Parameters
    ----------
    n_samples : int, default=100
        Number of images.
    image_size : int or tuple (height, width), default=64
        Sides in pixels, at least 4; not used if ``image`` is given.
    image : array-like of shape (H, W) or (C, H, W), default=None
        The image u. None draws one of :func:`make_c_alpha_images` from the seed.
    intensity_range : tuple (low, high), default=(0.0, 1.0)
        Range of a.
    first_image : int, default=0
        Number of the first image.
    return_params : bool, default=False
        Return the intensities too.
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
    images : ndarray of shape (n_samples, H, W) or (n_samples, C, H, W)
    params : ndarray of shape (n_samples, 1), float64, only if ``return_params``
        The intensities a.
    tangents : ndarray of shape (n_samples, 1, [C,] H, W), only if ``return_tangents``
        Derivative by a: the image u, the same for all (a read-only view).

    Raises
    ------
    ValueError
        If ``image`` is no finite image.

    Notes
    -----
    The optimal denoiser at small noise is the projection on u; its mean squared error summed over
    pixels is sigma^2.
    """
    dtype = check_dtype(dtype)
    low, high = check_range(intensity_range, "intensity_range")
    root = seed_sequence(random_state)
    u = _image(image, image_size, root).astype(dtype)

    def make_chunk(indices):
        a = low + (high - low) * image_draws(root, indices, 1)
        images = a.astype(dtype).reshape(-1, *(1,) * u.ndim) * u
        return {"images": images, "params": a}

    made = make_in_chunks(make_chunk, n_samples, first_image, 2 * u.size, n_jobs)
    results = [made.images]
    if return_params:
        results.append(made.params)
    if return_tangents:
        results.append(np.broadcast_to(u, (n_samples, 1, *u.shape)))
    return results[0] if len(results) == 1 else tuple(results)


def _image(image, image_size, root):
    if image is None:
        size = check_image_size(image_size)
        return make_c_alpha_images(1, size, dtype=np.float64, random_state=child(root, IMAGE_KEY))[
            0
        ]
    image = np.asarray(image, dtype=np.float64)
    if image.ndim not in (2, 3) or not image.size or not np.isfinite(image).all():
        raise ValueError(
            "image: expected one finite image (H, W) or (C, H, W), got shape "
            f"{image.shape}" + ("." if image.ndim not in (2, 3) else " with NaN or infinity.")
        )
    return image
