"""Shifted windows for cycle spinning.

A decimated basis, or one on dyadic squares, treats an edge differently as it moves by a pixel.
Cycle spinning denoises windows that begin at different pixels; a pixel of the result is the mean
over the windows that hold it. The windows are cut from the image extended by reflection, so that
no border is glued to the opposite one; measured on C^alpha images this is worth 0.1 to 0.7 dB
against circular shifts.

References
----------
R. Coifman, D. Donoho, "Translation-invariant de-noising", in Wavelets and Statistics, 1995.
DOI 10.1007/978-1-4612-2544-7_9.
"""

from collections.abc import Callable, Sequence

import numpy as np

_PARITIES = ((0, 0), (1, 1), (0, 1), (1, 0))
# Powers of the inverse of the real root of x^3 = x + 1: the fractional parts of their multiples
# spread evenly over the unit square (Roberts' sequence).
_SPREAD = 1.32471795724474602596 ** -np.arange(1.0, 3.0)


def dyadic_offsets(n_shifts):
    """Return the first cells of a plane-filling order, rows and columns ``(n_shifts, 2)``.

    The first ``4**j`` offsets are all pairs of residues modulo ``2**j``, which makes ``j`` levels
    of a dyadic transform invariant to translation: 16 offsets the two finest levels, 64 three.
    """
    offsets = np.zeros((n_shifts, 2), dtype=int)
    for k in range(n_shifts):
        rest, bit = k, 0
        while rest:
            offsets[k] += np.left_shift(_PARITIES[rest % 4], bit)
            rest, bit = rest // 4, bit + 1
    return offsets


def spread_offsets(n_shifts, span):
    """Return offsets spread evenly over ``[-span / 2, span / 2)``, the first of them (0, 0)."""
    span = np.asarray(span)
    cells = (np.arange(n_shifts)[:, None] * _SPREAD % 1 * span).astype(int)
    return (cells + span // 2) % span - span // 2


def dyadic_windows(shape: tuple[int, int], n_shifts: int) -> "Windows":
    """Return windows that all hold the whole image ``(height, width)``, for wavelets.

    An axis of one pixel is not shifted.
    """
    offsets = dyadic_offsets(n_shifts) * (np.asarray(shape) > 1)
    return Windows(shape, -offsets, offsets.max(axis=0) + shape)


def spread_windows(shape: tuple[int, int], n_shifts: int, multiple: int, span: int) -> "Windows":
    """Return windows of the size of the image, for dyadic squares.

    Their sides are rounded up to multiples of ``multiple``; offsets differ by less than ``span``.
    """
    size = [-(-n // multiple) * multiple for n in shape]
    return Windows(shape, spread_offsets(n_shifts, [min(span, n) for n in size]), size)


class Windows:
    """Windows of one size ``(h, w)`` on images ``(height, width)`` extended by reflection.

    ``offsets (n_windows, 2)`` say where each begins and may be negative. Every pixel must lie in a
    window.
    """

    def __init__(self, shape: tuple[int, int], offsets: np.ndarray, size: Sequence[int]):
        self.shape = tuple(shape)
        self._axes = [
            [_axis(offset, length, n) for offset, length, n in zip(pair, size, shape, strict=True)]
            for pair in offsets
        ]
        self.whole = len(offsets) == 1 and not np.any(offsets) and tuple(size) == self.shape
        self.share = 1 / np.sum([self.paste(np.ones(size), i) for i in range(len(self))], axis=0)

    def __len__(self) -> int:
        return len(self._axes)

    def cut(self, images: np.ndarray, i: int) -> np.ndarray:
        """Return window i ``(..., h, w)`` of the images ``(..., height, width)``."""
        (rows, _), (columns, _) = self._axes[i]
        return images[..., rows[:, None], columns]

    def paste(self, windows: np.ndarray, i: int) -> np.ndarray:
        """Put window i back in its place in images that are 0 elsewhere."""
        out = np.zeros((*windows.shape[:-2], *self.shape), windows.dtype)
        self._add(out, windows, i)
        return out

    def cut_transposed(self, windows: np.ndarray, i: int) -> np.ndarray:
        """Apply the transpose of :meth:`cut`: add what reflection copied."""
        (rows, _), (columns, _) = self._axes[i]
        height, width = self.shape
        return np.eye(height)[rows].T @ windows @ np.eye(width)[columns]

    def paste_transposed(self, images: np.ndarray, i: int) -> np.ndarray:
        """Apply the transpose of :meth:`paste`: cut, and 0 outside the image."""
        (rows, (row, _, height)), (columns, (column, _, width)) = self._axes[i]
        inside = np.zeros((len(rows), len(columns)), images.dtype)
        inside[row : row + height, column : column + width] = 1
        return self.cut(images, i) * inside

    def average(self, function: Callable, *stacks: np.ndarray) -> np.ndarray:
        """Return the mean over windows of ``function(windows (n, h, w) of each stack)``."""
        if self.whole:
            return function(*stacks)
        total = np.zeros_like(stacks[0])
        for i in range(len(self)):
            self._add(total, function(*(self.cut(stack, i) for stack in stacks)), i)
        total *= self.share.astype(total.dtype)
        return total

    def _add(self, images, windows, i):
        (_, (row, top, height)), (_, (column, left, width)) = self._axes[i]
        part = windows[..., row : row + height, column : column + width]
        images[..., top : top + height, left : left + width] += part


def _axis(offset, length, n):
    """Along one axis: indices of a window, and (start in window, start in image, common length)."""
    positions = np.arange(offset, offset + length)
    reflected = np.abs((positions + n) % (2 * n) - n + 0.5).astype(int)
    first, last = max(offset, 0), min(offset + length, n)
    return reflected, (first - offset, first, max(last - first, 0))
