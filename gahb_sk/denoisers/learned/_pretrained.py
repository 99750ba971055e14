"""A trained network as a denoiser that stays as it is: clones keep the weights."""

import functools
import os

from gahb_sk._arrays import n_channels
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.denoisers.learned._applied import AppliedNetwork
from gahb_sk.denoisers.learned._network import NetworkDenoiser
from gahb_sk.denoisers.learned._shipped import find_weights, tested_sides, warn_of_size
from gahb_sk.networks._folder import CONFIG, WEIGHTS
from gahb_sk.training._machine import Machine


class PretrainedDenoiser(AppliedNetwork, BaseDenoiser):
    """A trained network, read from where its weights are; ``fit`` trains nothing.

    Clones, and so cross-validation, grid search and ``compare_denoisers``, have the same weights.

    Parameters
    ----------
    weights : str or path-like
        Name of a network that comes with the package, see :func:`gahb_sk.list_pretrained`, or a
        folder that ``NetworkDenoiser.save`` wrote.
    network : torch.nn.Module or class, default=None
        For a folder of a module of your own, that module or its class.
    machine : dict or Machine, default=None
        Device and memory; see :class:`gahb_sk.training.Machine`.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Attributes
    ----------
    network_ : torch.nn.Module
        The network, in evaluation mode, shared by all denoisers of these weights.
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``.

    Raises
    ------
    ValueError
        For an unknown name (the nearest is given), or a damaged folder.

    Warns
    -----
    UntestedSizeWarning
        If the images are more than four times as large as the largest ones that a shipped network
        was tested on, or less than a quarter of the smallest ones. Its card names both.

    See Also
    --------
    NetworkDenoiser : Trains networks.

    Examples
    --------
    >>> from gahb_sk import PretrainedDenoiser
    >>> from gahb_sk.datasets import make_disk_images
    >>> X = make_disk_images(8, image_size=40, random_state=0)
    >>> bool(PretrainedDenoiser("disks").fit(X).score(X, sigma=0.1) > 30)
    True
    """

    learns = False

    _parameter_constraints: dict = {
        "weights": [str, os.PathLike],
        "network": [callable, None],
        "machine": [dict, Machine, None],
        "image_shape": BaseDenoiser._parameter_constraints["image_shape"],
    }

    def __init__(self, weights, *, network=None, machine=None, image_shape=None):
        self.weights = weights
        self.network = network
        self.machine = machine
        self.image_shape = image_shape

    @property
    def blind(self):
        """Whether the network does without the noise level."""
        return self._trained().blind

    @property
    def network_(self):
        """The network."""
        return self._trained().network_

    @property
    def image_channels_(self):
        """Channels of the images that it takes: 1 for grey, 3 for colour."""
        return n_channels(self.training_shape_)

    @property
    def training_shape_(self):
        """Shape of the images that it was trained on, which samplers make if not given another."""
        return self._trained().image_shape_

    @property
    def normalization_(self):
        """Normalising constants of an energy, or None."""
        return self._trained().normalization_

    def _shape_of_training(self):
        return self.training_shape_

    @property
    def history_(self):
        """Records of its training, one per epoch."""
        return self._trained().history_

    @property
    def n_images_seen_(self):
        """Number of images that it was trained on."""
        return self._trained().n_images_seen_

    def to_trainable(self, **parameters):
        """Return a network denoiser that ``fit`` trains further, from these weights.

        Parameters
        ----------
        **parameters
            Of the :class:`NetworkDenoiser`, where they shall differ from those of its training.

        Returns
        -------
        denoiser : NetworkDenoiser
            Fitted, with ``warm_start=True``. Its clones have no weights.
        """
        denoiser = NetworkDenoiser.load(self._folder(), network=self.network)
        return denoiser.set_params(warm_start=True, machine=self.machine).set_params(**parameters)

    def _folder(self):
        try:
            return find_weights(self.weights)
        except ValueError as error:
            raise ValueError(f"weights: {error}") from error

    def _trained(self):
        folder = self._folder().resolve()
        files = [folder / name for name in (CONFIG, WEIGHTS)]
        changed = tuple(file.stat().st_mtime_ns for file in files if file.is_file())
        return _load(folder, self.network, changed)

    def _check_images(self, X, name="X"):
        images = super()._check_images(X, name)
        if name == "X":
            warn_of_size(images.image_shape, _tested(self._folder()), self.weights)
        return images

    def _fit(self, images):
        channels = self.image_channels_
        if images.shape[1] != channels:
            repair = " OpponentColors takes it to colours." if channels == 1 else ""
            raise ValueError(
                f"X: expected images of {channels} channel(s), as the network {self.weights!r} was "
                f"trained on, got {images.shape[1]}.{repair}"
            )


@functools.lru_cache(maxsize=32)
def _load(folder, network, changed):
    """Read a folder once for all clones, again when its files have changed."""
    return NetworkDenoiser.load(folder, network=network)


_tested = functools.lru_cache(maxsize=32)(tested_sides)
