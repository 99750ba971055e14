"""Images of the classes of :mod:`gahb_sk.image_classes`, as scikit-learn's functions make them.

Each function builds the class from its keyword parameters and samples from it. The class documents
the parameters of its law, :meth:`~gahb_sk.image_classes.ImageClass.sample` those of the sample:
``first_image``, ``dtype`` and ``n_jobs``.
"""

from gahb_sk._random import seed_sequence
from gahb_sk.image_classes import CAlphaImages, DiskImages, PolygonImages, RayImages, SineImages

SAMPLING = ("first_image", "dtype", "n_jobs", "return_latents")


def make_c_alpha_images(
    n_samples=100, image_size=64, alpha=2.0, *, random_state=None, **parameters
):
    r"""Make images that are :math:`C^\alpha` away from a :math:`C^\alpha` contour.

    Parameters
    ----------
    n_samples, random_state, **parameters
        See :meth:`~gahb_sk.image_classes.ImageClass.sample`, also for ``return_latents``.
    image_size, alpha, **parameters
        See :class:`~gahb_sk.image_classes.CAlphaImages`.

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
    sampling = _pop_sampling(parameters)
    law = CAlphaImages(image_size, alpha=alpha, **parameters)
    return law.sample(n_samples, random_state, **sampling)


def make_polygon_images(n_samples=100, image_size=64, *, random_state=None, **parameters):
    """Make images of random polygons of constant intensity on a constant ground.

    Parameters
    ----------
    n_samples, random_state, **parameters
        See :meth:`~gahb_sk.image_classes.ImageClass.sample`, also for ``return_latents``.
    image_size, **parameters
        See :class:`~gahb_sk.image_classes.PolygonImages`.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width)
    latents : record of arrays, only if ``return_latents``
        ``vertices`` and ``intensities``.
    """
    sampling = _pop_sampling(parameters)
    return PolygonImages(image_size, **parameters).sample(n_samples, random_state, **sampling)


def make_disk_images(
    n_samples=100,
    image_size=64,
    *,
    return_params=False,
    return_tangents=False,
    random_state=None,
    **parameters,
):
    """Make images of one disk: random centre, radius and two intensities.

    Parameters
    ----------
    n_samples, random_state, **parameters
        See :meth:`~gahb_sk.image_classes.ImageClass.sample`.
    image_size, **parameters
        See :class:`~gahb_sk.image_classes.DiskImages`.
    return_params, return_tangents : bool, default=False
        Return the parameters of the images too, and the derivatives by them.

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
    sampling = _pop_sampling(parameters)
    law = DiskImages(image_size, **parameters)
    return _on_manifold(law, n_samples, random_state, return_params, return_tangents, sampling)


def make_ray_images(
    n_samples=100,
    image_size=64,
    *,
    image=None,
    return_params=False,
    return_tangents=False,
    random_state=None,
    **parameters,
):
    """Make multiples of one image: x = a u, a uniform in a range.

    Parameters
    ----------
    n_samples, random_state, **parameters
        See :meth:`~gahb_sk.image_classes.ImageClass.sample`.
    image_size, image, **parameters
        See :class:`~gahb_sk.image_classes.RayImages`; but None draws the image from the seed, and
        the size is not used if there is an image.
    return_params, return_tangents : bool, default=False
        Return the intensities too, and the derivative by them.

    Returns
    -------
    images : ndarray of shape (n_samples, H, W) or (n_samples, C, H, W)
    params : ndarray of shape (n_samples, 1), float64, only if ``return_params``
        The intensities a.
    tangents : ndarray of shape (n_samples, 1, [C,] H, W), only if ``return_tangents``
        Derivative by a: the image u, the same for all.
    """
    sampling, root = _pop_sampling(parameters), seed_sequence(random_state)
    if image is None:
        law = RayImages.drawn(image_size, root, **parameters)
    else:
        law = RayImages(image=image, **parameters)
    return _on_manifold(law, n_samples, root, return_params, return_tangents, sampling)


def make_sine_images(
    n_samples=100,
    image_size=64,
    *,
    return_params=False,
    return_tangents=False,
    random_state=None,
    **parameters,
):
    """Make sine waves x = a (1 + sin(u + phi)) / 2 of random amplitude a and phase phi.

    Parameters
    ----------
    n_samples, random_state, **parameters
        See :meth:`~gahb_sk.image_classes.ImageClass.sample`.
    image_size, **parameters
        See :class:`~gahb_sk.image_classes.SineImages`.
    return_params, return_tangents : bool, default=False
        Return amplitude and phase too, and the derivatives by them.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width)
    params : ndarray of shape (n_samples, 2), float64, only if ``return_params``
        Amplitude and phase in radians, in [0, 2 pi).
    tangents : ndarray of shape (n_samples, 2, height, width), only if ``return_tangents``
        Exact derivatives of the image by them.
    """
    sampling = _pop_sampling(parameters)
    law = SineImages(image_size, **parameters)
    return _on_manifold(law, n_samples, random_state, return_params, return_tangents, sampling)


def _pop_sampling(parameters):
    return {name: parameters.pop(name) for name in SAMPLING if name in parameters}


def _on_manifold(law, n_samples, random_state, return_params, return_tangents, sampling):
    """Return images, and the parameters and tangents that are asked for."""
    sampling = {**sampling, "return_latents": True}
    images, params = law.sample(n_samples, random_state, **sampling)
    results = [images, params] if return_params else [images]
    if return_tangents:
        results.append(law.tangents(params, images.dtype, sampling.get("n_jobs")))
    return results[0] if len(results) == 1 else tuple(results)
