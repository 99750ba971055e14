"""Which device to compute on."""

import torch


def resolve_device(name):
    """Return the device of that name; "auto" takes a GPU if there is one.

    Raises
    ------
    ValueError
        If this machine has no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"device: expected 'auto', 'cpu' or a device of this machine, got {name!r}."
        ) from error
    return device
