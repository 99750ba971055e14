"""What all neural denoisers share: parameters, training, inference.

A subclass gives ``_build(image_channels, generator)``.
"""

import contextlib
import dataclasses

import numpy as np
import torch
from sklearn.callback import CallbackSupportMixin, with_callbacks
from tqdm.auto import tqdm

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
from gahb_sk.networks._inference import denoise, jacobian_products
from gahb_sk.networks._recipes import RECIPES
from gahb_sk.networks._training import WEIGHTS, Training, train

# Images of one forward pass: bounds the memory of the feature maps.
_PIXELS_AT_ONCE = 2**18


class NeuralDenoiser(CallbackSupportMixin, BaseDenoiser):
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
        "random_state": ["random_state"],
        "image_shape": BaseDenoiser._parameter_constraints["image_shape"],
    }

    @fit_context(prefer_skip_nested_validation=True)
    @with_callbacks
    def fit(self, X, y=None):
        """Train the network on clean images.

        Parameters
        ----------
        X : array-like, torch.Tensor or lazy stack
            Clean images ``(n, H, W)`` or ``(n, C, H, W)``; flat rows if ``image_shape`` was
            given. A lazy stack is read batch by batch.
        y : array-like of the shape of X, default=None
            If it holds images, they are the clean ones; anything else is ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError, TypeError
            If the images or a parameter break the contract.
        FloatingPointError
            If the loss becomes infinite or NaN.
        """
        images = self._check_training_images(X, y)
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self)
        self._fit(images, context)
        self.image_shape_ = images.image_shape
        context.call_on_fit_task_end(estimator=self)
        return self

    def _fit(self, images, context):
        root = seed_sequence(self.random_state)
        generator = torch.Generator().manual_seed(torch_seed(child(root, WEIGHTS)))
        network = self._build(images.shape[1], generator).to(self._device())
        recipe = RECIPES[self.recipe]
        if self.learning_rate is not None:
            recipe = dataclasses.replace(recipe, learning_rate=self.learning_rate)
        training = Training(network, recipe, self._check_noise_range(), root, self._limits())

        def read(indices):
            return images.tensor(np.asarray(indices)).to("cpu", torch.float32)

        def on_epoch(training):
            sub = context.subcontext(task_name="epoch")
            sub.call_on_fit_task_begin(estimator=self)
            sub.call_on_fit_task_end(estimator=self)

        with self._progress_bar() as on_step:
            train(
                training,
                read,
                len(images),
                min(self.batch_size, len(images)),
                patch_size=self.patch_size,
                on_step=on_step,
                on_epoch=on_epoch,
            )
        self.network_ = training.finished_network().to("cpu").requires_grad_(False)
        self.loss_curve_ = list(training.losses)
        self.n_iter_ = training.steps
        self.n_images_seen_ = training.images

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

    def _check_noise_range(self):
        numbers = [isinstance(s, Real) and np.isfinite(s) for s in self.noise_range]
        if len(numbers) != 2 or not all(numbers) or not 0 < min(*self.noise_range):
            raise ValueError(
                f"noise_range: expected (low, high) with 0 < low <= high, got {self.noise_range!r}."
            )
        low, high = self.noise_range
        if low > high:
            raise ValueError(
                f"noise_range: expected (low, high) with 0 < low <= high, got {self.noise_range!r}."
            )
        return float(low), float(high)

    def _device(self):
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        try:
            device = torch.device(self.device)
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:
            raise ValueError(
                f"device: expected 'auto', 'cpu' or a device of this machine, got {self.device!r}."
            ) from error
        return device

    @contextlib.contextmanager
    def _progress_bar(self):
        """Give a function to call after each step; it draws a bar if ``verbose``."""
        if not self.verbose:
            yield None
            return
        with tqdm(total=100, desc=type(self).__name__, unit="%", leave=False) as bar:

            def on_step(training):
                done = int(100 * training.progress)
                if done > bar.n:
                    bar.set_postfix(images=training.images, refresh=False)
                    bar.update(done - bar.n)

            yield on_step

    def _chunk_length(self, shape):
        return max(1, _PIXELS_AT_ONCE // (shape[2] * shape[3]))

    def _denoise(self, noisy, sigma):
        device = self._device()
        network = self.network_.to(device)
        try:
            with torch.no_grad():
                out = denoise(network, noisy.to(device, torch.float32))
        finally:
            self.network_.to("cpu")
        return out

    def _linearize(self, image, sigma):
        return JacobianOperator(image.size, *jacobian_products(self.network_, image))
