"""Windows (patches) of stacks of images, and which pixels each window has to estimate.

Along one axis of length n, windows of length p <= n start at the origins 0, ..., n - p inside the
image, or at all n places of a torus. A pixel is estimated by the window in whose middle it lies,
moved inside the image where it would cross the border; or by all windows that hold it.
"""

from typing import NamedTuple

import torch
from torch.nn.functional import pad


class Run(NamedTuple):
    """Origins ``start, ..., stop - 1`` estimate their pixels ``low, ..., high - 1``."""

    start: int
    stop: int
    low: int
    high: int


def n_origins(side, length, wrap):
    """Return the number of windows of that length along an axis."""
    return side if wrap else side - length + 1


def centred_runs(side, length, wrap):
    """Return the runs of origins by which each pixel is estimated once."""
    half = (length - 1) // 2
    count = n_origins(side, length, wrap)
    if wrap:
        return [Run(0, count, half, half + 1)]
    last = count - 1
    if last == 0:
        return [Run(0, 1, 0, length)]
    runs = [Run(0, 1, 0, half + 1), Run(1, last, half, half + 1), Run(last, count, half, length)]
    return [run for run in runs if run.stop > run.start]


def all_runs(side, length, wrap):
    """Return the one run by which each window estimates all its pixels."""
    return [Run(0, n_origins(side, length, wrap), 0, length)]


def on_torus(images, lengths):
    """Continue images periodically, so that windows may start anywhere."""
    return pad(images, (0, lengths[1] - 1, 0, lengths[0] - 1), mode="circular")


def windows(images, lengths, rows, columns):
    """View windows with origins in two runs as (n, R, S, C, p, q)."""
    cut = images.unfold(2, lengths[0], 1).unfold(3, lengths[1], 1)
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
