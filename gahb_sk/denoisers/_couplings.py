r"""Shrinkage whose thresholds depend on the image: its Jacobian in the basis, band by band.

In a band with coefficients c, the rule :math:`\rho_T(c_i)` with a threshold T(c) has the Jacobian
:math:`D + a b^T`: the diagonal D of the rule's slopes, :math:`a = \partial \rho / \partial T` and
:math:`b = \nabla T`. Its symmetric part has no entries between two bands, so the eigenvectors of
the whole are those of each band.
"""

from typing import NamedTuple

import numpy as np

from gahb_sk.denoisers._linear import Spectrum
from gahb_sk.transforms._base import Subband


class Coupling(NamedTuple):
    """How the threshold of a band moves, for each channel.

    Attributes
    ----------
    band : Subband
    pull : ndarray of shape (C, h, w)
        Derivative of the shrunk coefficients by the threshold.
    push : ndarray of shape (C, h, w)
        Derivative of the threshold by the coefficients.
    """

    band: Subband
    pull: np.ndarray
    push: np.ndarray


def multiply(coefficients, slopes, couplings, transposed=False):
    """Return the Jacobian in the basis, or its transpose, times coefficients ``(k, C, h, w)``."""
    out = slopes * coefficients
    for band, pull, push in couplings:
        first, last = (pull, push) if transposed else (push, pull)
        moved = (first * band.of(coefficients)).sum(axis=(-2, -1), keepdims=True)
        band.of(out)[...] += last * moved
    return out


def coupled_spectrum(transform, slopes, couplings):
    """Eigenvalues and eigenvectors of the symmetric part.

    Parameters
    ----------
    transform : Transform
        The orthonormal basis.
    slopes : ndarray of shape (C, h, w)
        The diagonal.
    couplings : list of Coupling

    Returns
    -------
    spectrum : Spectrum
        Numbered as the coefficients: the eigenvalues of a band stand in its place.
    """
    values = np.array(slopes, np.float64)
    place = np.arange(values.size).reshape(values.shape)
    blocks = []
    for band, pull, push in couplings:
        for channel in range(len(slopes)):
            a, b = pull[channel].ravel(), push[channel].ravel()
            half = np.outer(a, b) / 2
            matrix = half + half.T
            matrix[np.diag_indices(len(a))] += band.of(slopes)[channel].ravel()
            own, turn = np.linalg.eigh(matrix)
            band.of(values)[channel] = own.reshape(pull.shape[1:])
            blocks.append((band.of(place)[channel].ravel(), turn))

    def vectors(indices):
        out = np.zeros((len(indices), values.size))
        out[np.arange(len(indices)), indices] = 1
        for where, turn in blocks:
            order = np.argsort(where)
            found = np.minimum(np.searchsorted(where[order], indices), len(where) - 1)
            local = order[found]
            inside = np.flatnonzero(where[local] == indices)
            out[inside[:, None], where] = turn[:, local[inside]].T
        images = transform.inverse(out.reshape(-1, *values.shape))
        return images.reshape(len(indices), -1).T

    return Spectrum(values.ravel(), vectors)
