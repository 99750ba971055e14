r"""Jacobians by central differences, at several images together.

Along v, :math:`J v \approx (f(y + t v) - f(y - t v)) / 2t` with t so small that the largest entry
of :math:`t v` is the step. The error is of the order of the squared step.
"""

import numpy as np

from gahb_sk.jacobians._operator import JacobianOperator, dense

# Step in units of the noise level: large enough for functions that compute in single precision,
# small enough for smooth ones.
RELATIVE_STEP = 1e-3
_AT_ONCE = 256  # displaced images per call


def step_size(scale):
    """Return the step for noise levels, or other scales, 0 counting as 1."""
    scale = np.asarray(scale, np.float64)
    return RELATIVE_STEP * np.where(scale > 0, scale, 1.0)


def difference_products(function, images, step):
    """Return products of ``V (n, d, k)`` with the Jacobians of a function at n images.

    ``function(stack, which)`` gets displaced images and the number ``(m,)`` of the image that each
    is a displacement of, by entries up to ``step (n,)``. It is called twice for ``256 / n``
    vectors.
    """
    n, block = len(images), max(1, _AT_ONCE // len(images))

    def differences(V):
        """The vectors (n, b, d)."""
        b = V.shape[1]
        which = np.repeat(np.arange(n), b)
        scale = step[:, None] / np.maximum(np.abs(V).max(axis=2), np.finfo(np.float64).tiny)
        moves = (V * scale[:, :, None]).reshape(n * b, *images.shape[1:])
        high, low = (function(images[which] + sign * moves, which) for sign in (1, -1))
        return (high - low).reshape(V.shape) / (2 * scale[:, :, None])

    def matmat(V):
        rows = np.asarray(V, np.float64).transpose(0, 2, 1)
        out = np.empty(rows.shape)
        for start in range(0, rows.shape[1], block):
            out[:, start : start + block] = differences(rows[:, start : start + block])
        return out.transpose(0, 2, 1)

    return matmat


def difference_operator(function, image, step):
    """Jacobian at one image; products with the transpose need the matrix, which is then kept."""
    forward = difference_products(function, image[None], np.array([step]))
    kept = []

    def rmatmat(V):
        if not kept:
            kept.append(dense(operator))
        return kept[0].T @ V

    operator = JacobianOperator(image.size, lambda V: forward(V[None])[0], rmatmat, step=step)
    return operator
