"""The exact share of each pixel above a horizontal contour, in torch, and its derivatives."""

import torch

_FLAT = 1e-4  # a contour that rises less across a pixel is treated as level


def area_mask(heights, n_rows):
    """Return the share of each pixel above the polygon through the contour's heights."""
    before, after, rise, level = _segments(heights, n_rows)
    a, b = before.clamp(0, 1), after.clamp(0, 1)
    above = after.clamp_min(1) - before.clamp_min(1)
    mean = (0.5 * (b - a) * (b + a) + above) / rise
    return torch.where(level, 0.5 * (a + b), mean)


def area_adjoint(heights, mask, on_mask):
    """Return the gradient of the heights, given that of :func:`area_mask`."""
    by_before, by_after = area_slopes(heights, mask)
    return (on_mask * by_before).sum(1) + torch.roll((on_mask * by_after).sum(1), 1, 1)


def area_slopes(heights, mask):
    """Return the derivatives of the mask by each column's own height and by the next one's."""
    before, after, rise, level = _segments(heights, mask.shape[1])
    crossed = ((before + after) * 0.5 - 0.5).abs() < 0.5
    half = 0.5 * crossed.to(mask)
    by_before = torch.where(level, half, (mask - before.clamp(0, 1)) / rise)
    by_after = torch.where(level, half, (after.clamp(0, 1) - mask) / rise)
    return by_before, by_after


def _segments(heights, n_rows):
    """Heights above each pixel's top edge where the polygon enters and leaves its column."""
    rows = torch.arange(n_rows, dtype=heights.dtype)[:, None]
    before = heights[:, None, :] - rows
    rise = (torch.roll(heights, -1, 1) - heights)[:, None, :]
    level = rise.abs() < _FLAT
    return before, before + rise, torch.where(level, 1, rise), level
