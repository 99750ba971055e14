"""The one training loop: clean images in, noise drawn afresh, weights out.

The network learns to return the noise: for ``y = x + sigma z`` it minimises
``||net(y) - sigma z||^2``, so that ``y - net(y)`` estimates ``E[x | y]``. Image ``j`` of the
training sequence (counted over all epochs) gets the noise of stream ``j``; the order of the
images, their noise levels and crops come from streams of the epoch and the step. So the sequence
depends on the seed alone, not on the device.
"""

import contextlib
import copy
import math
import time

import numpy as np
import torch

from gahb_sk._random import child, image_generator, image_normals
from gahb_sk.datasets._prefetch import prefetched
from gahb_sk.networks._balance import Balance
from gahb_sk.networks._inference import predict_noise
from gahb_sk.networks._interrupt import interrupt_after_step
from gahb_sk.networks._layout import lay_out
from gahb_sk.networks._noise_levels import draw_noise_levels
from gahb_sk.networks._schedules import OPTIMIZERS, SCHEDULES
from gahb_sk.networks._sources import crop

# Streams below the root seed.
NOISE, ORDER, STEP, WEIGHTS, HELD_OUT, CONTINUED = range(6)


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
    position : int
        Images of the present epoch that are done.
    epoch_losses : list of float
        Loss of each step of the present epoch.
    history : list of dict
        One record an epoch: ``images``, ``seconds``, ``loss``, and what is measured on held-out
        images.
    best, best_score, best_epoch : dict of str to torch.Tensor or None, float, int
        Weights with the best held-out score so far.
    interrupted, stopped : bool
        Whether to stop after the present step, by Ctrl-C or for want of progress.
    losses : list of float
        Mean loss of each epoch: with a balanced recipe relative to the running mean error, else
        the summed squared error of an image.
    """

    def __init__(self, network, recipe, noise_range, root, limits):
        self.network = lay_out(network)
        self.recipe = recipe
        self.noise_range = noise_range
        self.root = root
        self.limits = limits
        self.optimizer = OPTIMIZERS[recipe.optimizer](
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.average = copy.deepcopy(network).eval() if recipe.averaging else None
        self.balance = Balance(noise_range, next(network.parameters()).device)
        self.steps = self.images = self.epochs = self.position = 0
        self.losses, self.epoch_losses = [], []
        self.history = []
        self.best, self.best_score, self.best_epoch = None, -math.inf, 0
        self.interrupted = self.stopped = False
        self.start = time.perf_counter()

    @property
    def progress(self):
        """Part of the training that is done, in [0, 1]."""
        done = {
            "epochs": self.epochs,
            "images": self.images,
            "seconds": time.perf_counter() - self.start,
        }
        return min(1.0, max(done[name] / limit for name, limit in self.limits.items()))

    @property
    def finished(self):
        """Whether to stop: a limit is reached (after one step at least), or it was told to."""
        return self.interrupted or self.stopped or (self.steps > 0 and self.progress >= 1)

    def draw(self, first, step, shape):
        """Draw what a batch needs besides its images.

        Parameters
        ----------
        first : int
            Number of the batch's first image in the training sequence.
        step : int
            Number of the step.
        shape : tuple of int
            ``(m, C, H, W)``.

        Returns
        -------
        noise : torch.Tensor of shape (m, C, H, W), float32
            Standard normal.
        sigma : torch.Tensor of shape (m,), float32
        """
        indices = range(first, first + shape[0])
        noise = image_normals(child(self.root, NOISE), indices, tuple(shape[1:]), np.float32)
        recipe = self.recipe
        sigma = draw_noise_levels(
            recipe.noise_law,
            self.noise_range,
            shape[0],
            image_generator(child(self.root, STEP), step),
            recipe.stratified,
        )
        return torch.from_numpy(noise), torch.from_numpy(sigma)

    def step(self, clean, noise, sigma, epoch_progress=0.0):
        """Take one optimisation step on a batch.

        Parameters
        ----------
        clean, noise : torch.Tensor of shape (m, C, H, W), float32
            Clean images and standard normal noise, on the network's device.
        sigma : torch.Tensor of shape (m,)
            Noise levels.
        epoch_progress : float, default=0.0
            Part of the current epoch that is done, for the schedule.

        Returns
        -------
        loss : float

        Raises
        ------
        FloatingPointError
            If the loss or its gradient is not finite; the network is left as it was.
        """
        self._set_learning_rate(epoch_progress)
        before = [buffer.clone() for buffer in self.network.buffers()]
        noise = noise * sigma.view(-1, 1, 1, 1)
        error = (predict_noise(self.network, clean + noise) - noise).square().sum(dim=(1, 2, 3))
        balance = copy.copy(self.balance)
        weights = balance.update(sigma, error.detach()) if self.recipe.balanced else 1.0
        loss = (weights * error).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        bound = math.inf if self.recipe.clip is None else self.recipe.clip
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), bound)
        value = loss.item()
        if not math.isfinite(value + norm.item()):
            for buffer, old in zip(self.network.buffers(), before, strict=True):
                buffer.copy_(old)
            self._refuse(value)
        self.optimizer.step()
        self.balance = balance
        self.steps += 1
        self.images += len(clean)
        self.position += len(clean)
        self.epoch_losses.append(value)
        self._update_average()
        return value

    def end_epoch(self):
        """Count a pass over the images."""
        self.losses.append(float(np.mean(self.epoch_losses)))
        seconds = time.perf_counter() - self.start
        self.history.append({"images": self.images, "seconds": seconds, "loss": self.losses[-1]})
        self.epoch_losses = []
        self.epochs += 1
        self.position = 0

    def _refuse(self, loss):
        rate = self.optimizer.param_groups[0]["lr"]
        raise FloatingPointError(
            f"The loss ({loss}) or its gradient became infinite or NaN at image {self.images} "
            f"with learning rate {rate:.2g}; the last good weights are kept. Lower "
            "learning_rate, or check the range of the images."
        )

    def finished_network(self):
        """Return the network to use: the best held-out one, else the average, else the last."""
        network = (self.network if self.average is None else self.average).eval()
        if self.best is not None:
            network.load_state_dict(self.best)
        return network

    def score(self, held_out, patience):
        """Measure the present weights on held-out images, keep the best, decide when to stop.

        Parameters
        ----------
        held_out : HeldOut
            Images and noise levels.
        patience : int
            Epochs without progress after which training stops.
        """
        network = self.network if self.average is None else self.average
        values = held_out.psnr(network)
        self.history[-1]["psnr"] = values
        mean = float(np.mean(values))
        if mean > self.best_score:
            self.best_score, self.best_epoch = mean, self.epochs
            self.best = {name: value.clone() for name, value in network.state_dict().items()}
        self.stopped = self.epochs - self.best_epoch >= patience

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


def train(training, images, batch_size, *, patch_size=None, on_step=None, on_epoch=None):
    """Run a training to its end, from wherever it stands.

    Parameters
    ----------
    training : Training
        The state; changed in place.
    images : object
        With ``__len__``, the images of an epoch; ``order(epoch, root)``, their indices in the
        order of that epoch; and ``read(indices)``, clean images, a float32 tensor (m, C, H, W) on
        the CPU. See ``_sources.py``.
    batch_size : int
        Images of one step.
    patch_size : int, default=None
        Side of the random crop of each image; None for whole images.
    on_step : callable, default=None
        Called with the training after each step.
    on_epoch : callable, default=None
        Called with the training after each pass over the images.
    """
    device = next(training.network.parameters()).device
    training.network.train()
    with interrupt_after_step(training):
        while not training.finished:
            with contextlib.closing(_batches(training, images, batch_size, patch_size)) as batches:
                for batch in batches:
                    done = training.position / len(images)
                    training.step(*(part.to(device) for part in batch), done)
                    if on_step is not None:
                        on_step(training)
                    if training.finished:
                        break
            training.end_epoch()
            if on_epoch is not None:
                on_epoch(training)
        if training.epoch_losses:  # resumed after the last step
            training.end_epoch()


def _batches(training, images, batch_size, patch_size):
    """Yield the rest of the epoch, each batch made in a worker thread ahead of its use."""
    order = images.order(training.epochs, child(training.root, ORDER))
    position, step, image = training.position, training.steps, training.images

    def make(number):
        start = position + number * batch_size
        indices = order[start : start + batch_size]
        clean = images.read(indices)
        generator = image_generator(child(training.root, STEP, 1), step + number)
        clean = crop(clean, patch_size, generator)
        return clean, *training.draw(image + number * batch_size, step + number, clean.shape)

    yield from prefetched(make, range(-(-(len(order) - position) // batch_size)))
