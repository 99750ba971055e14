"""Learning curve by noise level: the mean PSNR of training images near a few levels."""

import math

import torch

LEVELS = 5


def curve_levels(noise_range):
    """Return the centres of five equal parts of the range, on a logarithmic scale, ascending."""
    low, high = noise_range
    return [low * (high / low) ** ((k + 0.5) / LEVELS) for k in range(LEVELS)]


class TrainingCurve:
    """Sums of the PSNR of the images trained on, by noise level, over an epoch.

    Parameters
    ----------
    noise_range : tuple of float
        Lowest and highest noise level; see :func:`curve_levels`.
    device : torch.device
    """

    def __init__(self, noise_range, device):
        low, high = noise_range
        self.low, self.width = math.log(low), max(math.log(high / low), 1e-6) / LEVELS
        self.sums = torch.zeros(2, LEVELS, device=device)

    def update(self, sigma, mse):
        """Add images of noise levels ``sigma`` with mean squared errors ``mse``, both (m,)."""
        bins = ((sigma.log() - self.low) / self.width).long().clamp_(0, LEVELS - 1)
        psnr = -10 * mse.clamp(min=1e-20).log10()
        self.sums.index_add_(1, bins, torch.stack([psnr, torch.ones_like(psnr)]))

    def take(self):
        """Return the mean PSNR near each level (None where no image was), and start anew."""
        total, count = self.sums.tolist()
        self.sums = torch.zeros_like(self.sums)
        return [t / n if n else None for t, n in zip(total, count, strict=True)]
