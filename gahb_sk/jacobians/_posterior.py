r"""Jacobians of posterior means: the posterior covariance over the noise's variance.

:math:`J(y) = \mathrm{Cov}[x | y] / \sigma^2` is symmetric and positive. A covariance comes as a
factor, as a few directions, or channel by channel.
"""

import numpy as np

from gahb_sk.jacobians._operator import JacobianOperator, Spectrum, conjugated


def posterior_jacobian(covariance, variance):
    """Return ``covariance / variance`` as an operator, with the tags of the covariance."""
    return JacobianOperator(
        covariance.shape[0],
        lambda V: covariance.matmat(V) / variance,
        positive=True,
        spectrum=lambda: covariance.spectrum and covariance.spectrum.mapped(lambda v: v / variance),
        block=covariance.block,
    )


def factored_operator(factor):
    """Return ``A^T A`` of a factor ``A (m, d)``, with its spectrum if m < d."""
    m, d = factor.shape

    def spectrum():
        _, scales, rows = np.linalg.svd(factor, full_matrices=False)
        return Spectrum(scales**2, lambda k: rows[k].T)

    return JacobianOperator(
        d,
        lambda V: factor.T @ (factor @ V),
        positive=True,
        spectrum=spectrum if m < d else None,
    )


def low_rank_operator(basis, small):
    """Return ``basis small basis^T`` of a basis ``(d, k)``, with its spectrum."""

    def spectrum():
        orthonormal, triangle = np.linalg.qr(basis)
        values, turned = np.linalg.eigh(triangle @ small @ triangle.T)
        vectors = orthonormal @ turned
        return Spectrum(np.maximum(values, 0), lambda k: vectors[:, k])

    return JacobianOperator(
        len(basis), lambda V: basis @ (small @ (basis.T @ V)), positive=True, spectrum=spectrum
    )


def by_channels(operators):
    """Return the block-diagonal operator of positive ones, one per channel."""
    if len(operators) == 1:
        return operators[0]

    def matmat(V):
        blocks = np.split(V, len(operators))
        return np.concatenate([A.matmat(v) for A, v in zip(operators, blocks, strict=True)])

    return JacobianOperator(sum(A.shape[0] for A in operators), matmat, positive=True)


def permuted(operator, order):
    """Return an operator on vectors whose value p was value ``order[p]`` before."""
    back = np.argsort(order)
    return conjugated(operator, lambda V: V[back], lambda V: V[order])
