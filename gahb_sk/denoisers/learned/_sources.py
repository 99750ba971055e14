"""What a network learns from: clean images, or, by the recipe's objective, noisy ones."""

import numpy as np

from gahb_sk._arrays import shape_of
from gahb_sk._units import warn_of_bytes
from gahb_sk.images import as_images
from gahb_sk.noise import check_sigma
from gahb_sk.training._data import PairSource, StackSource, StreamSource, is_stream
from gahb_sk.training._recipes import SUPERVISED

_FEW = 8  # images looked at for their units


def training_source(denoiser, X, y, sigma, objective, reset):
    """Check the images of ``fit``, and return where batches come from.

    Parameters
    ----------
    denoiser : NetworkDenoiser
    X, y, sigma
        See ``fit``.
    objective : str
        See :class:`gahb_sk.training.Recipe`.
    reset : bool
        Whether images of another shape than before are admitted.

    Returns
    -------
    source : StackSource or StreamSource
    image_shape : tuple of int
        Shape of an image as the user sees it.

    Raises
    ------
    ValueError
        If what the objective needs is missing, or does not fit.
    """
    supervised = objective == SUPERVISED
    if supervised and sigma is not None:
        raise ValueError(
            f"sigma: expected None with objective={SUPERVISED!r}, which draws noise levels from "
            f"noise_range, got {sigma!r}."
        )
    if is_stream(X):
        return _stream(denoiser, X, objective)
    paired = y is not None and shape_of(y) == shape_of(X)
    clean = y if supervised and paired else X
    check = denoiser._check_training_images if reset else denoiser._check_images
    images = check(clean)
    _ask_about_bytes(denoiser, images, sigma)
    if supervised:
        return StackSource(images), images.image_shape
    if objective == "noise2noise":
        if not paired:
            raise ValueError(
                "y: objective='noise2noise' needs a second noisy image of each scene, of the shape "
                f"of X, {shape_of(X)}, got {None if y is None else shape_of(y)}: fit(X, y)."
            )
        partners = as_images(y, image_shape=denoiser.image_shape, name="y")
        return PairSource(images, partners), images.image_shape
    return StackSource(images, _levels(sigma, len(images), objective)), images.image_shape


def _stream(denoiser, X, objective):
    if denoiser.image_shape is not None:
        raise ValueError("image_shape: expected None for a stream of fresh images.")
    if objective != SUPERVISED:
        raise ValueError(f"X: expected noisy images with objective={objective!r}, got a stream.")
    return StreamSource(X), tuple(X.shape_of_image)


def _ask_about_bytes(denoiser, images, sigma):
    """Warn of noise levels typed for bytes; diffusion models start from 80, but end far below 1."""
    some = images.numpy(slice(_FEW))
    if sigma is not None:
        warn_of_bytes(np.asarray(sigma, float), some, noisy=True)
    elif denoiser.noise_range[0] >= 1:
        warn_of_bytes(denoiser.noise_range[1], some, noisy=False, name="noise_range")


def _levels(sigma, n, objective):
    if sigma is None:
        raise ValueError(
            f"sigma: objective={objective!r} needs the noise level of X: fit(X, sigma=25/255)."
        )
    levels = check_sigma(sigma, n)
    if not (levels > 0).all():
        raise ValueError(f"sigma: expected positive noise levels, got {levels.min():g}.")
    return levels
