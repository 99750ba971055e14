"""Windows (patches) of stacks of images, and which pixels each window has to estimate.

Along one axis of length n, windows of length p <= n start at the origins 0, ..., n - p inside the
image, or at all n places of a torus. A pixel is estimated by the window in whose middle it lies,
moved inside the image or cut where it would cross the border; or by all windows that hold it.
"""

from typing import NamedTuple

import torch
from torch.nn.functional import pad

_STRIP_VALUES = 2**23


class Run(NamedTuple):
    """Windows of one length, from start up to stop, estimate their pixels low up to high."""

    start: int
    stop: int
    low: int
    high: int
    length: int


def all_runs(side, length, wrap=False):
    """Return the one run by which each window estimates all its pixels."""
    return [Run(0, side if wrap else side - length + 1, 0, length, length)]


def wrapped_runs(side, length):
    """Return the one run of windows on a torus by which each estimates its middle."""
    half = (length - 1) // 2
    return [Run(0, side, half, half + 1, length)]


def moved_runs(side, length):
    """Return runs that estimate each pixel once, by windows moved inside at the border."""
    half, last = (length - 1) // 2, side - length
    if last == 0:
        return [Run(0, 1, 0, length, length)]
    runs = [
        Run(0, 1, 0, half + 1, length),
        Run(1, last, half, half + 1, length),
        Run(last, last + 1, half, length, length),
    ]
    return [run for run in runs if run.stop > run.start]


def cut_runs(side, size):
    """Return runs that estimate each pixel once, by windows of ``size`` cut at the border.

    The windows of one run are cut alike; of those that hold the whole axis there is one.
    """
    half = (size - 1) // 2
    pixels = range(side)
    windows = [(max(0, i - half), min(side, i - half + size)) for i in pixels]
    runs = []
    if size <= side:
        runs.append(Run(0, side - size + 1, half, half + 1, size))
    for start, stop in dict.fromkeys(windows):
        own = [i for i in pixels if windows[i] == (start, stop)]
        if stop - start < size:
            runs.append(Run(start, start + 1, own[0] - start, own[-1] + 1 - start, stop - start))
    return runs


def strips(rows, columns, n_channels):
    """Split the run of rows, so that the windows of a strip fit into memory with their copies.

    ``n_channels`` is that of all images together.
    """
    row = n_channels * (columns.stop - columns.start) * rows.length * columns.length
    length = max(1, _STRIP_VALUES // row)
    starts = range(rows.start, rows.stop, length)
    return [rows._replace(start=start, stop=min(start + length, rows.stop)) for start in starts]


def on_torus(images, lengths):
    """Continue images periodically, so that windows may start anywhere."""
    return pad(images, (0, lengths[1] - 1, 0, lengths[0] - 1), mode="circular")


def windows(images, rows, columns):
    """View windows with origins in two runs as (n, R, S, C, p, q)."""
    cut = images.unfold(2, rows.length, 1).unfold(3, columns.length, 1)
    return cut[:, :, rows.start : rows.stop, columns.start : columns.stop].permute(0, 2, 3, 1, 4, 5)


def estimated(cut, rows, columns):
    """Return the part of each window that it has to estimate."""
    return cut[..., rows.low : rows.high, columns.low : columns.high]


class Overlaps:
    """Sums of windows' estimates of the pixels of (n, C, H, W) images, in ``model``'s dtype."""

    def __init__(self, shape, lengths, model):
        self.shape = shape
        height, width = shape[2] + lengths[0] - 1, shape[3] + lengths[1] - 1
        self.sums = model.new_zeros(*shape[:2], height, width)
        self.counts = model.new_zeros(height, width)

    def add(self, estimates, rows, columns):
        """Add estimates ``(n, R, S, C, high - low, high - low)``."""
        estimates = estimates.permute(0, 3, 1, 2, 4, 5)
        for i in range(rows.low, rows.high):
            for j in range(columns.low, columns.high):
                place = tuple(slice(r.start + o, r.stop + o) for r, o in ((rows, i), (columns, j)))
                self.sums[(..., *place)] += estimates[..., i - rows.low, j - columns.low]
                self.counts[place] += 1

    def mean(self):
        """Return the mean estimate of each pixel, (n, C, H, W), folding a torus back."""
        folded = []
        for values in (self.sums, self.counts):
            for axis, side in ((-2, self.shape[2]), (-1, self.shape[3])):
                beyond = values.narrow(axis, side, values.shape[axis] - side)
                inside = values.narrow(axis, 0, side).clone()
                inside.narrow(axis, 0, beyond.shape[axis]).add_(beyond)
                values = inside
            folded.append(values)
        return torch.div(*folded)
