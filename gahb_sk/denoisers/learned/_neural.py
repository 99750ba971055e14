"""What all neural denoisers share: parameters, training, inference.

A subclass gives ``_build(image_channels, generator)``. Its network has the attributes ``multiple``
(of which the sides of an image must be multiples) and ``conditional`` (whether it is told the noise
level).
"""

import copy
import dataclasses
import os
import warnings

import numpy as np
import torch
from sklearn.callback import CallbackSupportMixin, with_callbacks

from gahb_sk._arrays import n_channels
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
from gahb_sk.denoisers.learned._saved_network import FREE, SavedNetworkMixin, plain
from gahb_sk.jacobians._network import network_products
from gahb_sk.networks._devices import resolve_device
from gahb_sk.networks._inference import denoise
from gahb_sk.networks._layout import lay_out
from gahb_sk.networks._published import load_checked
from gahb_sk.networks._reach import bytes_per_pixel, reach
from gahb_sk.training._checkpoints import check_fingerprint, load_checkpoint, saved_root
from gahb_sk.training._engines import ENGINES, as_tensors, launch
from gahb_sk.training._job import Job, run
from gahb_sk.training._noise_levels import check_noise_range
from gahb_sk.training._precision import PRECISIONS
from gahb_sk.training._recipes import RECIPES, check_law_in_range, resolve_recipe
from gahb_sk.training._sources import StackSource, StreamSource, is_stream
from gahb_sk.training._training import CONTINUED, WEIGHTS

# What a checkpoint may be resumed with other values of.
_FREE = FREE | {"random_state", "warm_start"}

# Pixels of one forward pass: bounds the memory of the feature maps, and is quickest on CPUs.
_PIXELS_AT_ONCE = 2**17


class NeuralDenoiser(CallbackSupportMixin, SavedNetworkMixin, BaseDenoiser):
    """Base class of denoisers that are bias-free networks."""

    kind = "learned"
    _backend = "torch"
    learns = True
    _fixed = "channels"

    _parameter_constraints: dict = {
        "noise_range": [tuple, list],
        "blind": ["boolean"],
        "recipe": [StrOptions(set(RECIPES)), dict],
        "learning_rate": [positive(), None],
        "batch_size": [at_least(1), None],
        "patch_size": [at_least(1), None],
        "max_epochs": [at_least(1), None],
        "max_images": [at_least(1), None],
        "time_budget": [positive(), None],
        "device": [str],
        "precision": [StrOptions(set(PRECISIONS))],
        "compile": ["boolean"],
        "engine": [StrOptions(set(ENGINES))],
        "devices": [at_least(1)],
        "verbose": ["boolean", Interval(Integral, 0, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [at_least(1), None],
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
        start = getattr(self, "network_", None) if self.warm_start else None
        return self._train(X, y, self._recipe(), self._limits(), start)

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
        recipe = self._recipe()
        rate = recipe.learning_rate if start is None else recipe.learning_rate / 10
        recipe = dataclasses.replace(recipe, schedule="constant", warmup=0.0, learning_rate=rate)
        return self._train(X, y, recipe, {"epochs": 1}, start, part=True)

    def _recipe(self):
        """Return the recipe, with the parameters that take the place of its settings."""
        recipe = resolve_recipe(self.recipe)
        check_law_in_range(recipe, check_noise_range(self.noise_range))
        changes = {"learning_rate": self.learning_rate, "batch_size": self.batch_size}
        given = {name: value for name, value in changes.items() if value is not None}
        return dataclasses.replace(recipe, **given)

    def _train(self, X, y, recipe, limits, start, *, part=False):
        source, image_shape = self._source(X, y, reset=start is None or not part)
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self)
        seen = 0 if start is None else self.n_images_seen_
        job = self._job(source, image_shape, recipe, limits, start, seen, part)

        def on_epoch():
            sub = context.subcontext(task_name="epoch")
            sub.call_on_fit_task_begin(estimator=self)
            sub.call_on_fit_task_end(estimator=self)

        result = launch(self.engine, run, job, self.device, self.devices, on_epoch=on_epoch)
        if result["steps"]:
            self._keep(result, job.network, image_shape, seen)
        if result["error"] is not None:
            raise result["error"]
        context.call_on_fit_task_end(estimator=self)
        return self

    def _job(self, source, image_shape, recipe, limits, start, seen, part):
        root = seed_sequence(self.random_state)
        if seen:  # going on: other noise than before
            root = child(root, CONTINUED, seen)
        folder = None if part else self.checkpoint_dir
        saved = None if folder is None else load_checkpoint(folder)
        fingerprint = None if folder is None else self._fingerprint(source, root)
        if saved is not None:
            check_fingerprint(saved[1], fingerprint, folder)
            root = saved_root(saved[1])
        generator = torch.Generator().manual_seed(torch_seed(child(root, WEIGHTS)))
        network = self._build(image_shape[0] if len(image_shape) == 3 else 1, generator)
        if start is not None:
            self._continue_from(network, start)
        return Job(
            name=type(self).__name__,
            network=network,
            source=source,
            recipe=recipe,
            noise_range=check_noise_range(self.noise_range),
            root=root,
            limits=limits,
            batch_size=min(recipe.batch_size, len(source)),
            patch_size=self.patch_size,
            precision=self.precision,
            compiled=self.compile,
            validation_fraction=self.validation_fraction
            if self.early_stopping and not part
            else None,
            patience=self.n_iter_no_change,
            checkpoint_dir=folder,
            checkpoint_every=self.checkpoint_every,
            fingerprint=fingerprint,
            saved=saved,
            verbose=bool(self.verbose),
        )

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

    def _keep(self, result, network, image_shape, seen):
        network = lay_out(copy.deepcopy(network))
        network.load_state_dict(as_tensors(result["weights"]))
        self.image_shape_ = image_shape
        self.network_ = network.eval().requires_grad_(False)
        self.loss_curve_ = result["losses"]
        self.history_ = result["history"]
        self.n_iter_ = result["steps"]
        self.n_images_seen_ = seen + result["images"]
        if result["interrupted"]:
            warnings.warn(
                f"Training was interrupted after {result['images']} images; the estimator is "
                "fitted with the weights reached.",
                stacklevel=4,
            )

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
        fits = max(1, _PIXELS_AT_ONCE // (shape[2] * shape[3]))
        return fits if self.batch_size is None else min(fits, self.batch_size)

    def _denoise(self, noisy, sigma, clean=None):
        device = resolve_device(self.device)
        network = self.network_.to(device)
        try:
            with torch.no_grad():
                level = None if sigma is None else sigma.to(device, torch.float32)
                out = denoise(network, noisy.to(device, torch.float32), level)
        finally:
            self.network_.to("cpu")
        return out

    def _reach(self):
        return reach(self.network_, n_channels(self.image_shape_)), self.network_.multiple

    def _bytes_per_pixel(self, channels):
        return bytes_per_pixel(self.network_, channels)

    def _jacobian_products(self, images, sigma):
        device = resolve_device(self.device)
        return lambda dtype: network_products(
            self.network_, denoise, images, sigma=sigma, dtype=dtype, device=device
        )
