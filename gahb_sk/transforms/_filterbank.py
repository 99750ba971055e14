r"""One scale of an orthonormal wavelet filter bank on an interval of any length.

With a low-pass filter :math:`h` of ``2 m`` taps and ``q`` vanishing moments, the rows of the
analysis matrix that lie wholly inside the interval are the usual :math:`h(i - 2k)` and
:math:`g(i - 2k)`. What they leave free at each end, a space of dimension ``2 m`` (``2 m - 1`` at
the right end of an odd length), is split into a low-pass part that holds the polynomials of
degree below ``q`` and its complement, the high-pass part. So the matrix is orthonormal for even
and odd lengths, details vanish on polynomials up to the ends, and no end is glued to the other as
a periodic transform does.

``polynomials`` are carried from scale to scale in the coordinates of that scale, since the
coefficients of the end rows are no samples of a polynomial.

References
----------
A. Cohen, I. Daubechies, P. Vial, "Wavelets on the interval and fast wavelet transforms", Applied
and Computational Harmonic Analysis 1, 1993. DOI 10.1006/acha.1993.1005.
"""

from functools import lru_cache

import numpy as np
import pywt
from scipy import sparse

from gahb_sk._validation import check_name

LARGE = 512  # on longer axes, products with the banded matrices pay off against full ones


def wavelet_filters(wavelet):
    """Return what :func:`_wavelet_filters` does; refuse what is no name."""
    if not isinstance(wavelet, str):
        raise TypeError(f"wavelet: expected the name of an orthogonal wavelet, got {wavelet!r}.")
    return _wavelet_filters(wavelet)


