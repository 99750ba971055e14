"""What training minimises and measures: errors weighted by noise level, PSNR near a few levels."""

import math

import numpy as np
import torch

from gahb_sk._random import image_normals
from gahb_sk.networks._inference import denoise
from gahb_sk.training._image_errors import part_of, size_of
from gahb_sk.training._recipes import ALL

_BALANCE_BINS = 32
_CURVE_BINS = 5
# Least balanced error of an image whose root its error is divided by.
_LEAST_ERROR = 0.02
_CHUNK = 64  # held-out images denoised at once


def _bins(sigma, low, width, n):
    """Number of the bin of each noise level, in equal parts of its logarithm."""
    return ((sigma.log() - low) / width).long().clamp_(0, n - 1)


class Balance:
    """Running mean error of each noise level, in bins of its logarithm.

    Each image's error divided by the mean error at its level makes a decibel count alike at each
    of them.
    """

    def __init__(self, noise_range, device):
        self.low, high = (math.log(max(s, 1e-6)) for s in noise_range)
        self.width = max(high - self.low, 1e-6) / _BALANCE_BINS
        self.means = torch.zeros(_BALANCE_BINS, device=device)

    def update(self, sigma, error):
        """Return each image's weight, one over the mean error at its level, and update it."""
        bins = _bins(sigma, self.low, self.width, _BALANCE_BINS)
        sums = torch.zeros_like(self.means).index_add_(0, bins, error)
        counts = torch.zeros_like(self.means).index_add_(0, bins, torch.ones_like(error))
        seen, new = counts > 0, sums / counts.clamp(min=1)
        old = torch.where(self.means > 0, self.means, new)
        self.means = torch.where(seen, 0.95 * old + 0.05 * new, self.means)
        return 1 / self.means[bins].clamp(min=1e-12)


# Weights that depend on the noise level alone.
_BY_LEVEL = {
    "equal": torch.ones_like,
    "inverse": lambda sigma: 1 / sigma,
    "inverse_square": lambda sigma: sigma**-2,
}


def loss_weights(rule, balance, sigma, error):
    """Return the weight of each image's squared error, shape (n,).

    Parameters
    ----------
    rule : str or sequence of (sigma, weight)
        A name in ``LOSS_WEIGHTS``, or a table, interpolated in the logarithms of both and constant
        beyond its ends.
    balance : Balance
        Updated, if the rule is "balanced" or "balanced_root".
    sigma, error : torch.Tensor of shape (n,)
        Noise level and squared error of each image of the whole batch.
    """
    if rule == "balanced":
        return balance.update(sigma, error)
    if rule == "balanced_root":
        # The gradient of the square root of the balanced error, up to a factor of 2.
        weights = balance.update(sigma, error)
        return weights * (weights * error).clamp(min=_LEAST_ERROR).rsqrt()
    if isinstance(rule, str):
        return _BY_LEVEL[rule](sigma)
    levels, weights = np.log(np.asarray(rule, np.float64)).T
    at = np.log(sigma.cpu().double().numpy())
    return torch.from_numpy(np.exp(np.interp(at, levels, weights))).to(sigma)


def curve_levels(noise_range):
    """Return the centres of five equal parts of the range, on a logarithmic scale, ascending."""
    low, high = noise_range
    return [low * (high / low) ** ((k + 0.5) / _CURVE_BINS) for k in range(_CURVE_BINS)]


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
        self.low, self.width = math.log(low), max(math.log(high / low), 1e-6) / _CURVE_BINS
        self.sums = torch.zeros(2, _CURVE_BINS, device=device)

    def update(self, sigma, mse):
        """Add images of noise levels ``sigma`` with mean squared errors ``mse``, both (m,)."""
        bins = _bins(sigma, self.low, self.width, _CURVE_BINS)
        psnr = -10 * mse.clamp(min=1e-20).log10()
        self.sums.index_add_(1, bins, torch.stack([psnr, torch.ones_like(psnr)]))

    def take(self):
        """Return the mean PSNR near each level (None where no image was), and start anew."""
        total, count = self.sums.tolist()
        self.sums = torch.zeros_like(self.sums)
        return [t / n if n else None for t, n in zip(total, count, strict=True)]


class HeldOut:
    """Images kept out of the training, and the noise to measure with.

    Parameters
    ----------
    images : torch.Tensor of shape (n, C, H, W), float32
        Clean images on the CPU.
    levels : sequence of float
        Noise levels.
    root : numpy.random.SeedSequence
        Image k has the same noise, scaled, at each level and at each call.
    part : {"all", "colors"}, default="all"
        What of an image is measured.
    """

    def __init__(self, images, levels, root, part=ALL):
        self.images = images
        self.part = part
        self.levels = [float(sigma) for sigma in levels]
        self.noise = image_normals(root, range(len(images)), tuple(images.shape[1:]), np.float32)

    @torch.no_grad()
    def psnr(self, network, engine):
        """Return the mean PSNR (data range 1) at each noise level, in decibels.

        Each process of the engine measures its share of the images.
        """
        was_training = network.training
        network.eval()
        share = engine.share(len(self.images))
        mine = range(share.start, share.stop, _CHUNK)
        none = torch.empty(0, dtype=torch.float64, device=next(network.parameters()).device)
        values = []
        for sigma in self.levels:
            parts = [self._errors(network, sigma, k, min(k + _CHUNK, share.stop)) for k in mine]
            errors = engine.gather(torch.cat([none, *parts]), len(self.images))
            values.append(float(-10 * errors.clamp(min=1e-20).log10().mean()))
        network.train(was_training)
        return values

    def _errors(self, network, sigma, start, stop):
        device = next(network.parameters()).device
        clean = self.images[start:stop].to(device)
        noise = torch.from_numpy(self.noise[start:stop]).to(device)
        denoised = denoise(network, clean + sigma * noise, clean.new_full((len(clean),), sigma))
        error = part_of((denoised - clean).double(), self.part).square().sum(dim=(1, 2, 3))
        return error / size_of(clean.shape[1:], self.part)
