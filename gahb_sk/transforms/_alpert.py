r"""Alpert multiwavelets on points of the line.

On N points (N a power of two) with abscissae :math:`t_1 \le t_2 \le \ldots`, level by level and as
for Haar, neighbouring groups are merged in pairs; but a group keeps the ``q`` coefficients of its
polynomials of degree below ``q`` in t, not the mean alone, and their complement in a merged group
makes its wavelets, which are orthogonal to those polynomials: ``q`` vanishing moments. ``q = 1``
is Haar.

In a group where t takes fewer than q values (points along an axis of the grid), powers of the
position s along the direction stand in for the missing powers of t.

References
----------
B. Alpert, "A class of bases in L2 for the sparse representation of integral operators", SIAM
Journal on Mathematical Analysis 24, 1993. DOI 10.1137/0524016.
"""

import numpy as np

_TOLERANCE = 1e-9  # below this share of the largest, a function depends on those before it


def alpert_blocks(points, order):
    """Return orthonormal matrices ``(a, n_groups, g, g)`` of all levels, finest first.

    Points ``(a, 2, n_points)`` are the coordinates t and s of each of a transforms, in their order.
    The first ``min(order, g)`` rows of a block give what the next level goes on with, the others
    are wavelets.
    """
    a, _, n_points = points.shape
    group = min(2 ** max(1, (order - 1).bit_length()), n_points)
    t, s = (points / max(np.abs(points).max(), 1)).transpose(1, 0, 2)
    powers = [t**i for i in range(order)] + [s**i for i in range(1, order)]
    functions = np.stack(powers, axis=-1).reshape(a, -1, group, len(powers))
    blocks = []
    while True:
        chosen = _independent(functions, min(order, functions.shape[2]))
        # Columns of Q beyond the chosen ones complete them to an orthonormal basis.
        blocks.append(np.linalg.qr(chosen, mode="complete")[0].swapaxes(-1, -2))
        kept = (blocks[-1] @ functions)[:, :, :order]
        if kept.shape[1] == 1:
            return blocks
        functions = kept.reshape(a, kept.shape[1] // 2, -1, len(powers))


def _independent(functions, count):
    """Orthonormal columns: Gram-Schmidt on the first ``count`` independent functions."""
    rest = functions.copy()
    tiny = _TOLERANCE * np.linalg.norm(functions, axis=2).max(axis=2, keepdims=True)
    columns = []
    for _ in range(count):
        norms = np.linalg.norm(rest, axis=2)
        first = np.argmax(norms > tiny, axis=2)[..., None, None]
        column = np.take_along_axis(rest, first, axis=3)
        length = np.linalg.norm(column, axis=2, keepdims=True)
        column = np.where(length > tiny[..., None], column / np.maximum(length, 1e-300), 0)
        rest -= column * (column.swapaxes(-1, -2) @ rest)
        columns.append(column)
    return np.concatenate(columns, axis=3)


def alpert_forward(values, blocks):
    """Transform ``(n_points, a, m)`` along its first axis, to coefficients from coarse to fine."""
    out = np.empty_like(values)
    low, stop, m = values.transpose(1, 0, 2), len(values), values.shape[2]
    for level, block in enumerate(blocks):
        a, groups, g, _ = block.shape
        product = block @ low.reshape(a, groups, g, m)
        keep = _kept(blocks, level)
        high = product[:, :, keep:].reshape(a, groups * (g - keep), m)
        out[stop - high.shape[1] : stop] = high.transpose(1, 0, 2)
        stop -= high.shape[1]
        low = product[:, :, :keep].reshape(a, groups * keep, m)
    out[:stop] = low.transpose(1, 0, 2)
    return out


def alpert_inverse(coefficients, blocks):
    """Inverse of :func:`alpert_forward`."""
    coefficients = coefficients.transpose(1, 0, 2)
    start, m = _kept(blocks, len(blocks) - 1), coefficients.shape[2]
    low = coefficients[:, :start]
    for level in reversed(range(len(blocks))):
        block = blocks[level]
        a, groups, g, _ = block.shape
        keep = _kept(blocks, level)
        stop = start + groups * (g - keep)
        product = np.concatenate(
            [
                low.reshape(a, groups, keep, m),
                coefficients[:, start:stop].reshape(a, groups, g - keep, m),
            ],
            axis=2,
        )
        low, start = (block.swapaxes(-1, -2) @ product).reshape(a, groups * g, m), stop
    return low.transpose(1, 0, 2)


def _kept(blocks, level):
    """How many coefficients a group hands on: what the next level's groups are made of."""
    last = level + 1 == len(blocks)
    return blocks[level if last else level + 1].shape[2] // 2