@lru_cache(maxsize=64)
def _wavelet_filters(wavelet):
    """Return the orthogonal low-pass and high-pass filters, and the number of vanishing moments.

    Filters come in the order of correlation. Wavelets that are not orthogonal are refused.
    """
    if wavelet not in pywt.wavelist(kind="discrete"):
        names = [name for family in ("haar", "db", "sym", "coif") for name in pywt.wavelist(family)]
        check_name(wavelet, names, "wavelet")
    filters = pywt.Wavelet(wavelet)
    low = np.array(filters.rec_lo)
    shifts = [low[2 * k :] @ low[: len(low) - 2 * k] for k in range(len(low) // 2)]
    if not filters.orthogonal or np.abs(shifts - np.eye(1, len(shifts))[0]).max() > 1e-6:
        raise ValueError(
            f"wavelet must be orthogonal, got {wavelet!r}, which is not. "
            "Choose one of the families haar, db, sym or coif."
        )
    return low, np.array(filters.rec_hi), max(1, filters.vanishing_moments_psi)


def analysis_matrices(wavelet, length, n_scales):
    """Return the orthonormal matrices of ``n_scales`` successive splittings of an axis.

    Matrix j splits the low-pass coefficients of the scale before. Its first ``ceil(length_j / 2)``
    rows are low-pass, the others high-pass, both in order of position. One sample is left as it is.
    """
    _, _, n_moments = wavelet_filters(wavelet)
    x = np.linspace(-1, 1, length) if length > 1 else np.zeros(1)
    polynomials = np.linalg.qr(x[:, None] ** np.arange(min(n_moments, length)))[0]
    matrices = []
    for _ in range(n_scales):
        matrix = split_matrix(wavelet, polynomials)
        polynomials = matrix[: (len(matrix) + 1) // 2] @ polynomials
        matrices.append(matrix)
    return matrices


def split_matrix(wavelet, polynomials):
    """Return the ``(n, n)`` analysis matrix of one scale, for ``(n, q)`` polynomials."""
    low, high, _ = wavelet_filters(wavelet)
    n, half = len(polynomials), len(low) // 2
    if n == 1:
        return np.ones((1, 1))
    n_inside = (n + 1) // 2 - 2 * half
    if n_inside < 0:
        return _orthonormalised(np.concatenate(_whole_interval(low, high, polynomials)))
    inside = [_shifts(f, half + 1, n_inside, n) for f in (low, high)]
    ends = [
        _end(low, high, polynomials, half + 1),
        _end(low[::-1], high[::-1], polynomials[::-1], half + 1 - n % 2),
    ]
    rows = [
        np.concatenate([left, middle, right[::-1, ::-1]])
        for left, middle, right in zip(ends[0], inside, ends[1], strict=True)
    ]
    return _orthonormalised(np.concatenate(rows))


def _shifts(taps, start, count, n):
    """Rows ``k = 0..count-1`` hold the taps from ``start + 2 k`` on; what falls outside is cut."""
    position = start + 2 * np.arange(count)[:, None] + np.arange(len(taps))
    rows = np.zeros((count, n))
    keep = (position >= 0) & (position < n)
    np.add.at(rows, (np.nonzero(keep)[0], position[keep]), np.broadcast_to(taps, keep.shape)[keep])
    return rows


def _end(low, high, polynomials, first):
    """Low-pass ``(m, n)`` and high-pass ``(first - 1, n)`` rows for the left end, in order.

    The first inner filters start at sample ``first``.
    """
    n, half = len(polynomials), len(low) // 2
    reach = first + len(low) - 2  # the free space lies in the samples before this one
    crossing = np.concatenate([_shifts(f, first, half - 1, n)[:, :reach] for f in (low, high)])
    # On the half line, I - C^T C is exactly a projector: well conditioned where a null space of
    # C itself is not, since the cut filters are nearly dependent for long wavelets.
    projector = np.eye(reach) - crossing.T @ crossing
    space = np.linalg.eigh(projector)[1][:, reach - (half + first - 1) :]
    rows = _split(
        space,
        polynomials[:reach],
        _shifts(low, first - 2 * half, half, n)[:, :reach],
        _shifts(high, first - 2 * (first - 1), first - 1, n)[:, :reach],
    )
    return [np.pad(block, ((0, 0), (0, n - reach))) for block in rows]


def _whole_interval(low, high, polynomials):
    """Low-pass and high-pass rows of an axis too short for two separate ends."""
    n, half = len(polynomials), len(low) // 2
    wide = n + 2 * len(low)
    fold = np.abs((np.arange(wide) - len(low) + n) % (2 * n) - n + 0.5).astype(int)
    guesses = []
    for taps, count in ((low, (n + 1) // 2), (high, n // 2)):
        guess = np.zeros((count, n))
        np.add.at(guess.T, fold, _shifts(taps, len(low) + 1 - half, count, wide).T)
        guesses.append(guess)
    return _split(np.eye(n), polynomials[:, : (n + 1) // 2], *guesses)


def _split(space, polynomials, low_guess, high_guess):
    """Split a space (orthonormal columns) into low-pass and high-pass rows.

    The low-pass part holds the projection of the polynomials, and leans to the guessed filters
    where it has more dimensions. In each part the rows are the orthonormal ones nearest to the
    guess, so they look like the inner filters and lie where those would.
    """
    n_low = len(low_guess)
    inner = _leading(space.T @ polynomials, min(polynomials.shape[1], n_low))
    missing = n_low - inner.shape[1]
    if missing:
        more = space.T @ low_guess.T
        inner = np.hstack([inner, _leading(more - inner @ (inner.T @ more), missing)])
    rest = np.linalg.svd(inner)[0][:, n_low:]
    return _nearest(space @ inner, low_guess), _nearest(space @ rest, high_guess)


def _leading(columns, count):
    """Orthonormal basis of the ``count`` strongest directions of the columns."""
    return np.linalg.svd(columns, full_matrices=False)[0][:, :count]


def _nearest(basis, guess):
    """Rows spanning the ``(n, k)`` orthonormal basis, nearest to the ``(k, n)`` guess."""
    left, _, right = np.linalg.svd(guess @ basis)
    return left @ right @ basis.T


def _orthonormalised(matrix):
    """One Newton step to the nearest orthonormal matrix: removes the filters' rounding."""
    if len(matrix) > LARGE:
        banded = sparse.csr_array(matrix)
        return (1.5 * banded - 0.5 * (banded @ banded.T) @ banded).toarray()
    return 1.5 * matrix - 0.5 * (matrix @ matrix.T) @ matrix
