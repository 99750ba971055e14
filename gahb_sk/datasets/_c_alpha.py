r"""Piecewise regular images with a regular contour: the class :math:`C^\alpha`.

An image of height H and width W is two backgrounds g_1, g_2 on the two sides of a contour h::

    x = m g_1 + (1 - m) g_2

With w and v white noise, uniform in [-1, 1], and frequencies k in integers (k = 0 treated as 1)::

    contour     h = H/2 + H Re F^-1[ k^-alpha F w ],      w of length W
    background  g = Re F^-1[ |k|^-beta F v ],             v of shape (H, W), scaled to a range

and m the mask of the pixels above the contour, its edge smoothed by a 2x2 average or by the exact
area of each pixel above the contour. Filters are even, so real transforms give the same numbers
as complex ones followed by the real part.
"""

import numpy as np
from scipy import fft

from gahb_sk._random import seed_sequence
from gahb_sk._validation import (
    Interval,
    Real,
    StrOptions,
    at_least,
    check_name,
    positive,
    validate_params,
)
from gahb_sk.datasets._chunks import (
    check_dtype,
    check_image_size,
    image_draws,
    make_in_chunks,
)
from gahb_sk.datasets._coverage import MASKS

N_SCALARS = 4  # u1, u2, which side is bright, orientation


