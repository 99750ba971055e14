"""Weights of the paper's authors: reading and writing their state dicts.

The paper's two networks bear the published names here, so a published checkpoint is a state dict
of the same keys, possibly prefixed ``module.`` by data-parallel training. Nothing but tensors is
read.
"""

import torch

from gahb_sk._files import atomic_path
from gahb_sk.networks._architectures import BiasFreeCNN, UNet
from gahb_sk.networks._build import OwnNetwork, build_network
from gahb_sk.networks.published._checkpoint import load_tensors

_PREFIX = "module."


def read_published(path):
    """Read a published state dict.

    Parameters
    ----------
    path : str or path-like
        A ``.pt`` file.

    Returns
    -------
    state : dict of str to torch.Tensor
        Without the prefix ``module.``.

    Raises
    ------
    ValueError
        If the file is no state dict of tensors.
    """
    state = load_tensors(path)
    tensors = isinstance(state, dict) and all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()
    )
    if not tensors or not state:
        raise ValueError(f"{path}: expected a state dict of tensors, got {type(state).__name__}.")
    return {name.removeprefix(_PREFIX): value for name, value in state.items()}


def architecture_of(state, source, *, first_linear=False):
    """Read the architecture off published weights.

    Returns
    -------
    architecture : UNet or BiasFreeCNN
    image_channels : int

    Raises
    ------
    ValueError
        If they are of neither network.
    """
    for name in ("encoder.0.0.weight", "conv_layers.0.weight"):
        if name in state and state[name].ndim == 4:
            channels, image_channels = state[name].shape[:2]
            block = name.split(".")[0]
            n = _count_blocks(state, block)
            if block == "encoder":
                return UNet(channels, n), image_channels
            return BiasFreeCNN(channels, n, first_linear), image_channels
    raise ValueError(
        f"{source}: expected the state dict of a UNet or a BF-CNN; it has neither a convolution "
        "'encoder.0.0.weight' nor 'conv_layers.0.weight'."
    )


def _count_blocks(state, start):
    """Return how many numbered blocks ``start.0.``, ``start.1.``, ... a state dict has."""
    parts = (name.split(".") for name in state)
    numbers = [int(p[1]) for p in parts if len(p) > 2 and p[0] == start and p[1].isdigit()]
    return max(numbers, default=-1) + 1


def build_checked(architecture, image_channels, state, source, **options):
    """Build the network that ``state`` belongs to; nothing is allocated unless all shapes agree.

    Settings of a stranger's folder may ask for more memory than there is. So the network is built
    on torch's device "meta" first, where weights have shapes only.

    Raises
    ------
    ValueError
        See :func:`load_checked`.
    """
    if hasattr(architecture, "build"):
        with torch.device("meta"):
            shapes = build_network(architecture, image_channels, **options)
        _check_shapes(shapes.state_dict(), state, source)
    built = build_network(architecture, image_channels, **options)
    load_checked(built.module if isinstance(built, OwnNetwork) else built, state, source)
    return built


def load_checked(network, state, source):
    """Put ``state`` into ``network`` after checking every key, shape and value.

    Raises
    ------
    ValueError
        That names the first key that is missing, unknown, of another shape or kind, or holds NaN
        or infinity.
    """
    own = network.state_dict()
    # Batches that a norm has counted: before torch 0.4.1 it did not, and they play no part.
    counts = {name: value for name, value in own.items() if name.endswith("num_batches_tracked")}
    state = {**counts, **state}
    _check_shapes(own, state, source)
    for name, value in own.items():
        given = state[name]
        plain = given.layout == torch.strided and not given.is_meta and not given.is_quantized
        if not plain or given.is_floating_point() != value.is_floating_point():
            raise ValueError(
                f"{source}: expected {name!r} as a dense tensor like {value.dtype}, got "
                f"{given.dtype} of layout {given.layout} on {given.device}."
            )
        if not given.to(value.dtype).isfinite().all():
            raise ValueError(f"{source}: {name!r} holds NaN or infinity in {value.dtype}.")
    network.load_state_dict(state)
    return network


def _check_shapes(own, state, source):
    for what, names in (
        ("lacks", [name for name in own if name not in state]),
        ("has the unknown key", [name for name in state if name not in own]),
    ):
        if names:
            raise ValueError(f"{source}: the state dict {what} {names[0]!r}.")
    for name, value in own.items():
        if state[name].shape != value.shape:
            raise ValueError(
                f"{source}: expected {name!r} of shape {tuple(value.shape)}, got "
                f"{tuple(state[name].shape)}."
            )


def write_published(network, path):
    """Write a network's weights in the published layout."""
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    with atomic_path(path) as temporary:
        torch.save(state, temporary)
