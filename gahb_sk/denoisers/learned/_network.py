"""Networks trained to denoise: one estimator for any architecture."""

import copy
import dataclasses
import os
import warnings

from sklearn.callback import CallbackSupportMixin, with_callbacks

from gahb_sk._validation import (
    HasMethods,
    Integral,
    Interval,
    StrOptions,
    at_least,
    fit_context,
    positive,
)
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.denoisers.learned._applied import AppliedNetwork
from gahb_sk.denoisers.learned._density import calibration_images, normalize
from gahb_sk.denoisers.learned._saved import SavedNetwork
from gahb_sk.denoisers.learned._setup import recipe_of, training_setup
from gahb_sk.networks._layout import lay_out
from gahb_sk.training._interruption import TrainingInterrupted
from gahb_sk.training._launch import as_tensors, launch
from gahb_sk.training._machine import Machine
from gahb_sk.training._recipes import SUPERVISED, Recipe
from gahb_sk.training._streams import stream


class NetworkDenoiser(CallbackSupportMixin, AppliedNetwork, SavedNetwork, BaseDenoiser):
    """A network trained to denoise, by default without being given the noise level.

    The networks of this library return the noise in their input, ``denoised = y - net(y)``, and
    have no biases: they are homogeneous, ``f(a y) = a f(y)`` for ``a > 0``, and equal to their
    Jacobian times their input, ``f(y) = J(y) y`` [1]_, [2]_.

    Parameters
    ----------
    network : str, architecture, torch.nn.Module or class, default="residual_unet"
        "residual_unet" (best on CPUs), "unet" (the paper's), "bias_free_cnn" or "energy" (the
        gradient of an energy: its Jacobian is symmetric); an architecture
        with its parameters, such as ``UNet(channels=64)`` of :mod:`gahb_sk.networks`, which a grid
        search reaches as ``network__channels``; or a module of your own, called with noisy images
        ``(n, C, H, W)``, and with noise levels ``(n,)`` unless ``blind``. A module is copied and
        trained from the weights it has. A class, or any function without arguments that returns a
        module, is called for weights drawn from ``random_state``. If the sides of an image must be
        multiples of a number, the module says so in an attribute ``multiple``.
    recipe : {"fast", "muon", "paper"}, dict or Recipe, default=None
        How to train. None: "muon" for energies, "fast" for other networks. "fast": log-uniform
        noise levels, errors balanced between them, AdamW with warm-up and cosine schedule, averaged
        weights. "muon": the same by another optimiser, which learns faster, above all energies, and
        is for convolutions without norms. "paper": sigma = U^2, Adam, halved ten times.
        A dict changes single settings, such as ``{"learning_rate": 1e-3, "batch_size": 32}``, of
        the default or of the recipe named by "base"; see :class:`gahb_sk.training.Recipe`. Its
        ``objective`` says how to learn from noisy images, where there are no clean ones.
    noise_range : tuple of float, default=(0.004, 1.0)
        Lowest and highest noise level seen in training, in the units of X.
    blind : bool, default=True
        Whether the network does without the noise level. If not, it receives it, those of this
        library as a constant channel beside the image: ``f(a y, a sigma) = a f(y, sigma)``.
    predicts : {"noise", "clean"}, default="noise"
        What a module of your own returns.
    max_epochs, max_images : int, default=None, 20,000
        Training stops after so many passes over X or so many images, whichever comes first.
    time_budget : float, default=None
        Seconds after which training stops. The schedule ends then, too, so the result depends on
        the machine's speed.
    warm_start : bool, default=False
        Whether the next ``fit`` goes on from the fitted weights.
    checkpoint_dir : str or path-like, default=None
        Folder for checkpoints. ``fit`` with the same parameters and images goes on from the last
        one; in one thread the weights are then the same, bit for bit, as without the
        interruption (unless ``time_budget`` decides). Another training's folder is refused.
    machine : dict or Machine, default=None
        Device, precision, compilation, engine, memory; see :class:`gahb_sk.training.Machine`.
    verbose : bool, default=False
        Whether to show a progress bar on stderr. scikit-learn's callbacks (``set_callbacks``) are
        called at the end of each epoch, with its record as metadata.
    random_state : int, RandomState or None, default=None
        Seed of the weights, the order of the images, and the noise.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Attributes
    ----------
    network_ : torch.nn.Module
        The trained network, on the CPU, in evaluation mode. A module of your own is its attribute
        ``module``.
    loss_curve_ : list of float
        Mean training loss of each epoch: with "fast" the error relative to its running mean,
        with "paper" the summed squared error of an image.
    history_ : list of dict
        One record per epoch: ``images`` and ``seconds`` so far, of which ``waited`` for images;
        ``loss``; five noise levels ``sigma``; the mean PSNR ``train_psnr`` of the images trained
        on, near each level (None where there was no image), and with early stopping the held-out
        ``psnr`` at each.
    n_iter_ : int
        Number of training steps.
    n_images_seen_ : int
        Number of training images seen, repetitions included.
    image_shape_ : tuple of int
        Shape of a training image.
    normalization_ : Normalization or None
        Of an energy: the normalising constants that ``score_samples`` goes by, from 256 clean
        images, by two estimates with their standard errors.

    References
    ----------
    .. [1] Z. Kadkhodaie, F. Guth, E. P. Simoncelli and S. Mallat, "Generalization in diffusion
       models arises from geometry-adaptive harmonic representations", ICLR 2024,
       arXiv:2310.02557.
    .. [2] S. Mohan, Z. Kadkhodaie, E. P. Simoncelli and C. Fernandez-Granda, "Robust and
       interpretable blind image denoising via bias-free convolutional neural networks",
       ICLR 2020, arXiv:1906.05478.

    Examples
    --------
    >>> from gahb_sk import NetworkDenoiser
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.networks import UNet
    >>> X = make_c_alpha_images(8, image_size=16, random_state=0)
    >>> denoiser = NetworkDenoiser(UNet(channels=4, n_blocks=1), max_epochs=1, random_state=0)
    >>> denoiser.fit(X).transform(X).shape
    (8, 16, 16)
    """

    learns = True
    # With metadata routing, the sigma of ``score`` and ``transform`` is not that of ``fit``.
    __metadata_request__fit = {"sigma": False}

    _parameter_constraints: dict = {
        "network": [str, callable, HasMethods(["build"])],
        "recipe": [str, dict, Recipe, None],
        "noise_range": [tuple, list],
        "blind": ["boolean"],
        "predicts": [StrOptions({"noise", "clean"})],
        "max_epochs": [at_least(1), None],
        "max_images": [at_least(1), None],
        "time_budget": [positive(), None],
        "warm_start": ["boolean"],
        "checkpoint_dir": [str, os.PathLike, None],
        "machine": [dict, Machine, None],
        "verbose": ["boolean", Interval(Integral, 0, None, closed="left")],
        "random_state": ["random_state"],
        "image_shape": BaseDenoiser._parameter_constraints["image_shape"],
    }

    def __init__(
        self,
        network="residual_unet",
        *,
        recipe=None,
        noise_range=(0.004, 1.0),
        blind=True,
        predicts="noise",
        max_epochs=None,
        max_images=20_000,
        time_budget=None,
        warm_start=False,
        checkpoint_dir=None,
        machine=None,
        verbose=False,
        random_state=None,
        image_shape=None,
    ):
        self.network = network
        self.recipe = recipe
        self.noise_range = noise_range
        self.blind = blind
        self.predicts = predicts
        self.max_epochs = max_epochs
        self.max_images = max_images
        self.time_budget = time_budget
        self.warm_start = warm_start
        self.checkpoint_dir = checkpoint_dir
        self.machine = machine
        self.verbose = verbose
        self.random_state = random_state
        self.image_shape = image_shape

    @fit_context()
    @with_callbacks
    def fit(self, X, y=None, sigma=None):
        """Train the network on clean images, or, with another objective, on noisy ones.

        Parameters
        ----------
        X : array-like, torch.Tensor, lazy stack or FreshImages
            Clean images ``(n, H, W)`` or ``(n, C, H, W)``; flat rows if ``image_shape`` was
            given. A lazy stack is read batch by batch, ahead of use; a stream of fresh images
            never shows one twice (10,000 of them count as an epoch).
        y : array-like of the shape of X, default=None
            If it holds images, they are the clean ones; anything else is ignored. With the
            objective "noise2noise", the second noisy image of each scene.
        sigma : float or array-like of shape (n,), default=None
            Noise level of X, for the objectives "sure" and "recorrupted" alone.

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
        TrainingInterrupted
            After Ctrl-C: the training stops after the present step, the estimator is fitted.
        """
        limits = {"epochs": self.max_epochs, "images": self.max_images, "seconds": self.time_budget}
        limits = {name: value for name, value in limits.items() if value is not None}
        if not limits:
            raise ValueError(
                "max_epochs, max_images, time_budget: expected at least one that says when to "
                "stop, got None for all three."
            )
        start = getattr(self, "network_", None) if self.warm_start else None
        return self._train(X, y, sigma, recipe_of(self), limits, start)

    @fit_context()
    @with_callbacks
    def partial_fit(self, X, y=None, sigma=None):
        """Train by one pass over X, from the present weights if there are any.

        The learning rate is constant, a tenth of the recipe's after the first call; the
        optimiser's moments start anew.

        Parameters
        ----------
        X, y, sigma : array-like
            See ``fit``.

        Returns
        -------
        self : object
        """
        start = getattr(self, "network_", None)
        recipe = recipe_of(self)
        rate = recipe.learning_rate if start is None else recipe.learning_rate / 10
        changes = {"schedule": "constant", "warmup": 0.0, "early_stopping": False}
        recipe = dataclasses.replace(recipe, **changes, learning_rate=rate)
        return self._train(X, y, sigma, recipe, {"epochs": 1}, start, part=True)

    def _train(self, X, y, sigma, recipe, limits, start, *, part=False):
        data = X, y, sigma
        setup, image_shape = training_setup(self, data, recipe, limits, start, part)
        seen = 0 if start is None else self.n_images_seen_
        # scikit-learn documents this method for the authors of estimators, despite its name.
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self)

        def on_epoch(record):
            epoch = context.subcontext(task_name="epoch")
            epoch.call_on_fit_task_begin(estimator=self)
            return epoch.call_on_fit_task_end(estimator=self, metadata=record)

        result = launch(setup, on_epoch)
        if result["steps"]:
            self._keep(result, setup, image_shape, seen)
        if result["error"] is not None:
            raise result["error"]
        context.call_on_fit_task_end(estimator=self)
        return self

    def _keep(self, result, setup, image_shape, seen):
        network = lay_out(copy.deepcopy(setup.network))
        network.load_state_dict(as_tensors(result["weights"]))
        self.image_shape_ = image_shape
        self.network_ = network.eval().requires_grad_(False)
        self.normalization_ = None
        if self._is_gradient() and setup.recipe.objective == SUPERVISED:
            root = stream(setup.root, "density")
            clean = calibration_images(setup.source, root)
            self.normalization_ = normalize(network, clean, setup.noise_range, root)
        self.loss_curve_ = result["losses"]
        self.history_ = result["history"]
        self.n_iter_ = result["steps"]
        self.n_images_seen_ = seen + result["images"]
        if result["interrupted"]:
            warnings.warn(
                f"Training was interrupted after {result['images']} images; the estimator is "
                "fitted with the weights reached.",
                TrainingInterrupted,
                stacklevel=4,
            )
