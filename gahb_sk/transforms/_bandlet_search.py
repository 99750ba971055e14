r"""The best bandlet basis of an image for an additive cost.

For a cost :math:`\phi` of a coefficient at the threshold s (noise threshold or threshold),

.. math::
    \sum_k \phi(c_k) + \gamma\, s^2\, \#\{\text{squares with a direction}\}

is minimised exactly over all bases of the dictionary: the best direction of each square first,
then the quadtree from the bottom up. The whole stack is searched at once.

Bases often cost the same, for example where a square is constant, or thresholded to a few vectors
that many bases share. The choice among them must not depend on rounding, or else it would jump
when the image is scaled or moved a little: the square without direction comes before the first of
the directions, a square before its four parts.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from gahb_sk._validation import (
    Real,
    at_least,
    broadcast,
    check_name,
    numbers,
    sides,
    validate_params,
)  # fmt: skip
from gahb_sk.transforms._bandlets import (
    ABSENT,
    ALONE,
    BandletGeometry,
    BandletTransform,
    PixelFloor,
    cosines,
    detail_bands,
)
from gahb_sk.transforms._quadtree import best_leaves, square_sides, tile
from gahb_sk.transforms._warped import warped_bases
from gahb_sk.transforms._wavelets import WaveletTransform

# Relative difference up to which two costs count as equal, by the bytes of a number.
_TIES = {4: 1e-5, 8: 1e-10}


def risk_cost(coefficients, sigma):
    """Error of the best shrinkage factor at noise ``sigma``: ``s^2 c^2 / (c^2 + s^2)``."""
    power = coefficients * coefficients
    variance = sigma * sigma + np.finfo(power.dtype).tiny
    power /= power + variance
    power *= variance
    return power


def threshold_cost(coefficients, threshold):
    """Penalised error of hard thresholding: ``min(c^2, T^2)``."""
    power = coefficients * coefficients
    return np.minimum(power, threshold * threshold, out=power)


_SQUARES = {
    "n_scales": [at_least(0), None],
    "order": [at_least(0)],
    "smallest": [at_least(1)],
    "largest": [at_least(1), None],
}
COSTS = {"risk": risk_cost, "threshold": threshold_cost}


@validate_params(
    {
        "images": [numbers()],
        "threshold": [numbers()],
        "geometry_cost": [Real],
        "shared": ["boolean"],
        "n_scales": [at_least(0), None],
        "order": [at_least(0)],
        "smallest": [at_least(1)],
        "largest": [at_least(1), None],
    }
)
def best_bandlets(
    images: npt.ArrayLike,
    threshold: npt.ArrayLike,
    *,
    cost: str | Callable = "risk",
    geometry_cost: float = 0.0,
    wavelet: str | None = "db4",
    n_scales: int | None = None,
    order: int = 1,
    smallest: int = 4,
    largest: int | None = None,
    shared: bool = False,
) -> BandletTransform:
    r"""Find the bandlet basis of least cost for each image.

    Parameters
    ----------
    images : ndarray of shape (..., height, width), float32 or float64
        Images.
    threshold : float or array-like that broadcasts to the shape of the stack
        The noise standard deviation or threshold ``s`` of the cost, in the units of the images.
    cost : {"risk", "threshold"} or callable, default="risk"
        Cost of a coefficient: "risk" is :math:`s^2 c^2 / (c^2 + s^2)`, the error of an oracle at
        noise s; "threshold" is :math:`\min(c^2, s^2)`. Or a function
        ``(coefficients, threshold) -> costs``, elementwise.
    geometry_cost : float, default=0.0
        Cost of a square with a direction, in units of ``threshold**2``.
    wavelet : str or None, default="db4"
        As for :class:`WaveletTransform`. None: the squares lie on the image itself, and a square
        without direction holds its cosine basis.
    n_scales : int or None, default=None
        See :class:`WaveletTransform`.
    order : int, default=1
        Vanishing moments of the warped bases: 1 is Haar, more are Alpert multiwavelets.
    smallest : int, default=4
        Side of the smallest squares, a power of two.
    largest : int or None, default=None
        Upper bound of the squares' sides; None for the size of each band.
    shared : bool, default=False
        One quadtree for the bands of a scale; each keeps its own directions.

    Returns
    -------
    transform : BandletTransform
        With ``transform.geometry.lead == images.shape[:-2]``.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.transforms import best_bandlets
    >>> image = np.tril(np.ones((32, 32)))
    >>> transform = best_bandlets(image, 0.1)
    >>> coefficients = transform.forward(image)
    >>> bool(np.allclose(transform.inverse(coefficients), image))
    True
    """
    images = np.asarray(images)
    if images.ndim < 2:
        raise ValueError(f"images: expected (..., height, width), got shape {images.shape}.")
    _check_options(order, smallest, largest, geometry_cost)
    floor = _floor(images.shape[-2:], wavelet, n_scales)
    function = cost if callable(cost) else COSTS[check_name(cost, COSTS, "cost")]
    plain = cosines if wavelet is None else lambda squares, n: squares

    def least(squares, n, threshold):
        return _best_angles(squares, n, threshold, function, geometry_cost, order, plain)

    lead, coefficients = images.shape[:-2], floor.forward(images)
    stack = coefficients.reshape(-1, *floor.shape)
    threshold = broadcast(threshold, lead, "threshold").astype(stack.dtype).reshape(-1)
    sides, choices = _search(floor, stack, threshold, (smallest, largest), shared, least)
    choices = tuple(tuple(c.reshape(*lead, *c.shape[1:]) for c in band) for band in choices)
    return BandletTransform(floor, BandletGeometry(lead, sides, choices), order)


@validate_params(
    {
        "shape": [sides(2)],
        "n_scales": [at_least(0), None],
        "order": [at_least(0)],
        "smallest": [at_least(1)],
        "largest": [at_least(1), None],
    }
)
def dictionary_size(
    shape: tuple[int, int],
    *,
    wavelet: str | None = "db4",
    n_scales: int | None = None,
    order: int = 1,
    smallest: int = 4,
    largest: int | None = None,
) -> int:
    """Return the number K of vectors in all bandlet bases of the images of a shape.

    Parameters
    ----------
    shape : tuple of int
        ``(height, width)``.
    wavelet, n_scales, order, smallest, largest
        See :func:`best_bandlets`.

    Returns
    -------
    size : int
        Vectors of two angles in one square count as two, also where they are the same.
    """
    _check_options(order, smallest, largest, 0)
    floor = _floor(shape, wavelet, n_scales)
    size = floor.size
    for band in detail_bands(floor):
        h, w = (s.stop - s.start for s in band.index)
        for n in square_sides((h, w), smallest, largest):
            bases = len(warped_bases(n, order)) + (wavelet is None)
            size += bases * (h // n) * (w // n) * n * n
    return size


def _check_options(order, smallest, largest, geometry_cost):
    if smallest < 2 or smallest & (smallest - 1):
        raise ValueError(f"smallest must be a power of two, at least 2, got {smallest!r}.")
    if largest is not None and largest < smallest:
        raise ValueError(f"largest must be None or at least smallest, {smallest}, got {largest}.")
    if not 1 <= order <= smallest:
        raise ValueError(f"order must be between 1 and smallest, {smallest}, got {order!r}.")
    if not geometry_cost >= 0:
        raise ValueError(f"geometry_cost must be at least 0, got {geometry_cost!r}.")


def _floor(shape, wavelet, n_scales):
    return PixelFloor(shape) if wavelet is None else WaveletTransform(shape, wavelet, n_scales)


def _search(floor, stack, threshold, bounds, shared, least):
    """Sides and choices of every band, for a stack ``(N, h, w)`` of floor coefficients."""
    bands = detail_bands(floor)
    keys = [band.scale if shared else i for i, band in enumerate(bands)]
    sides, choices = [()] * len(bands), [()] * len(bands)
    for key in dict.fromkeys(keys):
        group = [i for i, other in enumerate(keys) if other == key]
        views = [bands[i].of(stack) for i in group]
        h, w = np.min([view.shape[1:] for view in views], axis=0)
        own = tuple(square_sides((h, w), *bounds))
        if own:
            found = _search_group([view[:, :h, :w] for view in views], own, threshold, least)
            for i, choice in zip(group, found, strict=True):
                sides[i], choices[i] = own, choice
    return tuple(sides), tuple(choices)


def _search_group(views, sides, threshold, least):
    """Choices a side for each of the bands ``(N, h, w)``, which share one quadtree."""
    found = []
    for n in sides:
        shape = (-1, views[0].shape[1] // n, views[0].shape[2] // n)
        pairs = [least(tile(view, n), n, threshold) for view in views]
        found.append([[array.reshape(shape) for array in pair] for pair in pairs])
    costs = [sum(cost for cost, _ in pairs) for pairs in found]
    leaves = best_leaves(costs, _TIES[costs[0].itemsize])
    return [
        [np.where(leaf, pairs[i][1], ABSENT) for leaf, pairs in zip(leaves, found, strict=True)]
        for i in range(len(views))
    ]


def _best_angles(squares, n, threshold, cost, geometry_cost, order, plain):
    """Least cost of each square ``(n * n, m)``, and the number of the angle that gives it."""
    threshold = np.repeat(threshold, squares.shape[1] // len(threshold))
    alone = cost(plain(squares, n), threshold).sum(axis=0)
    turned = warped_bases(n, order).costs(squares, cost, threshold)
    tie = _TIES[turned.itemsize]
    best = (turned <= (1 + tie) * turned.min(axis=0)).argmax(axis=0)  # the first of the equals
    least = np.take_along_axis(turned, best[None], axis=0)[0] + geometry_cost * threshold**2
    wins = least < (1 - tie) * alone
    return np.where(wins, least, alone), np.where(wins, best, ALONE).astype(np.int16)
