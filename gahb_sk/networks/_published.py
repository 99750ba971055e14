"""Weights of the paper's authors: reading and writing their state dicts.

Both networks here bear the published names, so that a published checkpoint is a state dict of the
same keys, possibly prefixed ``module.`` by data-parallel training. Nothing but tensors is read.
"""

import pickle
import warnings

import torch

from gahb_sk._files import atomic_path

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
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # on foreign pickle protocols
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(
            f"{path}: expected a state dict of tensors written by torch.save; it cannot be read "
            f"as one ({str(error).splitlines()[0]})."
        ) from error
    tensors = isinstance(state, dict) and all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()
    )
    if not tensors or not state:
        raise ValueError(f"{path}: expected a state dict of tensors, got {type(state).__name__}.")
    return {name.removeprefix(_PREFIX): value for name, value in state.items()}


def load_checked(network, state, source):
    """Put ``state`` into ``network`` after checking every key and shape.

    Raises
    ------
    ValueError
        That names the first key that is missing, unknown, or of another shape.
    """
    own = network.state_dict()
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
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def write_published(network, path):
    """Write a network's weights in the published layout."""
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    with atomic_path(path) as temporary:
        torch.save(state, temporary)


def first_convolution(state, name, source):
    """Return ``(channels, image_channels)`` from the weights of the first convolution."""
    if name not in state or state[name].ndim != 4:
        raise ValueError(f"{source}: the state dict lacks {name!r}, a convolution's weights.")
    return tuple(state[name].shape[:2])


def count_blocks(state, start):
    """Return how many numbered blocks ``start.0.``, ``start.1.``, ... a state dict has."""
    numbers = {
        int(number)
        for head, _, tail in (name.partition(".") for name in state)
        if head == start and (number := tail.split(".")[0]).isdigit()
    }
    return max(numbers, default=-1) + 1
