"""The bias-free CNN as an estimator."""

from gahb_sk._validation import at_least
from gahb_sk.denoisers.learned._neural import NeuralDenoiser
from gahb_sk.denoisers.learned._saved_network import PublishedWeightsMixin
from gahb_sk.networks._bias_free_cnn import BiasFreeCNN
from gahb_sk.networks._published import (
    count_blocks,
    first_convolution,
    read_published,
)


class BiasFreeCNNDenoiser(PublishedWeightsMixin, NeuralDenoiser):
    """Bias-free chain of convolutions trained to denoise, by default blind to the noise level.

    The network of [1]_ returns the noise in its input: ``denoised = y - net(y)``. Without biases
    it is homogeneous, ``f(a y) = a f(y)`` for ``a > 0``, and equal to its Jacobian times its
    input, ``f(y) = J(y) y``. All of it works at full resolution, so it costs more than a UNet
    and sees ``2 * depth + 1`` pixels each way across.

    Parameters
    ----------
    channels : int, default=16
        Channels of the hidden layers (64 as published).
    depth : int, default=9
        Number of convolutions, at least 2 (21 as published). It sets the receptive field.
    first_linear : bool, default=False
        Whether to leave out the ReLU after the first convolution, as some published networks do.
    noise_range : tuple of float, default=(0.004, 1.0)
        Lowest and highest noise level seen in training, in the units of X.
    blind : bool, default=True
        Whether the network is left to find the noise level by itself. If False it is told, as a
        constant channel beside the image: ``f(a y, a sigma) = a f(y, sigma)``, and ``transform``
        takes ``sigma`` or estimates it.
    recipe : {"fast", "paper"} or dict, default="fast"
        "fast": log-uniform noise levels, errors balanced between them, AdamW with warm-up and
        cosine schedule, averaged weights. "paper": sigma = U^2, Adam, halved ten times. A dict
        changes single settings, for example ``{"base": "fast", "noise_law": "uniform"}``; see
        :class:`gahb_sk.training.Recipe`.
    learning_rate : float, default=None
        None takes that of the recipe.
    batch_size : int, default=None
        Images of one training step; None takes the recipe's, 16 ("fast") or 512 ("paper").
        ``transform`` takes no more at once either, and with None as many as fit into memory.
    patch_size : int, default=None
        Side of the random crops to train on; None for whole images.
    max_epochs, max_images : int, default=None, 20,000
        Training stops after so many passes over X or so many images, whichever comes first.
    time_budget : float, default=None
        Seconds after which training stops. The schedule ends then, too, so the result depends on
        the machine's speed.
    device : str, default="auto"
        "auto" takes a GPU if there is one. The weights are brought back to the CPU after fit.
    precision : {"32", "bf16-mixed", "16-mixed"}, default="32"
        Of the training; weights and everything after ``fit`` are in single precision.
    compile : bool, default=False
        Whether torch compiles the training step, which takes up to a minute at first. Where it
        cannot (no C++ compiler), a warning says so and the training goes on.
    engine : {"local", "fabric"}, default="local"
        Where to train: in this process, or on several devices and machines through Lightning
        Fabric (``pip install "gahb-sk[distributed]"``); the weights are the same up to rounding.
    devices : int, default=1
        Processes that ``engine="fabric"`` starts. Under torchrun, SLURM or ``fabric run`` those
        that were started are taken.
    verbose : bool, default=False
        Whether to show a progress bar on stderr. scikit-learn's callbacks (``set_callbacks``) are
        told of each epoch.
    early_stopping : bool, default=False
        Whether to hold out a part of the images, measure their mean PSNR at five noise levels
        after each epoch, stop when it no longer rises, and keep the best weights.
    validation_fraction : float, default=0.1
        Part of the images to hold out for ``early_stopping``.
    n_iter_no_change : int, default=10
        Epochs without a better score after which ``early_stopping`` stops; None for never.
    warm_start : bool, default=False
        Whether the next ``fit`` goes on from the fitted weights.
    checkpoint_dir : str or path-like, default=None
        Folder for checkpoints. ``fit`` with the same parameters and images goes on from the last
        one; in one thread the weights are then the same, bit for bit, as without the
        interruption (unless ``time_budget`` decides). Another training's folder is refused.
    checkpoint_every : float, default=60.0
        Seconds between checkpoints.
    random_state : int, RandomState or None, default=None
        Seed of the weights, the order of the images, and the noise.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Attributes
    ----------
    network_ : torch.nn.Module
        The trained network, on the CPU, in evaluation mode.
    loss_curve_ : list of float
        Mean training loss of each epoch: with "fast" the error relative to its running mean,
        with "paper" the summed squared error of an image.
    history_ : list of dict
        One record an epoch: ``images`` and ``seconds`` so far, of which ``waited`` for images;
        ``loss``; five noise levels ``sigma``; the mean PSNR ``train_psnr`` of the images trained
        on, near each level (None where there was no image), and with ``early_stopping`` the
        held-out ``psnr`` at each.
    n_iter_ : int
        Number of training steps.
    n_images_seen_ : int
        Number of training images seen, repetitions included.
    image_shape_ : tuple of int
        Shape of a training image.

    References
    ----------
    .. [1] S. Mohan, Z. Kadkhodaie, E. P. Simoncelli and C. Fernandez-Granda, "Robust and
       interpretable blind image denoising via bias-free convolutional neural networks",
       ICLR 2020, arXiv:1906.05478.

    Examples
    --------
    >>> from gahb_sk import BiasFreeCNNDenoiser
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> X = make_c_alpha_images(8, image_size=16, random_state=0)
    >>> cnn = BiasFreeCNNDenoiser(channels=4, depth=3, max_epochs=1, random_state=0).fit(X)
    >>> cnn.transform(X).shape
    (8, 16, 16)
    """

    _parameter_constraints: dict = {
        "channels": [at_least(1)],
        "depth": [at_least(2)],
        "first_linear": ["boolean"],
        **NeuralDenoiser._parameter_constraints,
    }

    def __init__(
        self,
        *,
        channels=16,
        depth=9,
        first_linear=False,
        noise_range=(0.004, 1.0),
        blind=True,
        recipe="fast",
        learning_rate=None,
        batch_size=None,
        patch_size=None,
        max_epochs=None,
        max_images=20_000,
        time_budget=None,
        device="auto",
        precision="32",
        compile=False,
        engine="local",
        devices=1,
        verbose=False,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        warm_start=False,
        checkpoint_dir=None,
        checkpoint_every=60.0,
        random_state=None,
        image_shape=None,
    ):
        self.channels = channels
        self.depth = depth
        self.first_linear = first_linear
        self.noise_range = noise_range
        self.blind = blind
        self.recipe = recipe
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.patch_size = patch_size
        self.max_epochs = max_epochs
        self.max_images = max_images
        self.time_budget = time_budget
        self.device = device
        self.precision = precision
        self.compile = compile
        self.engine = engine
        self.devices = devices
        self.verbose = verbose
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.checkpoint_dir = checkpoint_dir
        self.checkpoint_every = checkpoint_every
        self.random_state = random_state
        self.image_shape = image_shape

    def _build(self, image_channels, generator):
        return BiasFreeCNN(
            self.channels,
            self.depth,
            image_channels,
            self.first_linear,
            generator,
            not self.blind,
        )

    @classmethod
    def from_published(cls, path, *, first_linear=False):
        """Make a fitted denoiser of published weights (a ``.pt`` state dict).

        Parameters
        ----------
        path : str or path-like
            Read with ``weights_only=True``; every key and shape is checked. Channels and depth
            are read off the weights.
        first_linear : bool, default=False
            Whether the published network has no ReLU after its first convolution; the weights
            cannot tell.

        Returns
        -------
        denoiser : BiasFreeCNNDenoiser

        Raises
        ------
        ValueError
            If the file is no state dict of such a network.
        """
        state = read_published(path)
        channels, image_channels = first_convolution(state, "conv_layers.0.weight", path)
        depth = count_blocks(state, "conv_layers")
        denoiser = cls(channels=channels, depth=depth, first_linear=first_linear)
        return denoiser._adopt(state, image_channels, path)
