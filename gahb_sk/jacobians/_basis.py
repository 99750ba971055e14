"""Jacobians of shrinkage in a basis: a diagonal between a transform and its inverse."""

import numpy as np

from gahb_sk.jacobians._operator import JacobianOperator, Spectrum

# Pixels of a stack transformed at once: larger stacks leave the processor's cache, and their memory
# comes anew each time. Transforms of many small steps gain from larger ones and say so.
_PIXELS_AT_ONCE = 2**16


def diagonal_operator(transform, factors, shape):
    """Jacobian that multiplies the coefficients of a basis by factors, with its spectrum.

    The transform takes images of ``shape`` (C, H, W), or each of their channels.
    """
    factors = np.asarray(factors, np.float64)

    def shrink(stack):
        return transform.inverse(factors * transform.forward(stack))

    return JacobianOperator(
        factors.size,
        on_vectors(shrink, shape, _pixels(transform)),
        spectrum=Spectrum(factors.ravel(), basis_vectors(transform, shape)),
    )


def _pixels(transform):
    return getattr(transform, "pixels_at_once", _PIXELS_AT_ONCE)


def on_vectors(function, shape, pixels=_PIXELS_AT_ONCE):
    """Return a linear function of stacks ``(m, *shape)`` as one of vectors ``(d, k)``.

    About ``pixels`` of a stack are handed to the function at once.
    """
    d = int(np.prod(shape))
    length = max(1, pixels // d)

    def product(V):
        stack = np.asarray(V, np.float64).T
        out = np.empty(stack.shape)
        for start in range(0, len(stack), length):
            part = stack[start : start + length].reshape(-1, *shape)
            out[start : start + length] = function(part).reshape(len(part), d)
        return out.T

    return product


def basis_vectors(transform, shape):
    """Return the function from indices ``(k,)`` to vectors ``(d, k)`` of an orthonormal basis."""
    inverse = on_vectors(transform.inverse, shape, _pixels(transform))

    def vectors(indices):
        diracs = np.zeros((len(indices), int(np.prod(shape))))
        diracs[np.arange(len(indices)), indices] = 1
        return inverse(diracs.T)

    return vectors
