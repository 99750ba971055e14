"""Cycle spinning, shared by the estimators that shrink coefficients.

A decimated basis treats an edge differently as it moves by a pixel. Cycle spinning denoises
windows that begin at different pixels and averages the results. The windows are cut from the
image extended by reflection, so that no border is glued to the opposite one; measured on C^alpha
images this is worth 0.1 to 0.7 dB against circular shifts.

References
----------
R. Coifman, D. Donoho, "Translation-invariant de-noising", in Wavelets and Statistics, 1995.
DOI 10.1007/978-1-4612-2544-7_9.
"""

import numpy as np

from gahb_sk.denoisers._linear import JacobianOperator

_PARITIES = ((0, 0), (1, 1), (0, 1), (1, 0))


def shifts(n_shifts):
    """Return the first ``n_shifts`` cells of a plane-filling order.

    The first ``4**j`` shifts are all pairs of residues modulo ``2**j``, so they make ``j`` levels
    of a dyadic transform invariant to translation: 16 shifts the two finest levels, 64 three.

    Parameters
    ----------
    n_shifts : int

    Returns
    -------
    offsets : ndarray of shape (n_shifts, 2)
        Rows and columns.
    """
    offsets = np.zeros((n_shifts, 2), dtype=int)
    for k in range(n_shifts):
        rest, bit = k, 0
        while rest:
            offsets[k] += np.left_shift(_PARITIES[rest % 4], bit)
            rest, bit = rest // 4, bit + 1
    return offsets


def windows(shape, n_shifts):
    """Return how each shift cuts its window from the extended image.

    Parameters
    ----------
    shape : tuple of int
        ``(height, width)``. An axis of one pixel is not shifted.
    n_shifts : int
        Number of shifts.

    Returns
    -------
    indices : list of (rows, columns)
        Index arrays: ``images[..., rows[:, None], columns]`` is a window; all windows have one
        size, the image's plus the largest shift.
    origins : ndarray of shape (n_shifts, 2)
        Where the image begins in its window.
    """
    offsets = shifts(n_shifts) * (np.asarray(shape) > 1)
    margin = offsets.max(axis=0)
    indices = [
        tuple(
            _reflected(np.arange(-before, n + extra - before), n)
            for before, extra, n in zip(offset, margin, shape, strict=True)
        )
        for offset in offsets
    ]
    return indices, offsets


def _reflected(positions, n):
    """Half-sample reflection of integer positions into ``range(n)``."""
    return np.abs((positions + n) % (2 * n) - n + 0.5).astype(int)


def spin(denoise, images, n_shifts):
    """Average ``denoise`` over shifted windows.

    Parameters
    ----------
    denoise : callable
        ``(n, h, w)`` to ``(n, h, w)``, for images a little larger than ``images``.
    images : ndarray of shape (n, height, width)
        Images.
    n_shifts : int
        Number of shifts; 1 calls ``denoise`` on the images as they are.

    Returns
    -------
    denoised : ndarray of shape (n, height, width)
    """
    if n_shifts <= 1:
        return denoise(images)
    height, width = images.shape[1:]
    total = np.zeros_like(images)
    for (rows, columns), (top, left) in zip(*windows((height, width), n_shifts), strict=True):
        window = denoise(images[:, rows[:, None], columns])
        total += window[:, top : top + height, left : left + width]
    total /= n_shifts
    return total


def shrinkage_jacobian(gate, image, n_shifts):
    r"""Jacobian of spun shrinkage at one image, its bases and thresholds held fixed.

    With :math:`P_s` the extension to window s, :math:`C_s` the crop back, :math:`W_s` the basis
    and :math:`D_s` the diagonal of the rule's slopes, it is the mean over s of
    :math:`C_s W_s^T D_s W_s P_s`.

    Parameters
    ----------
    gate : callable
        Window ``(C, h, w)`` to ``(transform, slopes)``; ``slopes`` has the window's shape.
    image : ndarray of shape (C, height, width)
        Where to linearise.
    n_shifts : int
        As in :func:`spin`.

    Returns
    -------
    operator : JacobianOperator
    """
    height, width = image.shape[1:]
    indices, origins = windows((height, width), max(n_shifts, 1))
    terms = []
    for (rows, columns), origin in zip(indices, origins, strict=True):
        extend = np.eye(height)[rows], np.eye(width)[columns]
        crop = np.eye(len(rows))[origin[0] :][:height], np.eye(len(columns))[origin[1] :][:width]
        terms.append((*gate(image[:, rows[:, None], columns]), extend, crop))

    def product(V, transpose):
        stack = V.T.reshape(-1, *image.shape)
        total = np.zeros_like(stack)
        for transform, slopes, extend, crop in terms:
            first, last = (crop, extend) if transpose else (extend, crop)
            a, b, c, d = (m.T if transpose else m for m in (*first, *last))
            inner = transform.forward(a @ stack @ b.T)
            total += c @ transform.inverse(slopes * inner) @ d.T
        return total.reshape(len(stack), -1).T / len(terms)

    return JacobianOperator(image.size, lambda V: product(V, False), lambda V: product(V, True))
