r"""Orthonormal bases of a small square that follow one direction.

The points (X, Y) of an n x n grid, X the column and Y the row, are put in the order of their
projection on the normal of a direction of angle :math:`\theta`,

.. math::
    t = -\sin(\theta) X + \cos(\theta) Y ,

(ties by the position along the direction), and the full orthonormal Haar transform of the
:math:`n^2` values in that order, or a multiwavelet one (:mod:`._alpert`), makes a basis of the
square. What is constant along the direction is then a long regular 1-D signal, with few large
coefficients. Of 4n angles, those that give the same Haar basis are taken once.

Values of a square stand on the FIRST axis here, squares on the last: reordering then copies whole
rows, and a Haar step adds whole rows.

References
----------
E. Le Pennec, S. Mallat, "Bandelet image approximation and compression", SIAM Multiscale Modeling
and Simulation 4, 2005. DOI 10.1137/040619454.
G. Peyre, S. Mallat, "Orthogonal bandelet bases for geometric images approximation",
Communications on Pure and Applied Mathematics 61, 2008. DOI 10.1002/cpa.20242.
"""

from functools import lru_cache

import numpy as np

from gahb_sk.transforms._alpert import alpert_blocks, alpert_forward, alpert_inverse

_HALF = np.sqrt(0.5)
_CACHED = 2**15  # values handled at once, so that they stay in the processor's cache


@lru_cache(maxsize=32)
def warped_bases(n, order=1):
    """Return the :class:`WarpedBases` of n x n squares; made once."""
    return WarpedBases(n, order)


class WarpedBases:
    """The bases of n x n squares along all directions.

    ``angles`` are in [0, pi): 0 runs along rows, pi / 2 along columns. Row k of ``orders`` holds
    the flat indices of the grid in the order of angle k.
    """

    def __init__(self, n, order=1):
        self.n, self.order = n, order
        angles = np.arange(4 * n) * np.pi / (4 * n)
        points = [projected_points(n, angle) for angle in angles]
        orders = np.array([np.lexsort((s, t)) for t, s in points])
        keep = np.arange(4 * n)
        if order == 1:
            same = [_haar_normal_form(row) for row in orders]
            keep = np.sort(np.unique(same, axis=0, return_index=True)[1])
        self.angles, self.orders = angles[keep], orders[keep]
        if order > 1:
            self._blocks = alpert_blocks(
                np.array([[x[row] for x in points[k]] for k, row in enumerate(orders)]), order
            )

    def __len__(self):
        return len(self.angles)

    def forward(self, values, choice):
        """Transform squares ``(n * n, m)``, each along the angle of number ``choice (m,)``."""
        out = np.empty_like(values)
        for some in self._pieces(len(choice)):
            ordered = np.take_along_axis(values[:, some], self.orders[choice[some]].T, axis=0)
            out[:, some] = self._analyse(ordered[..., None], choice[some])[..., 0]
        return out

    def inverse(self, coefficients, choice):
        """Return the squares that have these coefficients; the inverse of :meth:`forward`."""
        out = np.empty_like(coefficients)
        for some in self._pieces(len(choice)):
            ordered = self._synthesise(coefficients[:, some, None], choice[some])[..., 0]
            place = self.orders[choice[some]].T
            np.put_along_axis(out[:, some], place, ordered, axis=0)
        return out

    def costs(self, values, cost, threshold):
        """Return the cost ``(n_angles, m)`` of each square ``(n * n, m)`` along each angle."""
        total = np.empty((len(self), values.shape[1]), values.dtype)
        columns = max(1, min(values.shape[1], _CACHED // len(values)))
        rows = max(1, _CACHED // (columns * len(values)))
        for start in range(0, values.shape[1], columns):
            some = slice(start, start + columns)
            block = np.ascontiguousarray(values[:, some])
            for first in range(0, len(self), rows):
                which = slice(first, first + rows)
                coefficients = self._analyse(block[self.orders[which].T], which)
                total[which, some] = cost(coefficients, threshold[some]).sum(axis=0)
        return total

    def _analyse(self, ordered, which):
        """Coefficients of values ``(n * n, a, m)`` already in the order of the a angles."""
        if self.order == 1:
            return haar_forward(ordered)
        return alpert_forward(ordered, self._blocks_of(which, ordered.dtype))

    def _synthesise(self, coefficients, which):
        if self.order == 1:
            return haar_inverse(coefficients)
        return alpert_inverse(coefficients, self._blocks_of(which, coefficients.dtype))

    def _blocks_of(self, which, dtype):
        return [blocks[which].astype(dtype, copy=False) for blocks in self._blocks]

    def _pieces(self, m):
        """Cut m squares so that the work on a piece stays in cache."""
        step = max(1, _CACHED // self.n**2)
        return [slice(start, start + step) for start in range(0, m, step)]


def projected_points(n, angle):
    """Return the projections t on the normal and s on the direction, each ``(n * n,)``."""
    Y, X = np.divmod(np.arange(n * n), n)
    t = -np.sin(angle) * X + np.cos(angle) * Y
    s = np.cos(angle) * X + np.sin(angle) * Y
    return np.round(t, 12), np.round(s, 12)  # so that ties are ties


def haar_forward(values):
    """Full orthonormal Haar transform along the first axis, of a power of two in length."""
    out = np.empty_like(values)
    low = values
    while len(low) > 1:
        half = len(low) // 2
        np.subtract(low[0::2], low[1::2], out=out[half : 2 * half])
        low = low[0::2] + low[1::2]
    out[0] = low[0]
    # One pass for the norms of all vectors: a scaling at each level takes two.
    out *= _haar_norms(len(values)).astype(out.dtype).reshape(-1, *[1] * (out.ndim - 1))
    return out


@lru_cache(maxsize=32)
def _haar_norms(length):
    """Return what makes sums and differences of pairs, in the order of the output, unit vectors."""
    level = np.log2(length) - np.floor(np.log2(np.maximum(np.arange(length), 1)))
    return _HALF**level


def haar_inverse(coefficients):
    """Inverse of :func:`haar_forward`."""
    scale = coefficients.dtype.type(_HALF)
    low = coefficients[:1]
    while len(low) < len(coefficients):
        half = len(low)
        high = coefficients[half : 2 * half]
        values = np.empty((2 * half, *low.shape[1:]), low.dtype)
        np.add(low, high, out=values[0::2])
        np.subtract(low, high, out=values[1::2])
        values *= scale
        low = values
    return low


def _haar_normal_form(order):
    """Two orders give the same Haar basis, up to signs and numbering, when this is the same."""
    tree = order[:, None]
    while len(tree) > 1:
        left, right = tree[0::2], tree[1::2]
        swap = left[:, :1] > right[:, :1]
        tree = np.where(swap, np.hstack([right, left]), np.hstack([left, right]))
    return tree[0]
