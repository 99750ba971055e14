"""Errors balanced between noise levels, so that a decibel counts alike at each of them."""

import math

import torch

_LEVEL_BINS = 32


class Balance:
    """Running mean error of each noise level, in bins of its logarithm."""

    def __init__(self, noise_range, device):
        self.low, high = (math.log(max(s, 1e-6)) for s in noise_range)
        self.width = max(high - self.low, 1e-6) / _LEVEL_BINS
        self.means = torch.zeros(_LEVEL_BINS, device=device)

    def update(self, sigma, error):
        """Return each image's weight, one over the mean error at its level, and update it."""
        bins = ((sigma.log() - self.low) / self.width).long().clamp_(0, _LEVEL_BINS - 1)
        sums = torch.zeros_like(self.means).index_add_(0, bins, error)
        counts = torch.zeros_like(self.means).index_add_(0, bins, torch.ones_like(error))
        seen, new = counts > 0, sums / counts.clamp(min=1)
        old = torch.where(self.means > 0, self.means, new)
        self.means = torch.where(seen, 0.95 * old + 0.05 * new, self.means)
        return 1 / self.means[bins].clamp(min=1e-12)
