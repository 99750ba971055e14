"""Which device to compute on, and networks that are there."""

import copy
import threading
import weakref

import torch

# network -> (device, versions of its weights, copy)
_copies: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def resolve_device(name):
    """Return the device of that name; "auto" takes a GPU if there is one.

    Raises
    ------
    ValueError
        If this machine has no such device.
    """
    if isinstance(name, str) and name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"device: expected 'auto', 'cpu' or a device of this machine, got {name!r}."
        ) from error
    return device


def on_device(network, device):
    """Return the network on a device: itself, or a copy that is kept as long as the network lives.

    The network is never moved, so threads can share it, and its weights go to the device once,
    not for each chunk of a transform or each step of a sampler.

    Parameters
    ----------
    network : torch.nn.Module
        Fitted. Its copy is renewed when its weights have changed.
    device : torch.device
    """
    weights = [*network.parameters(), *network.buffers()]
    if all(weight.device == device for weight in weights):
        return network
    versions = [weight._version for weight in weights]  # counts changes in place
    with _lock:
        kept = _copies.get(network)
        if kept is None or kept[:2] != (device, versions):
            _copies[network] = kept = device, versions, copy.deepcopy(network).to(device)
    return kept[2]
