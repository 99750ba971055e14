"""Architectures as plain descriptions: a few numbers, cloned and searched as scikit-learn does.

A description is what a user passes, ``NetworkDenoiser(UNet(channels=64))``; its method ``build``
makes the torch module. Nothing here imports torch before a module is built.
"""

import importlib

from sklearn.base import BaseEstimator

from gahb_sk._documentation import Documented
from gahb_sk._validation import Integral, Interval, StrOptions, check_name, ints_between

# What a convolution may assume beyond the border of an image.
PADDINGS = ("zeros", "replicate", "reflect")


class Architecture(Documented, BaseEstimator):
    """Base class of descriptions; a subclass names its module, ``_file`` and ``_class``."""

    recipe = "fast"  # that it is trained by unless another is given

    def build(self, image_channels=1, *, blind=True, generator=None):
        """Make the torch module.

        Parameters
        ----------
        image_channels : int, default=1
            1 for grey images, 3 for colour.
        blind : bool, default=True
            Whether the network does without the noise level. If not, its input has one channel
            more, behind those of the image: the noise level.
        generator : torch.Generator, default=None
            Source of the initial weights.

        Returns
        -------
        network : torch.nn.Module
            Maps noisy images to the noise in them. Its attribute ``multiple`` says of what number
            the sides of an image must be multiples.
        """
        self._validate_params()
        return self._module()(
            **self.get_params(), image_channels=image_channels, blind=blind, generator=generator
        )

    def _module(self):
        return getattr(importlib.import_module(f"gahb_sk.networks.{self._file}"), self._class)


class UNet(Architecture):
    """The UNet of the paper: two convolutions per scale, bias-free norms, skips concatenated [1]_.

    Parameters
    ----------
    channels : int, default=16
        Channels of the finest scale (64 in the paper); each coarser scale has twice as many.
    n_blocks : int, default=3
        Number of scales below the finest, 1 to 4.

    References
    ----------
    .. [1] Z. Kadkhodaie, F. Guth, E. P. Simoncelli and S. Mallat, "Generalization in diffusion
       models arises from geometry-adaptive harmonic representations", ICLR 2024,
       arXiv:2310.02557.
    """

    _file, _class = "_unet", "UNetModule"

    _parameter_constraints: dict = {
        "channels": [Interval(Integral, 1, 1024, closed="both")],
        "n_blocks": [Interval(Integral, 1, 4, closed="both")],
    }

    def __init__(self, channels=16, n_blocks=3):
        self.channels = channels
        self.n_blocks = n_blocks


class BiasFreeCNN(Architecture):
    """A chain of convolutions at full resolution, which sees ``2 * depth + 1`` pixels across [1]_.

    Parameters
    ----------
    channels : int, default=16
        Channels of the hidden layers (64 as published).
    depth : int, default=9
        Number of convolutions, 2 to 200 (21 as published).
    first_linear : bool, default=False
        Whether to leave out the ReLU after the first convolution, as some published networks do.

    References
    ----------
    .. [1] S. Mohan, Z. Kadkhodaie, E. P. Simoncelli and C. Fernandez-Granda, "Robust and
       interpretable blind image denoising via bias-free convolutional neural networks",
       ICLR 2020, arXiv:1906.05478.
    """

    _file, _class = "_bias_free_cnn", "BiasFreeCNNModule"

    _parameter_constraints: dict = {
        "channels": [Interval(Integral, 1, 1024, closed="both")],
        "depth": [Interval(Integral, 2, 200, closed="both")],
        "first_linear": ["boolean"],
    }

    def __init__(self, channels=16, depth=9, first_linear=False):
        self.channels = channels
        self.depth = depth
        self.first_linear = first_linear


