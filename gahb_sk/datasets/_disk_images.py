"""One disk on a constant ground: a class of images that is a manifold of five dimensions."""

import numpy as np

from gahb_sk._random import seed_sequence
from gahb_sk._validation import StrOptions, at_least, validate_params
from gahb_sk.datasets._chunks import (
    check_dtype,
    check_image_size,
    check_range,
    image_draws,
    make_in_chunks,
)
from gahb_sk.datasets._disks import disk_tangents, render_disks


@validate_params(
    {
        "n_samples": [at_least(0)],
        "generator": [StrOptions({"continuous", "integer"})],
        "rim": [StrOptions({"area", "hard"})],
        "wrap": ["boolean"],
        "first_image": [at_least(0)],
        "return_params": ["boolean"],
        "return_tangents": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_disk_images(
    n_samples=100,
    image_size=64,
    *,
    generator="continuous",
    rim="area",
    wrap=False,
    radius_range=None,
    intensity_range=(0.0, 1.0),
    first_image=0,
    return_params=False,
    return_tangents=False,
    dtype=np.float32,
    n_jobs=None,
    random_state=None,
):
    """Make images of one disk: random centre, radius and two intensities.

    Parameters
    ----------
    n_samples : int, default=100
        Number of images.
    image_size : int or tuple (height, width), default=64
        Sides in pixels, at least 4.
    generator : {"continuous", "integer"}, default="continuous"
        "continuous": radius uniform in ``radius_range``, then the centre uniform among those
        that keep the disk within the image, or, with ``wrap``, uniform on the torus.
        "integer": whole rows and columns uniform in the middle of the image (a margin of an
        eighth of each side is left), then a whole radius uniform from the smallest one up to,
        not including, the distance from the centre to the border.
    rim : {"area", "hard"}, default="area"
        "area": each pixel holds the exact area of the disk in it; "hard": pixels whose centre
        lies in the disk.
    wrap : bool, default=False
        Whether a continuous disk may cross the border and come in at the opposite side.
    radius_range : tuple (low, high), default=None
        Radii in pixels, ``high`` not included. None: for "continuous" [3, (side - 3) / 2) of the
        shorter side (3 becomes an eighth of the side below 24 pixels); for "integer" from a
        sixteenth of the shorter side (5 at 80 pixels) on, with no upper bound but the border.
    intensity_range : tuple (low, high), default=(0.0, 1.0)
        Both intensities are uniform and independent in it.
    first_image : int, default=0
        Number of the first image.
    return_params : bool, default=False
        Return the parameters too.
    return_tangents : bool, default=False
        Return the tangent basis too; needs ``rim="area"``.
    dtype : {numpy.float32, numpy.float64}, default=numpy.float32
        Precision of images and tangents.
    n_jobs : int, default=None
        Threads; None is 1, -1 all processors. The images don't depend on it.
    random_state : int, RandomState or None, default=None
        Seed. Image k depends on the seed, k and the other parameters only.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width)
    params : ndarray of shape (n_samples, 5), float64, only if ``return_params``
        Row and column of the centre (pixel (i, j) has its centre at (i, j)), radius, intensity
        inside and outside.
    tangents : ndarray of shape (n_samples, 5, height, width), only if ``return_tangents``
        Derivatives of the image by the five parameters, exact.

    Raises
    ------
    ValueError
        If no disk of the radius range fits into the image, or if tangents are asked for where
        they don't exist.

    Notes
    -----
    At small noise the optimal denoiser projects on the tangent space: its mean squared error is
    5 sigma^2 summed over pixels [1]_.

    References
    ----------
    .. [1] Kadkhodaie, Guth, Simoncelli, Mallat, Generalization in diffusion models arises from
       geometry-adaptive harmonic representations, ICLR 2024. arXiv:2310.02557

    Examples
    --------
    >>> from gahb_sk.datasets import make_disk_images
    >>> images, params = make_disk_images(10, 32, return_params=True, random_state=0)
    >>> images.shape, params.shape
    ((10, 32, 32), (10, 5))
    """
    size = check_image_size(image_size)
    dtype = check_dtype(dtype)
    _check_combination(generator, rim, wrap, return_tangents)
    radii = RADII[generator](size, radius_range, wrap)
    low, high = check_range(intensity_range, "intensity_range")
    root = seed_sequence(random_state)

    def make_chunk(indices):
        u = image_draws(root, indices, 5)
        params = np.empty_like(u)
        params[:, :3] = GEOMETRIES[generator](u, size, radii, wrap)
        params[:, 3:] = low + (high - low) * u[:, 3:]
        chunk = {"images": render_disks(params, size, rim=rim, wrap=wrap, dtype=dtype)}
        if return_tangents:
            chunk["tangents"] = disk_tangents(params, size, wrap=wrap, dtype=dtype)
        return {**chunk, "params": params}

    values = (24 if return_tangents else 4) * size[0] * size[1]
    made = make_in_chunks(make_chunk, n_samples, first_image, values, n_jobs)
    wanted = {"images": True, "params": return_params, "tangents": return_tangents}
    results = tuple(made[name] for name, want in wanted.items() if want)
    return results[0] if len(results) == 1 else results


def _check_combination(generator, rim, wrap, return_tangents):
    if wrap and generator == "integer":
        raise ValueError(
            "wrap: expected False with generator='integer', whose disks lie inside the image; "
            "got True. Use generator='continuous'."
        )
    if return_tangents and (rim == "hard" or generator == "integer"):
        raise ValueError(
            "return_tangents: expected rim='area' and generator='continuous', got "
            f"rim={rim!r}, generator={generator!r}. An image with a hard rim, or of whole-number "
            "parameters, jumps: it has no derivative by centre and radius. disk_tangents gives "
            "the derivative of the area-covered disk at any parameters."
        )


def continuous_radii(size, radius_range, wrap=False):
    """Return the range of radii of the continuous generator, or raise if none fits."""
    side = min(size)
    if radius_range is None:
        low, high = min(3.0, side / 8), (side - 3) / 2
        return low, high if high > low else side / 2
    low, high = check_range(radius_range, "radius_range", 0, side / 2)
    if low <= 0:
        raise ValueError(f"radius_range: expected radii above 0, got {radius_range!r}.")
    return low, high


def integer_radii(size, radius_range, wrap=False):
    """Return the least radius and the exclusive bound of the integer generator."""
    side = min(size)
    if radius_range is None:
        return max(1, side // 16), side
    low, high = check_range(radius_range, "radius_range", 1)
    if low != int(low) or low + 1 > side // 2 or high <= low:
        raise ValueError(
            f"radius_range: expected a whole low in [1, {side // 2 - 1}] and high > low, so that "
            f"a disk fits into {size[0]}x{size[1]} pixels, got {radius_range!r}."
        )
    return int(low), high


def continuous_geometry(u, size, radii, wrap):
    """Map uniform numbers to (row, column, radius)."""
    radius = radii[0] + (radii[1] - radii[0]) * u[:, 2]
    sides = np.array(size, dtype=np.float64)
    if wrap:
        return np.column_stack([u[:, :2] * sides, radius])
    reach = radius[:, None]
    return np.column_stack([u[:, :2] * (sides - 2 * reach) + reach - 0.5, radius])


def integer_geometry(u, size, radii, wrap):
    """Map uniform numbers to whole (row, column, radius)."""
    sides = np.array(size)
    least, bound = radii
    margin = np.maximum(sides // 8, least + 1)
    centre = margin + np.floor(u[:, :2] * (sides - 2 * margin + (sides == 2 * margin)))
    border = np.minimum(centre, sides - centre).min(1)
    count = np.minimum(np.ceil(bound), border) - least
    return np.column_stack([centre, least + np.floor(u[:, 2] * count)])


RADII = {"continuous": continuous_radii, "integer": integer_radii}
GEOMETRIES = {"continuous": continuous_geometry, "integer": integer_geometry}
