r"""The oracle that projects on the tangent space at the clean image: the paper's reference.

If the clean images form a manifold and the noise is small, the optimal denoiser is nearly

.. math::
    f(y) = x + P_x (y - x), \qquad J = P_x,

with :math:`P_x` the orthogonal projection on the k-dimensional tangent space at the clean image x.
Its squared error is :math:`k \sigma^2` on average, at every noise level.
"""

import dataclasses
import warnings

import numpy as np

from gahb_sk.denoisers.optimal._disk_class._local import find_modes
from gahb_sk.denoisers.optimal._disk_class._nodes import Problem
from gahb_sk.denoisers.optimal._disk_class._posterior import Grids, best_of_grid
from gahb_sk.denoisers.optimal._oracle import OracleDenoiser
from gahb_sk.denoisers.optimal._posterior_mean import check_size
from gahb_sk.image_classes import DiskImages, ImageClass, RayImages, ShuffledImages, SineImages
from gahb_sk.jacobians._posterior import by_channels, factored_operator

_RANK_TOLERANCE = 1e-7  # of singular values, relative to the largest
_OFF_MANIFOLD = 1e-2  # root mean squared misfit of a clean image, relative to its range


def disk_latents(law, clean):
    """Return the parameters of the disks nearest to images ``(n, H, W)``; warn of misfits."""
    low, high = float(clean.min()), float(clean.max())
    law = dataclasses.replace(law, intensity_range=(low, high if high > low else low + 1.0))
    low, high = law.intensity_range
    problem = Problem(clean, np.full(len(clean), (0.02 * (high - low)) ** 2), law)
    geometry, intensities = best_of_grid(Grids(law).coarse, problem)
    latents = find_modes(problem, np.arange(len(clean)), geometry, intensities)[0]
    misfit = np.sqrt(np.square(law.render(latents) - clean).mean((1, 2))) / (high - low)
    bad = np.flatnonzero(misfit > _OFF_MANIFOLD)
    if len(bad):
        warnings.warn(
            f"TangentProjection: no disk of the class draws clean image {bad[0]} (the nearest is "
            f"{misfit[bad[0]]:.2g} of the range away, {len(bad)} such images in this chunk); its "
            "tangents are used. Check image_class.",
            UserWarning,
            stacklevel=2,
        )
    return latents


def sine_latents(law, clean):
    """Return amplitude and phase of the waves nearest to images ``(n, H, W)``."""
    coefficients = clean.reshape(len(clean), -1) @ np.linalg.pinv(law.basis).T
    phase = np.arctan2(coefficients[:, 2], coefficients[:, 1])
    return np.column_stack([coefficients[:, 0], phase])


def ray_latents(law, clean):
    """Return intensities: the tangent of a ray is the same everywhere."""
    return np.ones((len(clean), 1))


LATENTS = {DiskImages: disk_latents, RayImages: ray_latents, SineImages: sine_latents}


def tangents_at(law, clean):
    """Return the tangents of a class at noise-free images, ``(n, k, H, W)``."""
    if isinstance(law, ShuffledImages):
        return law.shuffle(tangents_at(law.image_class, law.unshuffle(clean)))
    if not isinstance(law, ImageClass):
        tangents = law(clean)
        if tangents.ndim != 4 or (len(tangents), *tangents.shape[2:]) != clean.shape:
            raise ValueError(
                f"image_class: expected a function that gives (n, k, H, W) vectors for "
                f"{clean.shape} images, got shape {tangents.shape}."
            )
        return tangents
    return law.tangents(LATENTS[type(law)](law, clean))


class TangentProjection(OracleDenoiser):
    """Projection on the tangent space at the clean image: a bound, not a rival.

    Parameters
    ----------
    image_class : DiskImages, RayImages, SineImages or callable, default=None
        The class of the images, also with shuffled pixels; its size must be that of the images.
        None is the default ``DiskImages`` at the size of the images. For any other manifold, a
        function from clean images ``(n, H, W)`` to vectors ``(n, k, H, W)`` that span their
        tangent spaces. Channels of colour images are taken for images of their own, except on the
        ray of a colour image.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Examples
    --------
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.denoisers import TangentProjection
    >>> from gahb_sk.image_classes import DiskImages
    >>> clean = DiskImages(24).sample(8, random_state=0)
    >>> noisy = add_gaussian_noise(clean, 0.05, 0)
    >>> denoised = TangentProjection().fit(clean).transform(noisy, clean=clean)
    >>> bool(((denoised - clean) ** 2).sum((1, 2)).mean() < 12 * 0.05**2)
    True
    """

    blind = True
    _chunk_pixels = 2**18

    _parameter_constraints: dict = {
        **OracleDenoiser._parameter_constraints,
        "image_class": [*LATENTS, ShuffledImages, callable, None],
    }

    def __init__(self, image_class=None, *, image_shape=None):
        self.image_class = image_class
        self.image_shape = image_shape

    def _fit(self, images):
        self._law_of(images.shape[1:])

    def _law_of(self, shape):
        """Return the class of images ``(C, H, W)`` or the function, and whether it is of colour."""
        law = DiskImages(tuple(shape[1:])) if self.image_class is None else self.image_class
        colour = isinstance(law, ImageClass) and len(law.image_shape) == 3
        if isinstance(law, ImageClass):
            check_size(law, shape, joint=colour)
        return law, colour

    def _basis(self, clean):
        """Return orthonormal vectors (m, k, d) that span the tangent spaces; zeros fill up.

        m = n C and d = H W, or, for a class of colour images, m = n and d = C H W.
        """
        law, colour = self._law_of(clean.shape[1:])
        if not colour:
            clean = clean.reshape(-1, *clean.shape[2:])
        tangents = tangents_at(law, clean.astype(np.float64))
        flat = tangents.reshape(*tangents.shape[:2], -1).astype(np.float64)
        _, scales, vectors = np.linalg.svd(flat, full_matrices=False)
        return vectors * (scales > _RANK_TOLERANCE * scales[:, :1])[:, :, None]

    def _denoise(self, noisy, sigma, clean=None):
        basis = self._basis(clean)
        truth = clean.astype(np.float64)
        away = (noisy - truth).reshape(len(basis), -1)
        moved = np.einsum("nkd,nk->nd", basis, np.einsum("nkd,nd->nk", basis, away))
        return truth + moved.reshape(truth.shape)

    def _jacobian(self, image, sigma, clean=None):
        clean = clean.reshape(1, *image.shape)
        return by_channels([factored_operator(part) for part in self._basis(clean)])