class ResidualUNet(Architecture):
    """A UNet that learns fast on CPUs: thin at full resolution, residual units, no norms.

    Parameters
    ----------
    channels : int or tuple of int, default=8
        Channels of the finest scale. The next has three times as many, each coarser one twice as
        many as the one before. A tuple gives the channels of every scale, finest first.
    n_blocks : int, default=3
        Number of scales below the finest, 1 to 4. A tuple of ``channels`` replaces it.
    n_units : int or tuple of int, default=1
        Residual units per scale, finest first, in the encoder and again in the decoder. Those of
        the coarsest scale come once.
    unshuffle : int, default=1
        With 2, squares of 2x2 pixels become four channels before the first layer, and pixels again
        after the last. Nothing is then computed at full resolution, which leaves room for more
        channels: the shape for photographs.
    padding : {"zeros", "replicate", "reflect"}, default="replicate"
        What convolutions assume beyond the border: zeros, the border pixel, or the image mirrored
        at it. A network that is trained on crops reads zeros as its position in the crop, and is up
        to 2 dB worse on larger images; with the others it is not.
    activation : {"relu", "smooth"}, default="relu"
        Between the convolutions of a unit. "smooth" is ``x * sigmoid(3 x / r)``, r the root mean
        square over the channels of a pixel: homogeneous like "relu", with a continuous Jacobian.
        That of "relu" is cheaper to compute.

    Examples
    --------
    >>> from gahb_sk.networks import ResidualUNet
    >>> shape = ResidualUNet((64, 96, 128), n_units=(2, 1, 1), unshuffle=2)
    >>> sum(weight.numel() for weight in shape.build().parameters())
    1073664
    """

    _file, _class = "_residual_unet", "ResidualUNetModule"

    _parameter_constraints: dict = {
        "channels": [Interval(Integral, 1, 1024, closed="both"), ints_between(1, 1024)],
        "n_blocks": [Interval(Integral, 1, 4, closed="both")],
        "n_units": [Interval(Integral, 1, 64, closed="both"), ints_between(1, 64)],
        "unshuffle": [Interval(Integral, 1, 8, closed="both")],
        "padding": [StrOptions(set(PADDINGS))],
        "activation": [StrOptions({"relu", "smooth"})],
    }

    def __init__(
        self,
        channels=8,
        n_blocks=3,
        n_units=1,
        unshuffle=1,
        padding="replicate",
        activation="relu",
    ):
        self.channels = channels
        self.n_blocks = n_blocks
        self.n_units = n_units
        self.unshuffle = unshuffle
        self.padding = padding
        self.activation = activation


class Energy(Architecture):
    """A network that is a density: the gradient of an energy, whose Jacobian is symmetric [1]_.

    The denoiser is ``f(y) = y - grad U(y)`` with ``U(y) = <y, r(y)> / 2``, r a smooth network. So
    it is a score by construction, its eigenvectors are orthogonal, and ``score_samples`` of the
    trained denoiser is a log density.

    Parameters
    ----------
    network : ResidualUNet, default=None
        r, with ``activation="smooth"``: a gradient that jumps cannot be trained. None is the
        default one.

    References
    ----------
    .. [1] F. Guth, Z. Kadkhodaie and E. P. Simoncelli, "Learning normalized image densities via
       dual score matching", NeurIPS 2025, arXiv:2506.05310.

    Examples
    --------
    >>> from gahb_sk.networks import Energy, ResidualUNet
    >>> shape = Energy(ResidualUNet(channels=4, activation="smooth"))
    >>> sum(weight.numel() for weight in shape.build().parameters())
    79944
    """

    _file, _class = "_energy", "EnergyModule"
    recipe = "muon"

    _parameter_constraints: dict = {"network": [Architecture, None]}

    def __init__(self, network=None):
        self.network = network

    def build(self, image_channels=1, *, blind=True, generator=None):
        """Make the torch module; see :meth:`Architecture.build`."""
        self._validate_params()
        network = ResidualUNet(activation="smooth") if self.network is None else self.network
        if getattr(network, "activation", None) != "smooth":
            raise ValueError(
                f"network: expected a smooth one, got {network!r}, whose gradient jumps. Use "
                'Energy(ResidualUNet(activation="smooth")).'
            )
        built = network.build(image_channels, blind=blind, generator=generator)
        return self._module()(built)


ARCHITECTURES = {
    "residual_unet": ResidualUNet,
    "unet": UNet,
    "bias_free_cnn": BiasFreeCNN,
    "energy": Energy,
}


def as_architecture(network):
    """Return the description that a name stands for; anything else is returned as it is.

    Raises
    ------
    ValueError
        For an unknown name (the nearest is given).
    """
    if isinstance(network, str):
        return ARCHITECTURES[check_name(network, ARCHITECTURES, "network")]()
    return network
