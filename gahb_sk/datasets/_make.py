"""Samples of :mod:`gahb_sk.image_classes`, as scikit-learn's functions make them.

Each function builds the class from its keyword parameters and samples from it. The class documents
the parameters of its law, :meth:`~gahb_sk.image_classes.ImageClass.sample` those of the sample:
``first_image``, ``dtype``, ``n_jobs`` and ``return_latents``.
"""

from typing import Any

from gahb_sk._random import seed_sequence
from gahb_sk._validation import validate_params
from gahb_sk.image_classes import (
    CAlphaImages,
    DiskImages,
    ImageClass,
    PolygonImages,
    RayImages,
    SineImages,
)

SAMPLING = ("first_image", "dtype", "n_jobs", "return_latents")


def make_c_alpha_images(
    n_samples: int = 100, image_size=64, alpha: float = 2.0, *, random_state=None, **parameters
) -> Any:
    r"""Make images that are :math:`C^\alpha` away from a :math:`C^\alpha` contour.

    Parameters
    ----------
    n_samples, random_state, **parameters
        See :meth:`~gahb_sk.image_classes.ImageClass.sample`.
    image_size, alpha, **parameters
        See :class:`~gahb_sk.image_classes.CAlphaImages`.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width)
    latents : record of arrays, only if ``return_latents``

    Examples
    --------
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> make_c_alpha_images(3, image_size=(32, 48), alpha=1.5, random_state=0).shape
    (3, 32, 48)
    """
    sampling = _pop_sampling(parameters)
    law = CAlphaImages(image_size, alpha=alpha, **parameters)
    return law.sample(n_samples, random_state, **sampling)


def make_polygon_images(
    n_samples: int = 100, image_size=64, *, random_state=None, **parameters
) -> Any:
    """Make random polygons of constant intensity on a constant ground.

    The parameters are those of :class:`~gahb_sk.image_classes.PolygonImages`; otherwise like
    :func:`make_c_alpha_images`.
    """
    sampling = _pop_sampling(parameters)
    return PolygonImages(image_size, **parameters).sample(n_samples, random_state, **sampling)


@validate_params({"return_params": ["boolean"], "return_tangents": ["boolean"]})
def make_disk_images(
    n_samples: int = 100, image_size=64, *, return_params: bool = False,
    return_tangents: bool = False, random_state=None, **parameters,
) -> Any:  # fmt: skip
    """Make images of one disk: random centre, radius and two intensities.

    Parameters
    ----------
    n_samples, random_state, **parameters
        See :meth:`~gahb_sk.image_classes.ImageClass.sample`.
    image_size, **parameters
        See :class:`~gahb_sk.image_classes.DiskImages`.
    return_params, return_tangents : bool, default=False
        Also return the latents of the images, and their derivatives by these.

    Returns
    -------
    images : ndarray of shape ``(n_samples, *image_shape)``
    params : ndarray of shape (n_samples, dimension), float64, only if ``return_params``
        For disks: row and column of the centre, radius, intensity inside and outside.
    tangents : ndarray, only if ``return_tangents``
        Of shape ``(n_samples, dimension, *image_shape)``.

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


@validate_params({"return_params": ["boolean"], "return_tangents": ["boolean"]})
def make_ray_images(
    n_samples: int = 100, image_size=64, *, image=None, return_params: bool = False,
    return_tangents: bool = False, random_state=None, **parameters,
) -> Any:  # fmt: skip
    """Make multiples x = a u of one image u, a uniform in a range.

    The parameters are those of :class:`~gahb_sk.image_classes.RayImages`, but without an image it
    is drawn from the seed. With one, ``image_size`` is ignored. Otherwise like
    :func:`make_disk_images`; ``params`` are the intensities a.
    """
    sampling, root = _pop_sampling(parameters), seed_sequence(random_state)
    if image is None:
        law = RayImages.drawn(image_size, root, **parameters)
    else:
        law = RayImages(image=image, **parameters)
    return _on_manifold(law, n_samples, root, return_params, return_tangents, sampling)


@validate_params({"return_params": ["boolean"], "return_tangents": ["boolean"]})
def make_sine_images(
    n_samples: int = 100, image_size=64, *, return_params: bool = False,
    return_tangents: bool = False, random_state=None, **parameters,
) -> Any:  # fmt: skip
    """Make sine waves x = a (1 + sin(u + phi)) / 2 of random amplitude a and phase phi.

    The parameters are those of :class:`~gahb_sk.image_classes.SineImages`. Otherwise like
    :func:`make_disk_images`; ``params`` are a and phi (radians, in [0, 2 pi)).
    """
    sampling = _pop_sampling(parameters)
    law = SineImages(image_size, **parameters)
    return _on_manifold(law, n_samples, random_state, return_params, return_tangents, sampling)


def _pop_sampling(parameters: dict) -> dict:
    return {name: parameters.pop(name) for name in SAMPLING if name in parameters}


def _on_manifold(
    law: ImageClass, n_samples, random_state, return_params, return_tangents, sampling
):
    sampling = {**sampling, "return_latents": True}
    images, params = law.sample(n_samples, random_state, **sampling)
    results = [images, params] if return_params else [images]
    if return_tangents:
        results.append(law.tangents(params, images.dtype, sampling.get("n_jobs")))
    return results[0] if len(results) == 1 else tuple(results)
