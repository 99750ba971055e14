"""One training: its state, and the step that changes it.

The network learns to return the noise: for ``y = x + sigma z`` it minimises
``||net(y) - sigma z||^2``, so ``y - net(y)`` estimates ``E[x | y]``. Image ``j`` of the training
sequence (counted over all epochs) gets the noise of stream ``j``; the order of the images, their
noise levels and crops come from streams of the epoch and the step. So the sequence depends on the
seed and the batch size alone, not on the device or the number of processes.
"""

import contextlib
import copy
import math
import time

import numpy as np
import torch

from gahb_sk._random import image_generator, torch_seed
from gahb_sk.networks._build import OwnNetwork, seeded
from gahb_sk.networks._energy import EnergyModule
from gahb_sk.networks._inference import predict_noise
from gahb_sk.networks._layout import lay_out
from gahb_sk.training._engines import LocalEngine
from gahb_sk.training._image_errors import OBJECTIVES, noisy_of, size_of
from gahb_sk.training._machine import Machine, Precision, warn_of_no_compiler
from gahb_sk.training._noise import draw_noise
from gahb_sk.training._noise_levels import draw_noise_levels
from gahb_sk.training._objective import Balance, TrainingCurve, curve_levels, loss_weights
from gahb_sk.training._optimizer import learning_rate, make_optimizer, update_average
from gahb_sk.training._recipes import SUPERVISED
from gahb_sk.training._streams import stream

# Fraction of the noise that an estimated error counts as at least, where errors are balanced.
_LEAST_ESTIMATE = 0.01


