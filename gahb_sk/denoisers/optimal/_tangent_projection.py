r"""The oracle that projects on the tangent space at the clean image: the paper's reference.

If the clean images form a manifold and the noise is small, the optimal denoiser is nearly

.. math::
    f(y) = x + P_x (y - x), \qquad J = P_x,

with :math:`P_x` the orthogonal projection on the k-dimensional tangent space at the clean image x.
Its squared error is :math:`k \sigma^2` on average, at every noise level.
"""

import warnings

import numpy as np

from gahb_sk._validation import StrOptions
from gahb_sk.datasets import disk_tangents, render_disks
from gahb_sk.datasets._sines import render_sines
from gahb_sk.denoisers.optimal._disk_class._local import find_modes
from gahb_sk.denoisers.optimal._disk_class._nodes import Problem
from gahb_sk.denoisers.optimal._disk_class._posterior import Grids, best_of_grid
from gahb_sk.denoisers.optimal._disk_class._prior import ContinuousPrior
from gahb_sk.denoisers.optimal._oracle import OracleDenoiser
from gahb_sk.denoisers.optimal._sine_posterior import sine_basis
from gahb_sk.jacobians._posterior import by_channels, factored_operator

_RANK_TOLERANCE = 1e-7  # of singular values, relative to the largest
_OFF_MANIFOLD = 1e-2  # root mean squared misfit of a clean image, relative to its range


def disk_tangent_basis(clean, wrap=False):
    """Return the derivatives of disks by their five parameters, found from the images.

    Parameters
    ----------
    clean : ndarray of shape (n, H, W)
        Images of one disk with area coverage.
    wrap : bool, default=False
        Whether the images are tori.

    Returns
    -------
    tangents : ndarray of shape (n, 5, H, W)

    Warns
    -----
    UserWarning
        If an image is no disk of the class; the nearest disk's tangents are then used.
    """
    size = clean.shape[1:]
    low, high = float(clean.min()), float(clean.max())
    high = high if high > low else low + 1.0
    prior = ContinuousPrior(size, None, wrap)
    variance = np.full(len(clean), (0.02 * (high - low)) ** 2)
    problem = Problem(clean, variance, prior, low, high)
    geometry, intensities = best_of_grid(Grids(prior, "area", True).coarse, problem)
    params = find_modes(problem, np.arange(len(clean)), geometry, intensities)[0]
    drawn = render_disks(params, size, wrap=wrap)
    misfit = np.sqrt(np.square(drawn - clean).mean((1, 2))) / (high - low)
    bad = np.flatnonzero(misfit > _OFF_MANIFOLD)
    if len(bad):
        warnings.warn(
            f"TangentProjection: no disk of the class draws clean image {bad[0]} (the nearest is "
            f"{misfit[bad[0]]:.2g} of the range away, {len(bad)} such images in this chunk); its "
            "tangents are used. Check the parameter manifold.",
            UserWarning,
            stacklevel=2,
        )
    return disk_tangents(params, size, wrap=wrap)


def sine_tangent_basis(clean, frequency=(2.0, 3.0)):
    """Return the derivatives of sine waves by amplitude and phase, ``(n, 2, H, W)``."""
    basis = sine_basis(clean.shape[1:], frequency)
    coefficients = clean.reshape(len(clean), -1) @ np.linalg.pinv(basis).T
    phase = np.arctan2(coefficients[:, 2], coefficients[:, 1])
    params = np.column_stack([coefficients[:, 0], phase])
    return render_sines(params, clean.shape[1:], frequency, tangents=True)[1]


def ray_tangent_basis(clean):
    """Return the images themselves, the direction of the ray each lies on, ``(n, 1, H, W)``."""
    return clean[:, None]


MANIFOLDS = {
    "disk": disk_tangent_basis,
    "ray": ray_tangent_basis,
    "sine": sine_tangent_basis,
}


class TangentProjection(OracleDenoiser):
    """Projection on the tangent space at the clean image: a bound, not a rival.

    Parameters
    ----------
    manifold : {"disk", "ray", "sine"} or callable, default="disk"
        The class of images, with its default parameters; or a function from clean images
        ``(n, H, W)`` to vectors ``(n, k, H, W)`` that span their tangent spaces, for example
        ``functools.partial(disk_tangent_basis, wrap=True)``. Channels of colour images are taken
        for images of their own.
    sigma : float, default=None
        Kept for the contract; the projection does not depend on the noise level.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Attributes
    ----------
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``; nothing is learned from them.

    Examples
    --------
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.denoisers import TangentProjection
    >>> clean = make_disk_images(8, 24, random_state=0)
    >>> noisy = add_gaussian_noise(clean, 0.05, 0)
    >>> denoised = TangentProjection().fit(clean).transform(noisy, sigma=0.05, clean=clean)
    >>> bool(((denoised - clean) ** 2).sum((1, 2)).mean() < 12 * 0.05**2)
    True
    """

    _chunk_pixels = 2**18

    _parameter_constraints: dict = {
        **OracleDenoiser._parameter_constraints,
        "manifold": [StrOptions(set(MANIFOLDS)), callable],
    }

    def __init__(self, *, manifold="disk", sigma=None, image_shape=None):
        self.manifold = manifold
        self.sigma = sigma
        self.image_shape = image_shape

    def _basis(self, clean):
        """Orthonormal vectors ``(n, k, d)`` that span the tangent spaces; zeros fill up."""
        tangents = MANIFOLDS.get(self.manifold, self.manifold)(clean)
        shape = tangents.shape
        if tangents.ndim != 4 or (shape[0], *shape[2:]) != clean.shape:
            raise ValueError(
                f"manifold: expected a function that gives (n, k, H, W) vectors for {clean.shape} "
                f"images, got shape {shape}."
            )
        _, scales, vectors = np.linalg.svd(
            tangents.reshape(*shape[:2], -1).astype(np.float64), full_matrices=False
        )
        kept = scales > _RANK_TOLERANCE * scales[:, :1]
        return vectors * kept[:, :, None]

    def _denoise(self, noisy, sigma, clean=None):
        shape = (-1, *noisy.shape[2:])
        truth = clean.reshape(shape).astype(np.float64)
        away = (noisy.reshape(shape) - truth).reshape(len(truth), -1)
        basis = self._basis(truth)
        moved = np.einsum("nkd,nk->nd", basis, np.einsum("nkd,nd->nk", basis, away))
        return (truth + moved.reshape(truth.shape)).reshape(noisy.shape)

    def _jacobian(self, image, sigma, clean=None):
        return by_channels([factored_operator(vectors) for vectors in self._basis(clean)])
