"""The one training loop: clean images in, noise drawn afresh, weights out.

The network learns to return the noise: for ``y = x + sigma z`` it minimises
``||net(y) - sigma z||^2``, so that ``y - net(y)`` estimates ``E[x | y]``. Image ``j`` of the
training sequence (counted over all epochs) gets the noise of stream ``j``; the order of the
images, their noise levels and crops come from streams of the epoch and the step. So the sequence
depends on the seed alone, not on the device.
"""

import copy
import math
import time

import numpy as np
import torch

from gahb_sk._random import child, image_generator, image_normals
from gahb_sk.networks._noise_levels import draw_noise_levels

# Streams below the root seed.
NOISE, ORDER, STEP, WEIGHTS = range(4)

_LEVEL_BINS = 32


class Training:
    """State of one training: the network, its averages, and the counts that seeds come from.

    Parameters
    ----------
    network : torch.nn.Module
        On its device.
    recipe : Recipe
        How to train.
    noise_range : tuple of float
        Lowest and highest noise level.
    root : numpy.random.SeedSequence
        Source of all randomness.
    limits : dict of str to float
        When to stop: ``"epochs"``, ``"images"``, ``"seconds"``; the first to be reached.

    Attributes
    ----------
    steps, images, epochs : int
        Done so far.
    losses : list of float
        Mean loss of each epoch: with a balanced recipe relative to the running mean error, else
        the summed squared error of an image.
    """

    def __init__(self, network, recipe, noise_range, root, limits):
        # Channels last: convolutions and norms on a CPU take a third less time.
        self.network = network.to(memory_format=torch.channels_last)
        self.recipe = recipe
        self.noise_range = noise_range
        self.root = root
        self.limits = limits
        self.optimizer = _OPTIMIZERS[recipe.optimizer](
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.average = copy.deepcopy(network).eval() if recipe.averaging else None
        self.balance = _Balance(noise_range, next(network.parameters()).device)
        self.steps = self.images = self.epochs = 0
        self.losses = []
        self._start = time.perf_counter()

    @property
    def progress(self):
        """Part of the training that is done, in [0, 1]."""
        done = {
            "epochs": self.epochs,
            "images": self.images,
            "seconds": time.perf_counter() - self._start,
        }
        return min(1.0, max(done[name] / limit for name, limit in self.limits.items()))

    def step(self, clean, epoch_progress=0.0):
        """Take one optimisation step on a batch of clean images.

        Parameters
        ----------
        clean : torch.Tensor of shape (m, C, H, W), float32
            On the network's device.
        epoch_progress : float, default=0.0
            Part of the current epoch that is done, for the schedule.

        Returns
        -------
        loss : float

        Raises
        ------
        FloatingPointError
            If the loss is not finite.
        """
        noise = self._draw_noise(clean)
        sigma = self._draw_levels(len(clean)).to(clean.device)
        self._set_learning_rate(epoch_progress)
        noise = noise * sigma.view(-1, 1, 1, 1)
        error = (self.network(clean + noise) - noise).square().sum(dim=(1, 2, 3))
        weights = self.balance.update(sigma, error.detach()) if self.recipe.balanced else 1.0
        loss = (weights * error).mean()
        if not torch.isfinite(loss):
            rate = self.optimizer.param_groups[0]["lr"]
            raise FloatingPointError(
                f"The loss became {loss.item()} at image {self.images} with learning rate "
                f"{rate:.2g}. Lower learning_rate, or check the range of the images."
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.steps += 1
        self.images += len(clean)
        self._update_average()
        return loss.item()

    def finished_network(self):
        """Return the network to use: the average of the weights, or the last ones."""
        return (self.network if self.average is None else self.average).eval()

    def _draw_noise(self, clean):
        indices = range(self.images, self.images + len(clean))
        noise = image_normals(child(self.root, NOISE), indices, tuple(clean.shape[1:]), np.float32)
        return torch.from_numpy(noise).to(clean.device)

    def _draw_levels(self, n):
        generator = image_generator(child(self.root, STEP), self.steps)
        recipe = self.recipe
        levels = draw_noise_levels(
            recipe.noise_law, self.noise_range, n, generator, recipe.stratified
        )
        return torch.from_numpy(levels)

    def _set_learning_rate(self, epoch_progress):
        progress = self.progress
        if "epochs" in self.limits:
            progress = max(progress, (self.epochs + epoch_progress) / self.limits["epochs"])
        warm = min(1.0, (progress + 1e-3) / self.recipe.warmup) if self.recipe.warmup else 1.0
        rate = self.recipe.learning_rate * warm * SCHEDULES[self.recipe.schedule](progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    @torch.no_grad()
    def _update_average(self):
        if self.average is None:
            return
        # Early on the average follows closely, so that short trainings profit too.
        decay = min(self.recipe.averaging, self.steps / (self.steps + 20))
        mine, new = self.average.state_dict(), self.network.state_dict()
        torch._foreach_lerp_(list(mine.values()), list(new.values()), 1 - decay)


class _Balance:
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


def _adam(parameters, **settings):
    return torch.optim.Adam(parameters, **settings)


def _adamw(parameters, **settings):
    return torch.optim.AdamW(parameters, fused=True, **settings)


_OPTIMIZERS = {"adam": _adam, "adamw": _adamw}

SCHEDULES = {
    "cosine": lambda progress: 0.5 * (1 + math.cos(math.pi * min(progress, 1.0))),
    "halving": lambda progress: 0.5 ** math.floor(10 * min(progress, 0.999)),
}


def train(training, read, n_images, batch_size, *, patch_size=None, on_step=None, on_epoch=None):
    """Run a training to its end.

    Parameters
    ----------
    training : Training
        The state; changed in place.
    read : callable
        Index array to clean images, a tensor (m, C, H, W) float32 on the CPU.
    n_images : int
        Number of training images.
    batch_size : int
        Images of one step.
    patch_size : int, default=None
        Side of the random crop of each image; None for whole images.
    on_step : callable, default=None
        Called with the training after each step.
    on_epoch : callable, default=None
        Called with the training after each pass over the images; training stops if it returns
        True.
    """
    device = next(training.network.parameters()).device
    training.network.train()
    while training.steps == 0 or training.progress < 1:
        order = image_generator(child(training.root, ORDER), training.epochs).permutation(n_images)
        losses = []
        for start in range(0, n_images, batch_size):
            indices = order[start : start + batch_size]
            clean = _crop(read(indices), patch_size, training)
            losses.append(training.step(clean.to(device), start / n_images))
            if on_step is not None:
                on_step(training)
            if training.progress >= 1:
                break
        training.epochs += 1
        training.losses.append(float(np.mean(losses)))
        if on_epoch is not None and on_epoch(training):
            break


def _crop(clean, patch_size, training):
    """Cut one square of each image, at random."""
    height, width = clean.shape[-2:]
    if patch_size is None or patch_size >= min(height, width):
        return clean
    generator = image_generator(child(training.root, STEP, 1), training.steps)
    tops = generator.integers(0, height - patch_size + 1, len(clean))
    lefts = generator.integers(0, width - patch_size + 1, len(clean))
    return torch.stack(
        [
            image[:, top : top + patch_size, left : left + patch_size]
            for image, top, left in zip(clean, tops, lefts, strict=True)
        ]
    )