@validate_params(
    {
        "n_samples": [at_least(0)],
        "alpha": [positive()],
        "background_alpha": [positive(), None],
        "constant_background": ["boolean"],
        "antialias": [str],
        "orientation": [StrOptions({"horizontal", "random"})],
        "min_contrast": [Interval(Real, 0, 1, closed="left"), None],
        "first_image": [at_least(0)],
        "return_latents": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_c_alpha_images(
    n_samples=100,
    image_size=64,
    alpha=2.0,
    background_alpha=None,
    *,
    constant_background=False,
    antialias="average",
    orientation="horizontal",
    min_contrast=None,
    first_image=0,
    return_latents=False,
    dtype=np.float32,
    n_jobs=None,
    random_state=None,
):
    r"""Make images that are :math:`C^\alpha` away from a :math:`C^\alpha` contour.

    Parameters
    ----------
    n_samples : int, default=100
        Number of images.
    image_size : int or tuple (height, width), default=64
        Sides in pixels, at least 4.
    alpha : float, default=2.0
        Regularity of the contour, above 0, integer or not: its spectrum decays as
        :math:`k^{-\alpha}`.
    background_alpha : float, default=None
        Regularity of the two backgrounds; None means ``alpha``.
    constant_background : bool, default=False
        Each side has one constant intensity, u1 and u2 (see ``min_contrast``).
    antialias : {"average", "area", "none"}, default="average"
        How the mask treats the contour. "average": pixels above the rounded contour, then the
        mean over 2x2 pixels (one pixel, the next row and column, reflected at the border).
        "area": the area of each pixel above the continuous contour; exact for the polygon
        through the contour's samples when horizontal, and for the tangent line in each pixel
        when rotated. "none": a mask of 0 and 1.
    orientation : {"horizontal", "random"}, default="horizontal"
        "random" turns the contour (not the backgrounds) about the centre of the image by an
        angle uniform in [0, 2 pi).
    min_contrast : float in [0, 1), default=None
        One side covers the range [u1, 1] and the other [0, u2]. None: u1 and u2 are independent
        and uniform in [0, 1), so that the ranges may overlap. A number c: (u1, u2) is uniform
        under u1 - u2 >= c, so that every jump at the contour is at least c.
    first_image : int, default=0
        Number of the first image: ``first_image=k, n_samples=1`` makes image k alone.
    return_latents : bool, default=False
        Return ``(images, latents)``.
    dtype : {numpy.float32, numpy.float64}, default=numpy.float32
        Precision of images and latents. The random draws are the same in both.
    n_jobs : int, default=None
        Threads; None is 1, -1 all processors. The images don't depend on it.
    random_state : int, RandomState or None, default=None
        Seed. Image k depends on the seed, k and the other parameters only.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width)
        Intensities in [0, 1].
    latents : Bunch of arrays, only if ``return_latents``
        ``contour`` (n, width): height of the contour in rows from the top edge of the image, for
        each column of the unrotated frame; ``backgrounds`` (n, 2, height, width), above and below
        the contour; ``mask`` (n, height, width): share of the first background in each pixel;
        ``angle`` (n,): rotation in radians, 0 if horizontal.

    Raises
    ------
    ValueError
        For a side below 4, a regularity that is not positive, a negative number of images, an
        unknown name.

    Notes
    -----
    The minimax mean squared error of the class falls as :math:`\sigma^{2\alpha/(\alpha+1)}` [1]_,
    a rate reached by thresholding in a best bandlet basis [2]_. The set was used to study
    denoising networks in [3]_.

    References
    ----------
    .. [1] Korostelev and Tsybakov, Minimax Theory of Image Reconstruction, Springer 1993.
       :doi:`10.1007/978-1-4612-2712-0`
    .. [2] Dossal, Le Pennec, Mallat, Bandlet image estimation with model selection, Signal
       Processing 2011. arXiv:0809.3092
    .. [3] Kadkhodaie, Guth, Simoncelli, Mallat, Generalization in diffusion models arises from
       geometry-adaptive harmonic representations, ICLR 2024. arXiv:2310.02557

    Examples
    --------
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> images = make_c_alpha_images(3, image_size=(32, 48), alpha=1.5, random_state=0)
    >>> images.shape
    (3, 32, 48)
    """
    height, width = check_image_size(image_size)
    dtype = check_dtype(dtype)
    check_name(antialias, sorted(MASKS), "antialias")
    beta = alpha if background_alpha is None else background_alpha
    contour_filter = fft.rfftfreq(width, 1 / width).clip(1) ** -alpha
    background_filter = None if constant_background else power_filter(height, width, beta)
    root = seed_sequence(random_state)

    def make_chunk(indices):
        scalars, contour_noise, noise = _draw(
            root, indices, height, width, dtype, constant_background
        )
        bright, dark, swap = _ranges(scalars, min_contrast)
        angle = 2 * np.pi * scalars[:, 3] * (orientation == "random")
        contour = height * (0.5 + _filter_contour(contour_noise, contour_filter))
        mask = MASKS[antialias](contour, angle if orientation == "random" else None, height, dtype)
        g = _backgrounds(noise, background_filter, bright, dark, swap, (height, width), dtype)
        images = g[:, 1] + mask * (g[:, 0] - g[:, 1])
        if not return_latents:
            return {"images": images}
        small = {"contour": contour.astype(dtype), "angle": angle.astype(dtype)}
        return {"images": images, "backgrounds": g, "mask": mask, **small}

    made = make_in_chunks(make_chunk, n_samples, first_image, 6 * height * width, n_jobs)
    images = made.pop("images")
    return (images, made) if return_latents else images


def power_filter(height, width, beta):
    """Return ``max(|k|, 1)**-beta`` on the half plane of frequencies of ``rfft2``."""
    rows = fft.fftfreq(height, 1 / height)[:, None]
    columns = fft.rfftfreq(width, 1 / width)[None, :]
    return np.hypot(rows, columns).clip(1) ** -float(beta)


def _draw(root, indices, height, width, dtype, constant):
    """Draw scalars in [0, 1), contour noise and background noise in [-1, 1), image by image."""
    length = N_SCALARS + width + (0 if constant else 2 * height * width)
    draws = image_draws(root, indices, length)
    contour_noise = 2 * draws[:, N_SCALARS : N_SCALARS + width] - 1
    noise = draws[:, N_SCALARS + width :].astype(dtype, copy=False)
    if not constant:
        noise *= 2
        noise -= 1
    return draws[:, :N_SCALARS], contour_noise, noise


def _ranges(scalars, min_contrast):
    """Return u1 (the bright side covers [u1, 1]), u2 (the dark one [0, u2]) and the swap."""
    u1, u2 = scalars[:, 0], scalars[:, 1]
    if min_contrast is not None:
        low, high = np.minimum(u1, u2), np.maximum(u1, u2)
        u1, u2 = min_contrast + (1 - min_contrast) * high, (1 - min_contrast) * low
    return u1, u2, scalars[:, 2] < 0.5


def _filter_contour(noise, contour_filter):
    return fft.irfft(contour_filter * fft.rfft(noise), n=noise.shape[1])


def _backgrounds(noise, background_filter, bright, dark, swap, size, dtype):
    """Filter, scale each background to its range, and put the bright one above or below."""
    zero, one = np.zeros_like(bright), np.ones_like(bright)
    first = np.where(swap, zero, bright), np.where(swap, dark, one)
    second = np.where(swap, bright, zero), np.where(swap, one, dark)
    if background_filter is None:
        levels = np.stack([np.where(swap, dark, bright), np.where(swap, bright, dark)], 1)
        return np.broadcast_to(levels[..., None, None], (*levels.shape, *size)).astype(dtype)
    spectrum = fft.rfft2(noise.reshape(-1, 2, *size))
    spectrum *= background_filter.astype(dtype)
    g = fft.irfft2(spectrum, s=size, overwrite_x=True)
    low, high = (np.stack(pair, 1) for pair in zip(first, second, strict=True))
    return _scale(g, low.astype(dtype), high.astype(dtype))


def _scale(g, low, high):
    """Map each field's minimum to ``low`` and its maximum to ``high``, in place."""
    least, most = g.min((-2, -1)), g.max((-2, -1))
    g -= least[..., None, None]
    g *= ((high - low) / (most - least))[..., None, None]
    g += low[..., None, None]
    return g.clip(0, 1, out=g)
