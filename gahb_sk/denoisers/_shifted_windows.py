"""Cycle spinning by windows of one size, for denoisers that work on dyadic squares.

Each window is cut, at its own offset, from the image extended by reflection, so the squares of
different windows lie differently on the image; a pixel of the result is the mean over the windows
that contain it. All windows have the image's size, rounded up to whole squares.
"""

import numpy as np

from gahb_sk.denoisers._linear import JacobianOperator

# Powers of the inverse of the real root of x^3 = x + 1: the fractional parts of their multiples
# spread evenly over the unit square (Roberts' sequence).
_SPREAD = 1.32471795724474602596 ** -np.arange(1.0, 3.0)


def spread_offsets(n_shifts, span):
    """Return offsets spread evenly over ``[-span / 2, span / 2)``, the first of them (0, 0).

    Parameters
    ----------
    n_shifts : int
        Number of offsets.
    span : tuple of int
        Number of different rows and columns.

    Returns
    -------
    offsets : int ndarray of shape (n_shifts, 2)
    """
    span = np.asarray(span)
    cells = (np.arange(n_shifts)[:, None] * _SPREAD % 1 * span).astype(int)
    return (cells + span // 2) % span - span // 2


class Windows:
    """The windows of images of one size.

    Parameters
    ----------
    shape : tuple of int
        ``(height, width)`` of the images.
    n_shifts : int
        Number of windows.
    multiple : int
        The windows' sides are multiples of this.
    span : int
        Offsets differ by less than this.
    """

    def __init__(self, shape, n_shifts, multiple, span):
        self.shape = shape
        size = [-(-n // multiple) * multiple for n in shape]
        offsets = spread_offsets(n_shifts, [min(span, n) for n in size])
        self._axes = [
            [_axis(offset, length, n) for offset, length, n in zip(pair, size, shape, strict=True)]
            for pair in offsets
        ]
        count = sum(self.paste(np.ones(size), i) for i in range(len(self)))
        self.share = 1 / count

    def __len__(self):
        return len(self._axes)

    def cut(self, images, i):
        """Return window i ``(..., h, w)`` of the images ``(..., height, width)``."""
        (rows, _), (columns, _) = self._axes[i]
        return images[..., rows[:, None], columns]

    def paste(self, windows, i):
        """Put window i back in its place in images that are 0 elsewhere."""
        (_, (row, top, height)), (_, (column, left, width)) = self._axes[i]
        out = np.zeros((*windows.shape[:-2], *self.shape), windows.dtype)
        part = windows[..., row : row + height, column : column + width]
        out[..., top : top + height, left : left + width] = part
        return out

    def cut_transposed(self, windows, i):
        """Apply the transpose of :meth:`cut`: add what reflection copied."""
        (rows, _), (columns, _) = self._axes[i]
        height, width = self.shape
        return np.eye(height)[rows].T @ windows @ np.eye(width)[columns]

    def paste_transposed(self, images, i):
        """Apply the transpose of :meth:`paste`: cut, and 0 outside of the image."""
        (rows, (row, _, height)), (columns, (column, _, width)) = self._axes[i]
        inside = np.zeros((len(rows), len(columns)), images.dtype)
        inside[row : row + height, column : column + width] = 1
        return self.cut(images, i) * inside

    def average(self, function, *stacks):
        """Return the mean over windows of ``function(windows of each stack)``.

        Parameters
        ----------
        function : callable
            ``(n, h, w)`` windows, one argument a stack, to ``(n, h, w)``.
        *stacks : ndarray of shape (n, height, width)
            Images.

        Returns
        -------
        mean : ndarray of shape (n, height, width)
        """
        total = np.zeros_like(stacks[0])
        for i in range(len(self)):
            total += self.paste(function(*(self.cut(stack, i) for stack in stacks)), i)
        return total * self.share.astype(total.dtype)


def _axis(offset, length, n):
    """Along one axis: indices of a window, and (start in window, start in image, common length)."""
    positions = np.arange(offset, offset + length)
    reflected = np.abs((positions + n) % (2 * n) - n + 0.5).astype(int)
    first, last = max(offset, 0), min(offset + length, n)
    return reflected, (first - offset, first, max(last - first, 0))


def spun_operator(windows, shape, terms):
    r"""Return the mean over windows of :math:`C_i T_i^{-1} D_i T_i E_i` as an operator.

    Parameters
    ----------
    windows : Windows
        They give the cuts :math:`E_i` and the places :math:`C_i`.
    shape : tuple of int
        ``(C, height, width)`` of one image.
    terms : sequence of (Transform, ndarray of shape (C, h, w))
        The orthonormal basis :math:`T_i` and the diagonal :math:`D_i` of each window.

    Returns
    -------
    operator : JacobianOperator
    """
    share = windows.share

    def shrink(cut, i):
        transform, gates = terms[i]
        return transform.inverse(gates * transform.forward(cut))

    def product(V):
        stack = V.T.reshape(-1, *shape)
        places = range(len(windows))
        total = sum(windows.paste(shrink(windows.cut(stack, i), i), i) for i in places)
        return (share * total).reshape(len(stack), -1).T

    def transposed(V):
        stack = share * V.T.reshape(-1, *shape)
        places = range(len(windows))
        total = sum(
            windows.cut_transposed(shrink(windows.paste_transposed(stack, i), i), i) for i in places
        )
        return total.reshape(len(stack), -1).T

    return JacobianOperator(int(np.prod(shape)), product, transposed)