class Trainer:
    """State of one training: the network, its averages, and the counts that seeds come from.

    Parameters
    ----------
    network : torch.nn.Module
        On its device.
    recipe : Recipe
        How to train.
    noise_range : tuple of float
    root : numpy.random.SeedSequence
        Source of all randomness.
    limits : dict of str to float
        When to stop: ``"epochs"``, ``"images"``, ``"seconds"``; the first to be reached.
    engine : LocalEngine, default=None
        This process's place among others; None for one process.
    machine : Machine, default=Machine()
        Precision, and whether torch compiles the network.

    Attributes
    ----------
    steps, images, epochs : int
        Done so far.
    seconds, waited : float
        Of the training so far, and of it those spent waiting for images; up to date after a step.
    position : int
        Images of the present epoch that are done.
    epoch_losses : list of float
        Loss of each step of the present epoch.
    history : list of dict
        One record per epoch: ``images``, ``seconds``, ``waited``, ``loss``, the noise levels
        ``sigma``, near each the PSNR of the images trained on, ``train_psnr``, and at each the
        ``psnr`` of held-out images if there are any.
    best, best_score, best_epoch : dict of str to torch.Tensor or None, float, int
        Weights with the best held-out score so far.
    interrupted, ending, stopped : bool
        Whether Ctrl-C came to this process; whether it came to any; whether there was no progress.
    losses : list of float
        Mean loss of each epoch: with a balanced recipe relative to the running mean error, else
        the summed squared error of an image.
    """

    def __init__(self, network, recipe, noise_range, root, limits, *, engine=None, machine=None):
        machine = Machine() if machine is None else machine
        self.engine = LocalEngine() if engine is None else engine
        self.network = lay_out(network)
        self.recipe = recipe
        self.noise_range = noise_range
        self.root = root
        self.limits = limits
        self.optimizer = make_optimizer(recipe, network.parameters())
        self.average = copy.deepcopy(network).eval() if recipe.averaging else None
        device = next(network.parameters()).device
        self.balance = Balance(noise_range, device)
        self.curve = TrainingCurve(noise_range, device)
        self.precision = Precision(machine.precision, device)
        # torch does not differentiate a compiled gradient again, which energies need.
        self.compiled = machine.compile and not isinstance(network, EnergyModule)  # not yet tried
        self.forward = self.engine.wrap(torch.compile(network) if self.compiled else network)
        self.steps = self.images = self.epochs = self.position = 0
        self.losses, self.epoch_losses, self.history = [], [], []
        self.best, self.best_score, self.best_epoch = None, -math.inf, 0
        self.interrupted = self.ending = self.stopped = False
        self.seconds = self.waited = 0.0
        self.before = None  # the weights, before the last step
        self.start = time.perf_counter()

    @property
    def progress(self):
        """Fraction of the training that is done, in [0, 1]."""
        done = {"epochs": self.epochs, "images": self.images, "seconds": self.seconds}
        return min(1.0, max(done[name] / limit for name, limit in self.limits.items()))

    @property
    def finished(self):
        """Whether to stop: asked to, or a limit is reached, after one step at least."""
        return self.ending or self.stopped or (self.steps > 0 and self.progress >= 1)

    def draw(self, first, step, shape):
        """Draw what a batch needs besides its images.

        Parameters
        ----------
        first : int
            Number of the batch's first image in the training sequence.
        step : int
            Number of the step.
        shape : tuple of int
            ``(n, C, H, W)`` of the whole batch.

        Returns
        -------
        noise : torch.Tensor of shape (m, C, H, W), float32
            Standard normal and white unless the recipe says otherwise, for this process's share.
        sigma : torch.Tensor of shape (n,), float32
            Of the whole batch.
        """
        share = self.engine.share(shape[0])
        indices = range(first + share.start, first + share.stop)
        recipe, generator = self.recipe, image_generator(stream(self.root, "step"), step)
        noise = draw_noise(recipe.noise, stream(self.root, "noise"), indices, tuple(shape[1:]))
        sigma = draw_noise_levels(
            recipe.noise_law, self.noise_range, shape[0], generator, recipe.stratified
        )
        return noise, torch.from_numpy(sigma)

    def step(self, images, normal, sigma, epoch_progress=0.0):
        """Take one optimisation step on a batch.

        Parameters
        ----------
        images, normal : torch.Tensor of shape (m, C, H, W), float32
            Images (clean, unless the recipe's objective is for noisy ones) and standard normal
            noise of this process's share, on its device.
        sigma : torch.Tensor of shape (n,)
            Noise levels of the whole batch.
        epoch_progress : float, default=0.0
            Fraction of the current epoch that is done, for the schedule.

        Returns
        -------
        loss : float
            Of the whole batch.

        Raises
        ------
        FloatingPointError
            If the loss, its gradient or the new weights are not finite; the network is left as it
            was.
        """
        self._set_learning_rate(epoch_progress)
        with torch.no_grad():
            self.before = [weight.clone() for weight in self._weights()]
        loss, value, balance, mse = self._loss(images, normal, sigma)
        self.optimizer.zero_grad(set_to_none=True)
        self.precision.backward(loss)
        norm = self.precision.clip(self.optimizer, self.network.parameters(), self.recipe.clip)
        good = math.isfinite(value) and self.precision.tolerates(norm.item())
        if good:
            self.precision.step(self.optimizer)
            with torch.no_grad():  # NaN and infinity show in a sum
                sums = torch.stack([weight.sum() for weight in self.network.parameters()])
            good = bool(sums.isfinite().all())
        if not good:
            self.refuse(value)
        self.balance = balance
        if self.recipe.objective == SUPERVISED:  # else the error is not known, but estimated
            self.curve.update(sigma, mse)
        self._count(len(sigma), value)
        if self.average is not None:
            update_average(self.average, self.network, self.recipe.averaging, self.steps)
        return value

    def _loss(self, images, normal, sigma):
        """Loss of the share, scaled so that its mean over processes is that of the batch."""
        n, share = len(sigma), self.engine.share(len(sigma))
        recipe = self.recipe
        d = size_of(noisy_of(images, recipe.objective).shape[1:], recipe.part)
        objective = OBJECTIVES[recipe.objective]
        error = objective(self._predict, images, normal, sigma[share], recipe.part)
        everyone = self.engine.gather(error.detach(), n)
        balance, known = copy.copy(self.balance), everyone
        if recipe.objective != SUPERVISED:  # estimates may be negative
            known = torch.maximum(everyone, _LEAST_ESTIMATE * d * sigma.square())
        weights = loss_weights(recipe.loss_weight, balance, sigma, known)
        loss = (weights[share] * error).sum() / (n / self.engine.size)
        value = (weights * everyone).mean().item()
        return loss, value, balance, everyone / d

    def _predict(self, noisy, level):
        def call():
            with self._layers_seeded(noisy.device), self.precision.autocast():
                noise = predict_noise(self.network, noisy, level, call=self.forward)
            return noise.to(noisy.dtype)

        if not self.compiled:
            return call()
        self.compiled = False
        try:
            return call()
        except Exception as error:
            self.forward = self.engine.wrap(self.network)
            result = call()  # an error of another cause shows itself here
            warn_of_no_compiler(error)
            return result

    def _layers_seeded(self, device):
        """Layers of a user's module, such as dropout, may draw from torch's global state."""
        if not isinstance(self.network, OwnNetwork):
            return contextlib.nullcontext()
        root = stream(self.root, "layers", self.steps, self.engine.rank)
        return seeded(torch_seed(root), device)

    def _count(self, n, value):
        self.steps += 1
        self.images += n
        self.position += n
        self.epoch_losses.append(value)
        # Not written back to ``interrupted``: a Ctrl-C during the exchange would be lost.
        self.seconds, asked = self.engine.largest(
            time.perf_counter() - self.start, float(self.interrupted)
        )
        self.ending = bool(asked)

    def end_epoch(self):
        """Count a pass over the images."""
        self.losses.append(float(np.mean(self.epoch_losses)))
        self.history.append(
            {
                "images": self.images,
                "seconds": self.seconds,
                "waited": self.waited,
                "loss": self.losses[-1],
                "sigma": curve_levels(self.noise_range),
                "train_psnr": self.curve.take(),
            }
        )
        self.epoch_losses = []
        self.epochs += 1
        self.position = 0

    def _weights(self):
        return [*self.network.parameters(), *self.network.buffers()]

    @torch.no_grad()
    def refuse(self, loss):
        """Go back to the weights before the last step and raise FloatingPointError."""
        for weight, old in zip(self._weights(), self.before, strict=True):
            weight.copy_(old)
        rate = self.optimizer.param_groups[0]["lr"]
        raise FloatingPointError(
            f"The loss ({loss}), its gradient or the weights became infinite or NaN at image "
            f"{self.images} with learning rate {rate:.2g}; the last good weights are kept. Lower "
            "the recipe's learning_rate, or check the range of the images."
        )

    @property
    def averaged(self):
        """The average of the weights if the recipe asks for one, else the network itself."""
        return self.network if self.average is None else self.average

    def finished_network(self):
        """Return the network to use: the best held-out one, else the average, else the last."""
        network = self.averaged.eval()
        if self.best is not None:
            network.load_state_dict(self.best)
        return network

    def score(self, held_out):
        """Measure the present weights on held-out images, keep the best, decide when to stop."""
        values = held_out.psnr(self.averaged, self.engine)
        self.history[-1]["psnr"] = values
        mean, patience = float(np.mean(values)), self.recipe.patience
        if mean > self.best_score:
            self.best_score, self.best_epoch = mean, self.epochs
            self.best = {name: value.clone() for name, value in self.averaged.state_dict().items()}
        self.stopped = patience is not None and self.epochs - self.best_epoch >= patience

    def _set_learning_rate(self, epoch_progress):
        progress = self.progress
        if "epochs" in self.limits:
            progress = max(progress, (self.epochs + epoch_progress) / self.limits["epochs"])
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.recipe, progress)
