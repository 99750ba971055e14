"""Images of the classes of :mod:`gahb_sk.image_classes`, as scikit-learn's functions make them.

Each function builds the class and samples from it. The class documents the parameters of its law,
:meth:`~gahb_sk.image_classes.ImageClass.sample` those of the sample (``n_samples``,
``first_image``, ``dtype``, ``n_jobs`` and ``random_state``).
"""

import numpy as np

from gahb_sk._random import seed_sequence
from gahb_sk.image_classes import CAlphaImages, DiskImages, PolygonImages, RayImages, SineImages


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

    The parameters are those of :class:`~gahb_sk.image_classes.CAlphaImages` and of its ``sample``.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width)
        Intensities in [0, 1].
    latents : record of arrays, only if ``return_latents``
        ``contour``, ``angle``, ``backgrounds`` and ``mask``.

    Examples
    --------
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> make_c_alpha_images(3, image_size=(32, 48), alpha=1.5, random_state=0).shape
    (3, 32, 48)
    """
    law = CAlphaImages(
        image_size, alpha=alpha, background_alpha=background_alpha, antialias=antialias,
        constant_background=constant_background, orientation=orientation,
        min_contrast=min_contrast,
    )  # fmt: skip
    return law.sample(
        n_samples, random_state, return_latents=return_latents, first_image=first_image,
        dtype=dtype, n_jobs=n_jobs,
    )  # fmt: skip


def make_polygon_images(
    n_samples=100,
    image_size=64,
    *,
    n_polygons=1,
    n_vertices=(3, 6),
    intensity_range=(0.0, 1.0),
    first_image=0,
    return_latents=False,
    dtype=np.float32,
    n_jobs=None,
    random_state=None,
):
    """Make images of random polygons of constant intensity on a constant ground.

    The parameters are those of :class:`~gahb_sk.image_classes.PolygonImages` and of its ``sample``.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width)
    latents : record of arrays, only if ``return_latents``
        ``vertices`` and ``intensities``.
    """
    law = PolygonImages(
        image_size, n_polygons=n_polygons, n_vertices=n_vertices, intensity_range=intensity_range
    )
    return law.sample(
        n_samples, random_state, return_latents=return_latents, first_image=first_image,
        dtype=dtype, n_jobs=n_jobs,
    )  # fmt: skip


def make_disk_images(
    n_samples=100,
    image_size=64,
    *,
    lattice="continuous",
    antialias="area",
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

    The parameters are those of :class:`~gahb_sk.image_classes.DiskImages` and of its ``sample``.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width)
    params : ndarray of shape (n_samples, 5), float64, only if ``return_params``
        Row and column of the centre, radius, intensity inside and outside.
    tangents : ndarray of shape (n_samples, 5, height, width), only if ``return_tangents``
        Exact derivatives of the image by them.

    Examples
    --------
    >>> from gahb_sk.datasets import make_disk_images
    >>> images, params = make_disk_images(10, 32, return_params=True, random_state=0)
    >>> images.shape, params.shape
    ((10, 32, 32), (10, 5))
    """
    law = DiskImages(
        image_size, lattice=lattice, antialias=antialias, wrap=wrap, radius_range=radius_range,
        intensity_range=intensity_range,
    )  # fmt: skip
    sampling = {"first_image": first_image, "dtype": dtype, "n_jobs": n_jobs}
    return _on_manifold(law, n_samples, random_state, return_params, return_tangents, sampling)


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

    The parameters are those of :class:`~gahb_sk.image_classes.RayImages` and of its ``sample``, but
    ``image=None`` draws u from the seed, and ``image_size`` is not used if ``image`` is given.

    Returns
    -------
    images : ndarray of shape (n_samples, H, W) or (n_samples, C, H, W)
    params : ndarray of shape (n_samples, 1), float64, only if ``return_params``
        The intensities a.
    tangents : ndarray of shape (n_samples, 1, [C,] H, W), only if ``return_tangents``
        Derivative by a: the image u, the same for all.
    """
    root = seed_sequence(random_state)
    if image is None:
        law = RayImages.drawn(image_size, root, intensity_range=intensity_range)
    else:
        law = RayImages(image=image, intensity_range=intensity_range)
    sampling = {"first_image": first_image, "dtype": dtype, "n_jobs": n_jobs}
    return _on_manifold(law, n_samples, root, return_params, return_tangents, sampling)


def make_sine_images(
    n_samples=100,
    image_size=64,
    *,
    frequency=None,
    amplitude_range=(0.0, 1.0),
    first_image=0,
    return_params=False,
    return_tangents=False,
    dtype=np.float32,
    n_jobs=None,
    random_state=None,
):
    """Make sine waves x = a (1 + sin(u + phi)) / 2 of random amplitude a and phase phi.

    The parameters are those of :class:`~gahb_sk.image_classes.SineImages` and of its ``sample``.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width)
    params : ndarray of shape (n_samples, 2), float64, only if ``return_params``
        Amplitude and phase in radians, in [0, 2 pi).
    tangents : ndarray of shape (n_samples, 2, height, width), only if ``return_tangents``
        Exact derivatives of the image by them.
    """
    law = SineImages(image_size, frequency=frequency, amplitude_range=amplitude_range)
    sampling = {"first_image": first_image, "dtype": dtype, "n_jobs": n_jobs}
    return _on_manifold(law, n_samples, random_state, return_params, return_tangents, sampling)


def _on_manifold(law, n_samples, random_state, return_params, return_tangents, sampling):
    """Return images, and the parameters and tangents that are asked for."""
    images, params = law.sample(n_samples, random_state, return_latents=True, **sampling)
    results = [images]
    if return_params:
        results.append(params)
    if return_tangents:
        results.append(law.tangents(params, sampling["dtype"], sampling["n_jobs"]))
    return results[0] if len(results) == 1 else tuple(results)
