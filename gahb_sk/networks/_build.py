"""From what a user calls a network to a torch module that returns the noise in its input."""

import contextlib
import copy

import torch
from torch import nn

from gahb_sk.networks._architectures import as_architecture


class OwnNetwork(nn.Module):
    """A user's module in the form of the networks here.

    Parameters
    ----------
    module : torch.nn.Module
        Called with noisy images ``(n, C, H, W)`` and, unless it is blind, noise levels ``(n,)``.
    blind : bool
        Whether it does without the noise levels.
    predicts : {"noise", "clean"}
        What it returns.
    """

    def __init__(self, module, blind, predicts):
        super().__init__()
        self.module = module
        self.blind = blind
        self.predicts = predicts
        self.multiple = getattr(module, "multiple", 1)

    def forward(self, x):
        """Map noisy images, with the level as last channel unless blind, to their noise."""
        images = x if self.blind else x[:, :-1]
        levels = () if self.blind else (x[:, -1, 0, 0],)
        out = self.module(images, *levels)
        if not isinstance(out, torch.Tensor) or out.shape != images.shape:
            got = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
            raise ValueError(
                f"network: {type(self.module).__name__} must return a tensor of the shape of the "
                f"images that it was given, {tuple(images.shape)}, got {got}."
            )
        return images - out if self.predicts == "clean" else out


def build_network(network, image_channels, *, blind=True, predicts="noise", seed=0):
    """Make the module of a network with its initial weights.

    Parameters
    ----------
    network : str, object with ``build``, torch.nn.Module, or callable that returns one
        A module is copied with its weights; a class or function is called without arguments.
    image_channels : int
    blind : bool, default=True
        Whether the network does without the noise level.
    predicts : {"noise", "clean"}, default="noise"
        What a module of the user's returns.
    seed : int, default=0
        Of the initial weights; the global state of torch is left as it was.

    Returns
    -------
    network : torch.nn.Module
        With the attributes ``blind`` and ``multiple``.

    Raises
    ------
    ValueError, TypeError
        If this is no network, or has no weights.
    """
    network = as_architecture(network)
    if hasattr(network, "build"):
        if predicts != "noise":
            raise ValueError(
                "predicts: expected 'noise' for an architecture of this library, got "
                f"{predicts!r}. 'clean' is for modules of your own."
            )
        generator = torch.Generator().manual_seed(seed)
        return network.build(image_channels, blind=blind, generator=generator)
    if isinstance(network, nn.Module):
        module = copy.deepcopy(network)
    else:
        with seeded(seed):
            module = network()
    if not isinstance(module, nn.Module):
        raise TypeError(
            "network: expected a name, an architecture, a torch module, or a class or function "
            f"that returns one, got {type(module).__name__} from {network!r}."
        )
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise ValueError(f"network: {type(module).__name__} has no weights to train.")
    return OwnNetwork(module.to("cpu", torch.float32), blind, predicts)


@contextlib.contextmanager
def seeded(seed, device=None):
    """Run a block with torch's global state of that seed, and put the old state back."""
    cuda = device is not None and device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if cuda else []):
        torch.default_generator.manual_seed(seed)
        if cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def weights_of(network):
    """Return the weights by name, those of a user's module by the names in that module."""
    return (network.module if isinstance(network, OwnNetwork) else network).state_dict()
