r"""Whether vectors are harmonics of an image's geometry.

A harmonic of a domain is an eigenvector of its Laplacian, :math:`-\mathrm{div}(D \nabla)`, and is
regular where D is large. Here D is adapted to a clean image x: the identity where x is smooth, so
that regular means slow oscillation in every direction, and :math:`2\, t t^T` on contours, with t
their direction, so that regular means slow oscillation along the contour while any jump across it
is free. In between, with w the weight of contours,
:math:`D = (1 - w) I + 2 w\, t t^T`, whose trace is 2 everywhere.

The harmonicity of a unit vector e is

.. math::
    h(e) = 1 - \frac{\sum_p \nabla e^T D \nabla e}{\mathrm{E} \sum_p \nabla g^T D \nabla g} ,

g a random unit vector: 1 if e oscillates only across contours, 0 on average for random vectors,
negative for the highest frequencies. It is 1 minus the mean squared frequency of e in the geometry,
in units of white noise.

References
----------
J. Weickert, "Anisotropic Diffusion in Image Processing", 1998 (structure tensor, D).
arXiv 2310.02557, section 3 (geometry-adaptive harmonics, by eye).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, sobel

from gahb_sk._arrays import to_numpy

_SCALE = 1.0  # of the structure tensor, in pixels
_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Harmonicity:
    """Harmonicity of several vectors.

    Attributes
    ----------
    total : ndarray of shape (k,)
        1 for vectors that oscillate only across contours, 0 on average for random ones.
    smooth, contour : ndarray of shape (k,)
        The same where the image is smooth (all directions) and on contours (along them), each
        relative to the energy that the vector has there; 0 where it has none.
    isotropic : ndarray of shape (k,)
        The same with no regard to contours, D = I: what the geometry adds is ``total - isotropic``.
    contour_energy : ndarray of shape (k,)
        Share of the vector's energy on contours.
    """

    total: np.ndarray
    smooth: np.ndarray
    contour: np.ndarray
    isotropic: np.ndarray
    contour_energy: np.ndarray


def harmonicity(vectors: npt.ArrayLike, clean: npt.ArrayLike) -> Harmonicity:
    """Measure whether vectors are harmonics of the geometry of an image.

    Parameters
    ----------
    vectors : array-like of shape (k, H, W) or (k, C, H, W)
        For example ``EigenBasis.vectors``.
    clean : array-like of shape (H, W) or (C, H, W)
        The clean image. Contours are those of all channels together.

    Returns
    -------
    harmonicity : Harmonicity

    Raises
    ------
    ValueError
        If the vectors are not of the shape of the image, or it has fewer than 2 x 2 pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.analysis import harmonicity
    >>> step = np.repeat([[0.0], [1.0]], 8, axis=0) * np.ones(16)  # a contour along the rows
    >>> step = step - 0.5
    >>> found = harmonicity(step[None], step)
    >>> bool(found.total[0] > 0.95 > found.isotropic[0] > 0.9)
    True
    """
    clean, vectors = (to_numpy(array).astype(np.float64) for array in (clean, vectors))
    if clean.ndim not in (2, 3) or min(clean.shape[-2:]) < 2:
        raise ValueError(
            f"clean: expected one image of at least 2 x 2 pixels, got shape {clean.shape}."
        )
    if vectors.shape[1:] != clean.shape:
        raise ValueError(
            f"vectors: expected shape (k, {', '.join(map(str, clean.shape))}), that of clean, got "
            f"{vectors.shape}."
        )
    weight, along = contour_geometry(clean)
    stack = vectors.reshape(len(vectors), -1, *clean.shape[-2:])
    every, tangential = (x.sum(axis=1) for x in _gradient_energies(stack, along))
    energy = _on_cells(np.square(stack).sum(axis=1))
    smooth, contour = (1 - weight) * every, weight * 2 * tangential
    # Differences of white noise of variance 1 have E |grad|^2 = 4 per cell, 2 in any one direction.
    size = np.square(vectors).reshape(len(vectors), -1).sum(axis=1)
    white = 4 * size * weight.size / np.prod(clean.shape[-2:])
    white = np.where(white > 0, white, 1)
    return Harmonicity(
        total=1 - (smooth + contour).sum((1, 2)) / white,
        smooth=_relative(smooth, (1 - weight) * energy),
        contour=_relative(contour, weight * energy),
        isotropic=1 - every.sum((1, 2)) / white,
        contour_energy=(weight * energy).sum((1, 2)) / np.maximum(energy.sum((1, 2)), _TINY),
    )


def _relative(part, energy):
    """1 minus the energy of differences, relative to that of white noise of the same energy."""
    there = energy.sum((1, 2))
    return np.where(there > 1e-12, 1 - part.sum((1, 2)) / (4 * np.maximum(there, _TINY)), 0.0)


def contour_geometry(clean):
    r"""Weight ``(H - 1, W - 1)`` of contours on cells between pixels, and their directions.

    The weight is :math:`(\mu_1 - \mu_2) / (\mu_1 + \mu_2 + m)` with the eigenvalues of the
    structure tensor and m the mean of their sum over the image: near 1 on strong straight contours,
    0 where nothing happens. Directions ``(2, H - 1, W - 1)`` are unit vectors (rows, columns).
    """
    channels = clean.reshape(-1, *clean.shape[-2:])
    rows, columns = (np.stack([sobel(c, axis) / 8 for c in channels]) for axis in (0, 1))
    rr, rc, cc = (
        _on_cells(gaussian_filter((a * b).sum(axis=0), _SCALE))
        for a, b in ((rows, rows), (rows, columns), (columns, columns))
    )
    total, spread = rr + cc, np.hypot(rr - cc, 2 * rc)
    mean = total.mean()
    weight = spread / (total + mean) if mean > 0 else np.zeros_like(total)
    across = 0.5 * np.arctan2(2 * rc, rr - cc)  # angle from the row axis of the steepest direction
    return weight, np.stack([-np.sin(across), np.cos(across)])


def _gradient_energies(stack, along):
    """Squared gradient, and squared derivative along contours, on cells ``(..., H-1, W-1)``.

    Each is the mean over the four corners of a cell of one-sided differences, so that no
    oscillation is invisible, as the checkerboard is to central ones.
    """
    down, right = np.diff(stack, axis=-2), np.diff(stack, axis=-1)
    left_right = down[..., :-1], down[..., 1:]
    top_bottom = right[..., :-1, :], right[..., 1:, :]
    every = sum(np.square(x) for x in (*left_right, *top_bottom)) / 2
    tangential = sum(np.square(along[0] * r + along[1] * c) for r in left_right for c in top_bottom)
    return every, tangential / 4


def _on_cells(array):
    """Mean of the four pixels around each cell."""
    rows = (array[..., :-1, :] + array[..., 1:, :]) / 2
    return (rows[..., :-1] + rows[..., 1:]) / 2
