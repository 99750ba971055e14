"""What all neural denoisers share: parameters, training, inference.

A subclass gives ``_build(image_channels, generator)``.
"""

import contextlib
import dataclasses
import os
import time
import warnings

import numpy as np
import torch
from sklearn.callback import CallbackSupportMixin, with_callbacks

from gahb_sk._random import child, seed_sequence, torch_seed
from gahb_sk._validation import (
    Integral,
    Interval,
    Real,
    StrOptions,
    at_least,
    fit_context,
    positive,
)
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.denoisers._linear import JacobianOperator
from gahb_sk.denoisers._saved_network import SavedNetworkMixin, plain
from gahb_sk.networks._checkpoints import (
    check_fingerprint,
    load_checkpoint,
    restore,
    save_checkpoint,
    saved_root,
)
from gahb_sk.networks._devices import resolve_device
from gahb_sk.networks._held_out import HeldOut
from gahb_sk.networks._inference import denoise, jacobian_products
from gahb_sk.networks._noise_levels import check_noise_range
from gahb_sk.networks._progress import progress_bar
from gahb_sk.networks._published import load_checked
from gahb_sk.networks._recipes import RECIPES
from gahb_sk.networks._sources import StackSource, StreamSource, is_stream
from gahb_sk.networks._training import CONTINUED, HELD_OUT, WEIGHTS, Training, train

# Parameters that do not change the weights a training ends with.
_FREE = {"device", "verbose", "checkpoint_dir", "checkpoint_every", "random_state", "warm_start"}

# Noise levels at which held-out images are measured.
_HELD_OUT_LEVELS = 5

# Images of one forward pass: bounds the memory of the feature maps.
_PIXELS_AT_ONCE = 2**18


