"""The random streams of a training, by what they are for."""

from gahb_sk._random import child

_NAMES = ("noise", "order", "step", "weights", "held_out", "continued", "layers", "density")


def stream(root, name, *key):
    """Return the sequence of a name, and of a key below it, under the root of a training."""
    return child(root, _NAMES.index(name), *key)
