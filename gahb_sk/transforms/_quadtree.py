"""Dyadic squares of a band, and the quadtree of them that costs least.

The squares of side n of a band start at multiples of n, as many as fit; what no square of the
smallest side covers belongs to none. A square has its four halves as children if it fits, so every
band, of any size, is covered by a few trees.
"""

import numpy as np


def square_sides(shape, smallest, largest=None):
    """Return the sides, ``smallest`` times powers of two, of the squares that fit in a band."""
    limit = min(shape) if largest is None else min(*shape, largest)
    sides = []
    while smallest <= limit:
        sides.append(smallest)
        smallest *= 2
    return sides


def tile(bands, n):
    """Return the squares of side n of bands ``(N, h, w)``, as ``(n * n, N * rows * columns)``."""
    rows, columns = bands.shape[1] // n, bands.shape[2] // n
    squares = bands[:, : rows * n, : columns * n].reshape(-1, rows, n, columns, n)
    return squares.transpose(2, 4, 0, 1, 3).reshape(n * n, -1)


def untile(squares, bands, n):
    """Write squares made by :func:`tile` back into ``bands``, in place."""
    rows, columns = bands.shape[1] // n, bands.shape[2] // n
    squares = squares.reshape(n, n, -1, rows, columns).transpose(2, 3, 0, 4, 1)
    bands[:, : rows * n, : columns * n] = squares.reshape(-1, rows * n, columns * n)


def sum_children(values):
    """Sum over the four children of each square of twice the side; what is left over is cut."""
    rows, columns = values.shape[1] // 2, values.shape[2] // 2
    quads = values[:, : 2 * rows, : 2 * columns].reshape(-1, rows, 2, columns, 2)
    return quads.sum(axis=(2, 4))


def best_leaves(costs, tie=0.0):
    """Return the leaves of the cheapest quadtrees, the exact minimum, as masks for each side.

    ``costs`` holds the cost ``(N, rows_j, columns_j)`` of each square as a leaf, smallest squares
    first. A square that costs as much as its four children, up to the relative difference ``tie``,
    is preferred to them.
    """
    best, wins = costs[0], [np.ones(costs[0].shape, dtype=bool)]
    for cost in costs[1:]:
        children = sum_children(best)
        wins.append(cost <= children * (1 + tie))
        best = np.where(wins[-1], cost, children)
    leaves, inside = [], np.zeros(best.shape, dtype=bool)
    for won in reversed(wins):
        inside = _grown(inside, won.shape)
        leaves.append(won & ~inside)
        inside = inside | won
    return leaves[::-1]


def _grown(inside, shape):
    """Hand a mark on from squares to their children, in a grid of the given shape."""
    if inside.shape == shape:
        return inside
    grown = np.zeros(shape, dtype=bool)
    twice = inside.repeat(2, axis=1).repeat(2, axis=2)
    grown[:, : twice.shape[1], : twice.shape[2]] = twice
    return grown