class NeuralDenoiser(CallbackSupportMixin, SavedNetworkMixin, BaseDenoiser):
    """Base class of blind denoisers that are bias-free networks."""

    kind = "learned"
    _backend = "torch"
    _needs_sigma = False
    _fixed = "channels"

    _parameter_constraints: dict = {
        "noise_range": [tuple, list],
        "recipe": [StrOptions(set(RECIPES))],
        "learning_rate": [positive(), None],
        "batch_size": [at_least(1)],
        "patch_size": [at_least(1), None],
        "max_epochs": [at_least(1), None],
        "max_images": [at_least(1), None],
        "time_budget": [positive(), None],
        "device": [str],
        "verbose": ["boolean", Interval(Integral, 0, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [at_least(1)],
        "warm_start": ["boolean"],
        "checkpoint_dir": [str, os.PathLike, None],
        "checkpoint_every": [positive()],
        "random_state": ["random_state"],
        "image_shape": BaseDenoiser._parameter_constraints["image_shape"],
    }

    @fit_context(prefer_skip_nested_validation=True)
    @with_callbacks
    def fit(self, X, y=None):
        """Train the network on clean images.

        Parameters
        ----------
        X : array-like, torch.Tensor, lazy stack or FreshImages
            Clean images ``(n, H, W)`` or ``(n, C, H, W)``; flat rows if ``image_shape`` was
            given. A lazy stack is read batch by batch, ahead of use; a stream of fresh images
            never shows one twice (10,000 of them count as an epoch).
        y : array-like of the shape of X, default=None
            If it holds images, they are the clean ones; anything else is ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError, TypeError
            If the images or a parameter break the contract, or ``checkpoint_dir`` holds another
            training.
        FloatingPointError
            If the loss becomes infinite or NaN; the estimator keeps the last good weights.

        Warns
        -----
        UserWarning
            After Ctrl-C: the training stops after the present step, the estimator is fitted.
        """
        recipe = RECIPES[self.recipe]
        if self.learning_rate is not None:
            recipe = dataclasses.replace(recipe, learning_rate=self.learning_rate)
        start = getattr(self, "network_", None) if self.warm_start else None
        return self._train(
            X, y, recipe, self._limits(), start, self.checkpoint_dir, hold_out=self.early_stopping
        )

    @fit_context(prefer_skip_nested_validation=True)
    @with_callbacks
    def partial_fit(self, X, y=None):
        """Train by one pass over X, from the present weights if there are any.

        The learning rate is constant, a tenth of the recipe's after the first call; the
        optimiser's moments start anew.

        Parameters
        ----------
        X, y : array-like
            See ``fit``.

        Returns
        -------
        self : object
        """
        start = getattr(self, "network_", None)
        recipe = RECIPES[self.recipe]
        rate = self.learning_rate or recipe.learning_rate
        recipe = dataclasses.replace(
            recipe,
            schedule="constant",
            warmup=0.0,
            learning_rate=rate if start is None else rate / 10,
        )
        return self._train(X, y, recipe, {"epochs": 1}, start, reset=start is None)

    def _train(
        self, X, y, recipe, limits, start, checkpoint_dir=None, *, reset=True, hold_out=False
    ):
        source, image_shape = self._source(X, y, reset)
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self)
        root = seed_sequence(self.random_state)
        seen = 0 if start is None else self.n_images_seen_
        if seen:  # going on: other noise than before
            root = child(root, CONTINUED, seen)
        saved = None if checkpoint_dir is None else load_checkpoint(checkpoint_dir)
        fingerprint = None if checkpoint_dir is None else self._fingerprint(source, root)
        if saved is not None:
            check_fingerprint(saved[1], fingerprint, checkpoint_dir)
            root = saved_root(saved[1])
        generator = torch.Generator().manual_seed(torch_seed(child(root, WEIGHTS)))
        network = self._build(image_shape[0] if len(image_shape) == 3 else 1, generator)
        if start is not None:
            self._continue_from(network, start)
        network = network.to(resolve_device(self.device))
        training = Training(network, recipe, check_noise_range(self.noise_range), root, limits)
        if saved is not None:
            restore(training, *saved)

        held_out = self._hold_out(source, root) if hold_out else None

        def on_epoch(training):
            if held_out is not None:
                training.score(held_out, self.n_iter_no_change)
            sub = context.subcontext(task_name="epoch")
            sub.call_on_fit_task_begin(estimator=self)
            sub.call_on_fit_task_end(estimator=self)

        try:
            with self._after_step(checkpoint_dir, fingerprint) as on_step:
                train(
                    training,
                    source,
                    min(self.batch_size, len(source)),
                    patch_size=self.patch_size,
                    on_step=on_step,
                    on_epoch=on_epoch,
                )
            if checkpoint_dir is not None:
                save_checkpoint(training, checkpoint_dir, fingerprint)
        finally:
            if training.steps:
                self._keep(training, image_shape, seen)
        context.call_on_fit_task_end(estimator=self)
        return self

    def _source(self, X, y, reset):
        """Where the images come from, and the shape of one as the user sees it."""
        if is_stream(X):
            if self.image_shape is not None:
                raise ValueError("image_shape: expected None for a stream of fresh images.")
            return StreamSource(X), tuple(X.shape_of_image)
        images = self._check_training_images(X, y, reset)
        return StackSource(images), images.image_shape

    def _check_training_images(self, X, y=None, reset=True):
        if reset:
            return super()._check_training_images(X, y)
        return self._check_images(y if np.shape(y) == np.shape(X) else X)

    def _hold_out(self, source, root):
        part = child(root, HELD_OUT)
        images = source.hold_out(self.validation_fraction, part)
        low, high = check_noise_range(self.noise_range)
        return HeldOut(images, np.geomspace(low, high, _HELD_OUT_LEVELS + 2)[1:-1], part)

    def _fingerprint(self, source, root):
        parameters = {
            name: plain(value) for name, value in self.get_params().items() if name not in _FREE
        }
        words = np.atleast_1d(np.array(root.entropy, object))
        seed = None if self.random_state is None else [str(word) for word in words]
        return {**parameters, "data": source.fingerprint(), "random_state": seed}

    def _continue_from(self, network, start):
        try:
            load_checked(network, start.state_dict(), "warm_start")
        except ValueError as error:
            raise ValueError(
                f"{error} The fitted network was built with other parameters; use warm_start=False."
            ) from error
        network.requires_grad_(True)

    def _keep(self, training, image_shape, seen):
        self.image_shape_ = image_shape
        self.network_ = training.finished_network().to("cpu").requires_grad_(False)
        self.loss_curve_ = list(training.losses)
        self.history_ = list(training.history)
        self.n_iter_ = training.steps
        self.n_images_seen_ = seen + training.images
        if training.interrupted:
            warnings.warn(
                f"Training was interrupted after {training.images} images; the estimator is "
                "fitted with the weights reached.",
                stacklevel=4,
            )

    @contextlib.contextmanager
    def _after_step(self, checkpoint_dir, fingerprint):
        """Give what is called after each step: the progress bar and the checkpoints."""
        last = time.monotonic()

        def on_step(training):
            nonlocal last
            if show is not None:
                show(training)
            due = time.monotonic() - last >= self.checkpoint_every
            if checkpoint_dir is not None and due:
                save_checkpoint(training, checkpoint_dir, fingerprint)
                last = time.monotonic()

        with progress_bar(type(self).__name__, self.verbose) as show:
            yield on_step

    def _limits(self):
        limits = {
            "epochs": self.max_epochs,
            "images": self.max_images,
            "seconds": self.time_budget,
        }
        limits = {name: value for name, value in limits.items() if value is not None}
        if not limits:
            raise ValueError(
                "max_epochs, max_images, time_budget: expected at least one that says when to "
                "stop, got None for all three."
            )
        return limits

    def _chunk_length(self, shape):
        return max(1, _PIXELS_AT_ONCE // (shape[2] * shape[3]))

    def _denoise(self, noisy, sigma):
        device = resolve_device(self.device)
        network = self.network_.to(device)
        try:
            with torch.no_grad():
                out = denoise(network, noisy.to(device, torch.float32))
        finally:
            self.network_.to("cpu")
        return out

    def _linearize(self, image, sigma):
        return JacobianOperator(image.size, *jacobian_products(self.network_, image))
