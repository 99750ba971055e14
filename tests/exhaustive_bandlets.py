"""The cheapest bandlet basis of a tiny image, by trying all; and bases drawn at random."""

import numpy as np

from gahb_sk.transforms import BandletGeometry, BandletTransform, best_bandlets, dictionary_size

ABSENT, ALONE = -2, -1  # instead of the number of an angle; see BandletGeometry

COSTS = {
    "risk": lambda c, s: c**2 * s**2 / (c**2 + s**2),
    "threshold": lambda c, s: np.minimum(c**2, s**2),
}


def n_angles(side, order=1):
    """Number of directions of a square, beside which it may hold pixels or cosines."""
    size = dictionary_size((side, side), wavelet=None, order=order, smallest=side, largest=side)
    return size // side**2 - 2


def total_cost(transform, image, level, cost, geometry_cost=0.0):
    """Cost of one image in a basis of its own."""
    directed = sum(square.angle is not None for square in transform.squares())
    costs = COSTS[cost](transform.forward(image), np.float64(level))
    return costs.sum() + directed * geometry_cost * level**2


def exhaustive_minimum(image, level, cost, geometry_cost=0.0):
    """Least cost of all bases of an 8 x 8 image with squares of 4 and 8 on its pixels."""
    floor = best_bandlets(image, level, wavelet=None).floor

    def costs_of(side, place):
        """Cost of the coefficients of one square, for each of its choices."""
        top, left = side * np.array(place)
        found = []
        for k in (ALONE, *range(n_angles(side))):
            quarters, whole = np.full((2, 2), ABSENT), np.full((1, 1), ABSENT)
            chosen = {4: quarters, 8: whole}[side]
            chosen[...] = ALONE
            chosen[place] = k
            basis = BandletTransform(floor, BandletGeometry((), ((4, 8),), ((quarters, whole),)))
            part = basis.forward(image)[top : top + side, left : left + side]
            extra = geometry_cost * level**2 if k != ALONE else 0.0
            found.append(COSTS[cost](part, np.float64(level)).sum() + extra)
        return np.array(found)

    quarters = [costs_of(4, (i, j)) for i in (0, 1) for j in (0, 1)]
    every = quarters[0]
    for other in quarters[1:]:
        every = np.add.outer(every, other)
    return min(every.min(), costs_of(8, (0, 0)).min())


def random_bandlets(transform, rng):
    """Return a basis of the same dictionary as a given one's, with random trees and directions."""
    geometry = transform.geometry
    choices = []
    for sides, band in zip(geometry.sides, geometry.choices, strict=True):
        inside, drawn = None, []
        for n, old in sorted(zip(sides, band, strict=True), key=lambda pair: -pair[0]):
            choice = np.full(old.shape, ABSENT)
            free = np.ones(old.shape, bool)
            if inside is not None:
                grown = inside.repeat(2, axis=0).repeat(2, axis=1)
                free[: len(grown), : grown.shape[1]] = ~grown
            leaf = free & ((rng.rand(*old.shape) < 0.5) | (n == min(sides)))
            choice[leaf] = rng.randint(ALONE, n_angles(n, transform.order), leaf.sum())
            drawn.append(choice)
            inside = leaf | ~free
        choices.append(tuple(reversed(drawn)))
    geometry = BandletGeometry((), geometry.sides, tuple(choices))
    return BandletTransform(transform.floor, geometry, transform.order)
