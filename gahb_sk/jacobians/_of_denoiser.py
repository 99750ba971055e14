"""The Jacobian of a denoiser at one image: its own, or central differences."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gahb_sk._arrays import is_torch, shape_of
from gahb_sk.jacobians._operator import finite_difference_operator

# Perturbation of central differences, relative to the noise level: large enough for functions
# that compute in single precision, small enough for smooth ones.
_RELATIVE_STEP = 1e-3


def linearize_at(denoiser, image, sigma, clean=None):
    """Return the Jacobian of a denoiser at one image, as the user gives it.

    Parameters
    ----------
    denoiser : BaseDenoiser
        Fitted. Its hook ``_jacobian(image, sigma)`` gives the exact Jacobian, or None.
    image : array-like or torch.Tensor
        ``(H, W)``, ``(C, H, W)``, or one flat row.
    sigma : float or None
        Noise level.
    clean : array-like, torch.Tensor or None
        The clean image, for oracles.

    Returns
    -------
    operator : JacobianOperator of shape (d, d)
    """
    noisy = check_one(denoiser, image)
    level = denoiser._check_level(sigma, 1)
    if level is None and not denoiser.blind:
        level = denoiser._estimate_sigma(noisy)
    extra = () if clean is None else (check_partner(denoiser, clean, noisy)[0],)
    level = None if denoiser.blind else float(level[0])
    operator = denoiser._jacobian(noisy[0], level, *extra)
    if operator is not None:
        return operator
    step = _RELATIVE_STEP * (level or float(noisy.std()) or 1.0)

    def denoise(stack):
        """Denoise a stack at one level, with one clean image for all of it."""
        levels = None if level is None else np.full(len(stack), level)
        partners = [np.repeat(one[None], len(stack), axis=0) for one in extra]
        return denoiser._denoise_chunk(stack, levels, *partners)

    return finite_difference_operator(denoise, noisy[0], step)


def check_one(denoiser, image, name="image"):
    """Return one image as ``(1, C, H, W)`` in double precision; raise if it is not one.

    Parameters
    ----------
    denoiser : BaseDenoiser
    image : array-like or torch.Tensor
    name : str, default="image"
        Of the argument, for messages.

    Returns
    -------
    stack : ndarray of shape (1, C, H, W)
    """
    check_is_fitted(denoiser)
    ndim = 1 if denoiser.image_shape is not None else len(denoiser.image_shape_)
    shape = shape_of(image)
    if len(shape) != ndim:
        expected = {1: "(n_features,)", 2: "(H, W)", 3: "(C, H, W)"}[ndim]
        raise ValueError(
            f"{name}: expected one image of shape {expected}, got shape {shape}. Of a stack, "
            "pass one image: X[0]."
        )
    one = image[None] if is_torch(image) else np.asarray(image)[None]
    return denoiser._check_images(one, name).numpy().astype(np.float64)


def check_partner(denoiser, clean, noisy):
    """Return the clean image as ``(1, C, H, W)``; raise unless it has the shape of ``noisy``."""
    partner = check_one(denoiser, clean, "clean")
    if partner.shape != noisy.shape:
        raise ValueError(
            f"clean: expected one clean image of the shape of the noisy one, {noisy.shape[1:]}, "
            f"got {partner.shape[1:]}."
        )
    return partner
