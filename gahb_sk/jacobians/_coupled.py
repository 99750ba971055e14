r"""Shrinkage whose thresholds depend on the image: its Jacobian in the basis, band by band.

In a band with coefficients c, the rule :math:`\rho_T(c_i)` with a threshold T(c) has the Jacobian
:math:`D + a b^T`: the diagonal D of the rule's slopes, :math:`a = \partial \rho / \partial T` and
:math:`b = \nabla T`. Its symmetric part has no entries between two bands, so the eigenvectors of
the whole are those of each band.
"""

from dataclasses import dataclass

import numpy as np

from gahb_sk.jacobians._basis import on_vectors
from gahb_sk.jacobians._operator import JacobianOperator, Spectrum
from gahb_sk.transforms._base import Subband


@dataclass(frozen=True)
class Coupling:
    """How the threshold of a band moves; arrays of shape ``(C, h, w)``.

    ``pull`` is the derivative of the shrunk coefficients by the threshold, ``push`` that of the
    threshold by the coefficients.
    """

    band: Subband
    pull: np.ndarray
    push: np.ndarray


def coupled_operator(transform, shape, slopes, couplings):
    """Return the Jacobian of shrinkage, of diagonal ``slopes (C, h, w)`` and couplings."""

    def product(multiplication):
        def shrink(stack):
            coefficients = transform.forward(stack)
            return transform.inverse(multiplication(coefficients, slopes, couplings))

        return on_vectors(shrink, shape)

    return JacobianOperator(
        slopes.size,
        product(multiply),
        product(multiply_transposed),
        symmetric_part=product(multiply_symmetric),
        spectrum=lambda: coupled_spectrum(transform, slopes, couplings),
    )


def multiply(coefficients, slopes, couplings):
    """Return the Jacobian in the basis times coefficients ``(k, C, h, w)``."""
    out = slopes * coefficients
    for one in couplings:
        one.band.of(out)[...] += one.pull * _inner(one.push, one.band.of(coefficients))
    return out


def multiply_transposed(coefficients, slopes, couplings):
    """Return the transpose times coefficients."""
    turned = [Coupling(one.band, one.push, one.pull) for one in couplings]
    return multiply(coefficients, slopes, turned)


def multiply_symmetric(coefficients, slopes, couplings):
    """Return the symmetric part times coefficients."""
    products = (f(coefficients, slopes, couplings) for f in (multiply, multiply_transposed))
    return sum(products) / 2


def _inner(vectors, coefficients):
    return np.einsum("cij,kcij->kc", vectors, coefficients)[:, :, None, None]


def coupled_spectrum(transform, slopes, couplings):
    """Return the :class:`Spectrum` of the symmetric part, numbered as the coefficients."""
    shape, d = slopes.shape, slopes.size
    values = np.array(slopes, np.float64)
    place = np.arange(d).reshape(shape)
    block, row, blocks = np.full(d, -1), np.zeros(d, int), []
    for one in couplings:
        for channel, diagonal in enumerate(slopes):
            where = one.band.of(place)[channel].ravel()
            own, turn = band_eigenpairs(
                one.band.of(diagonal).ravel(), one.pull[channel].ravel(), one.push[channel].ravel()
            )
            values.ravel()[where] = own
            block[where], row[where] = len(blocks), np.arange(len(where))
            blocks.append((where, turn))
    inverse = on_vectors(transform.inverse, shape)

    def vectors(indices):
        out = np.zeros((len(indices), d))
        out[np.arange(len(indices)), indices] = block[indices] < 0
        for number in np.unique(block[indices][block[indices] >= 0]):
            inside = np.flatnonzero(block[indices] == number)
            where, turn = blocks[number]
            out[inside[:, None], where] = turn[:, row[indices[inside]]].T
        return inverse(out.T)

    return Spectrum(values.ravel(), vectors)


def band_eigenpairs(diagonal, a, b):
    r"""Eigenpairs of :math:`\mathrm{diag}(D) + (a b^T + b a^T) / 2`, vectors as columns.

    Where D takes one value on many coefficients, all vectors there that are orthogonal to a and b
    are eigenvectors. A small matrix is left, of two rows for each value: 4 for a soft threshold.
    """
    n = len(diagonal)
    levels, group = np.unique(diagonal, return_inverse=True)
    vectors, rest = np.zeros((n, n)), []
    for number in range(len(levels)):
        members = np.flatnonzero(group == number)
        pair = np.stack([a[members], b[members]], axis=1)
        vectors[np.ix_(members, members)] = np.linalg.qr(pair, mode="complete")[0]
        rest.append(members[:2])  # their columns span a and b there
    rest = np.concatenate(rest)
    lead = vectors[:, rest]
    half = np.outer(lead.T @ a, lead.T @ b) / 2
    small = lead.T @ (diagonal[:, None] * lead) + half + half.T
    values = np.array(diagonal, np.float64)
    values[rest], turn = np.linalg.eigh(small)
    vectors[:, rest] = lead @ turn
    return values, vectors
