"""Weights of the squared errors by noise level."""

import math

import numpy as np
import torch

_LEVEL_BINS = 32


class Balance:
    """Running mean error of each noise level, in bins of its logarithm.

    Each image's error divided by the mean error at its level makes a decibel count alike at each
    of them.
    """

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


# Weights that depend on the noise level alone.
LEVEL_WEIGHTS = {
    "equal": torch.ones_like,
    "inverse": lambda sigma: 1 / sigma,
    "inverse_square": lambda sigma: sigma**-2,
}
LOSS_WEIGHTS = ("balanced", *LEVEL_WEIGHTS)


def loss_weights(rule, balance, sigma, error):
    """Return the weight of each image's squared error, shape (n,).

    Parameters
    ----------
    rule : str or sequence of (sigma, weight)
        A name in ``LOSS_WEIGHTS``, or a table, interpolated in the logarithms of both and constant
        beyond its ends.
    balance : Balance
        Updated, if the rule is "balanced".
    sigma, error : torch.Tensor of shape (n,)
        Noise level and squared error of each image of the whole batch.
    """
    if rule == "balanced":
        return balance.update(sigma, error)
    if isinstance(rule, str):
        return LEVEL_WEIGHTS[rule](sigma)
    levels, weights = np.log(np.asarray(rule, np.float64)).T
    at = np.log(sigma.cpu().double().numpy())
    return torch.from_numpy(np.exp(np.interp(at, levels, weights))).to(sigma)
