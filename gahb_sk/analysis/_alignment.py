r"""How close two subspaces are: principal angles, and what chance would give.

For orthonormal columns A and B of k vectors each, the cosines of the principal angles are the
singular values of :math:`A^T B`. Their mean square, the overlap
:math:`\|A^T B\|_F^2 / k`, is 1 for equal subspaces, 0 for orthogonal ones, and k / d on average
for random subspaces of d dimensions.

References
----------
A. Bjorck, G. H. Golub, "Numerical methods for computing angles between linear subspaces",
Mathematics of Computation 27, 1973. DOI 10.1090/S0025-5718-1973-0348991-3.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gahb_sk._arrays import to_numpy
from gahb_sk._random import Seed, image_generator, seed_sequence
from gahb_sk._validation import Integral

_ORTHONORMAL = 1e-6


@dataclass(frozen=True)
class Alignment:
    """Principal angles between two subspaces.

    Attributes
    ----------
    overlap : float
        Mean squared cosine, between 0 and 1.
    angles : ndarray of shape (k,)
        Principal angles in radians, ascending, between 0 and pi / 2.
    chance : float
        Overlap that random subspaces of these dimensions have on average.
    """

    overlap: float
    angles: np.ndarray
    chance: float


def subspace_alignment(A: npt.ArrayLike, B: npt.ArrayLike, k: int | None = None) -> Alignment:
    """Compare the spans of the first k vectors of two bases.

    Parameters
    ----------
    A, B : ndarray of shape (n_a, ...) and (n_b, ...)
        Orthonormal vectors, one per row or one per image, as ``EigenBasis.vectors``.
    k : int, default=None
        How many of each. None: all, and the smaller number divides the overlap.

    Returns
    -------
    alignment : Alignment

    Raises
    ------
    ValueError
        If the vectors differ in size or are not orthonormal, or k is more than there are.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.analysis import subspace_alignment
    >>> unit = np.eye(8)
    >>> found = subspace_alignment(unit[:4], unit[2:6])
    >>> print(found.overlap, np.degrees(found.angles).round(), found.chance)
    0.5 [ 0.  0. 90. 90.] 0.5
    """
    A, B = _rows(A, "A"), _rows(B, "B")
    if A.shape[1] != B.shape[1]:
        raise ValueError(
            f"A, B: expected vectors of one size, got {A.shape[1]} and {B.shape[1]} values."
        )
    if k is not None:
        if not isinstance(k, Integral) or not 1 <= k <= min(len(A), len(B)):
            raise ValueError(
                f"k: expected an int between 1 and {min(len(A), len(B))}, the number of vectors "
                f"that both have, got {k!r}."
            )
        A, B = A[:k], B[:k]
    least, most = sorted((len(A), len(B)))
    inner = A @ B.T
    cosines = np.clip(np.linalg.svd(inner, compute_uv=False), 0, 1)
    # Of small angles the cosine loses half of the digits; the sine is that of the part of the
    # smaller basis outside of the span of the larger one.
    lacking = A - inner @ B if len(A) <= len(B) else B - inner.T @ A
    sines = np.linalg.svd(lacking, compute_uv=False)[::-1][:least]
    angles = np.where(cosines > np.sqrt(0.5), np.arcsin(np.clip(sines, 0, 1)), np.arccos(cosines))
    overlap = float(np.square(inner).sum() / least)
    return Alignment(overlap, np.sort(angles), most / A.shape[1])


@dataclass(frozen=True)
class ChanceOverlap:
    """Overlap of random subspaces.

    Attributes
    ----------
    mean : float
    standard_deviation : float
    percentile_95 : float
    """

    mean: float
    standard_deviation: float
    percentile_95: float


def random_alignment(
    d: int, k: int, *, k_other: int | None = None, n_draws: int = 100, random_state: Seed = 0
) -> ChanceOverlap:
    """Overlap of random subspaces, which an alignment must exceed to mean anything.

    Parameters
    ----------
    d : int
        Dimension of the space.
    k, k_other : int
        Dimensions of the two subspaces; None takes k for both.
    n_draws : int, default=100
        Number of pairs drawn.
    random_state : int, RandomState or None, default=0
        Seed of the subspaces.

    Returns
    -------
    chance : ChanceOverlap
        The mean is exact, ``max(k, k_other) / d``. The others are those of the draws.

    Examples
    --------
    >>> from gahb_sk.analysis import random_alignment
    >>> chance = random_alignment(400, 20)
    >>> print(chance.mean)
    0.05
    >>> chance.mean < chance.percentile_95 < 0.07
    True
    """
    other = k if k_other is None else k_other
    if not isinstance(d, Integral) or d < 1:
        raise ValueError(f"d: expected an int of at least 1, got {d!r}.")
    if not all(isinstance(size, Integral) and 1 <= size <= d for size in (k, other)):
        raise ValueError(f"k: expected dimensions between 1 and {d}, got {k!r} and {other!r}.")
    if not isinstance(n_draws, Integral) or n_draws < 2:
        raise ValueError(f"n_draws: expected an int of at least 2, got {n_draws!r}.")
    generator = image_generator(seed_sequence(random_state), 0)
    least, most = sorted((k, other))
    # One subspace may be that of the first coordinates: only their relative position is random.
    draws = [
        np.square(np.linalg.qr(generator.standard_normal((d, least)))[0][:most]).sum() / least
        for _ in range(n_draws)
    ]
    return ChanceOverlap(most / d, float(np.std(draws)), float(np.percentile(draws, 95)))


def _rows(vectors, name):
    vectors = to_numpy(vectors).astype(np.float64)
    if vectors.ndim < 2 or not len(vectors):
        raise ValueError(f"{name}: expected vectors (k, ...), got shape {vectors.shape}.")
    rows = vectors.reshape(len(vectors), -1)
    away = np.abs(rows @ rows.T - np.eye(len(rows))).max()
    if not away < _ORTHONORMAL:
        raise ValueError(
            f"{name}: expected orthonormal vectors, got products {away:.2g} away from that. Use "
            "numpy.linalg.qr first."
        )
    return rows
