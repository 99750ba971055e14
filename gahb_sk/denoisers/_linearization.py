"""The Jacobian of a denoiser at one image or at several: its own, or central differences."""

import functools

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gahb_sk._arrays import as_array, is_torch, shape_of
from gahb_sk._image_checks import check_kind
from gahb_sk.jacobians._differences import difference_operator, difference_products, step_size
from gahb_sk.jacobians._operator import network_operator
from gahb_sk.jacobians._stack import JacobianStack


def linearize_one(denoiser, image, sigma, clean=None):
    """Return the Jacobian of a fitted denoiser at one image, as the user gives it.

    It is exact where the hooks ``_jacobian_products`` or ``_jacobian`` give one.
    """
    noisy = _one(denoiser, image, "image")
    partner = None if clean is None else _one(denoiser, clean, "clean")
    if partner is not None and partner.shape != noisy.shape:
        raise ValueError(
            f"clean: expected one clean image of the shape of the noisy one, {noisy.shape[1:]}, "
            f"got {partner.shape[1:]}."
        )
    return _operator(denoiser, noisy, _levels(denoiser, sigma, noisy), partner)


def linearize_many(denoiser, X, sigma, clean=None):
    """Return the JacobianStack of a fitted denoiser at a stack of images, as the user gives it."""
    images = denoiser._check_images(as_array(X))
    partners = None
    if clean is not None:
        partners = denoiser._check_partner(as_array(clean), images, "clean").numpy()
    noisy = images.numpy().astype(np.float64)
    levels = _levels(denoiser, sigma, noisy)

    @functools.cache  # the stack keeps the others
    def first():
        return at(0)

    def at(i):
        one = slice(i, i + 1)
        parts = (None if array is None else array[one] for array in (levels, partners))
        return _operator(denoiser, noisy[one], *parts)

    products = denoiser._jacobian_products(noisy, levels)
    if products is None and first().step is not None:
        step = _step(noisy, levels)
        together = difference_products(_displaced(denoiser, levels, partners), noisy, step)
        products = lambda dtype: (together, None)  # noqa: E731
    return JacobianStack(len(noisy), noisy[0].size, lambda i: at(i) if i else first(), products)


def _operator(denoiser, noisy, levels, partner):
    """The Jacobian at ``noisy (1, C, H, W)``; the others are of length 1, or None."""
    products = denoiser._jacobian_products(noisy, levels)
    if products is not None:
        return network_operator(products, noisy.size, symmetric=denoiser._is_gradient())
    level = None if levels is None else float(levels[0])
    extra = () if partner is None else (partner[0],)
    operator = denoiser._jacobian(noisy[0], level, *extra)
    if operator is not None:
        return operator
    step = float(_step(noisy, levels)[0])
    return difference_operator(_displaced(denoiser, levels, partner), noisy[0], step)


def _displaced(denoiser, levels, partners):
    """Return the function that denoises images at the levels of those they are moved from."""

    def denoise(images, which):
        arguments = (None if array is None else array[which] for array in (levels, partners))
        return denoiser._denoise_chunk(images, *arguments)

    return denoise


def _step(noisy, levels):
    return step_size(noisy.std(axis=(1, 2, 3)) if levels is None else levels)


def _levels(denoiser, sigma, noisy):
    """Noise levels ``(n,)``: given, the constructor's or estimated; None for a blind denoiser."""
    levels = denoiser._check_level(sigma, len(noisy))
    if denoiser.blind:
        return None
    return denoiser._estimate_sigma(noisy) if levels is None else levels


def _one(denoiser, image, name):
    """Return one image as ``(1, C, H, W)`` in double precision; raise if it is not one."""
    check_is_fitted(denoiser)
    ndim = 1 if denoiser.image_shape is not None else len(denoiser.image_shape_)
    shape = shape_of(image)
    if len(shape) != ndim:
        expected = {1: "(n_features,)", 2: "(H, W)", 3: "(C, H, W)"}[ndim]
        raise ValueError(
            f"{name}: expected one image of shape {expected}, got shape {shape}. Of a stack, "
            "pass one image: X[0]."
        )
    check_kind(image, name)
    one = image[None] if is_torch(image) else np.asarray(image)[None]
    return denoiser._check_images(one, name).numpy().astype(np.float64)
