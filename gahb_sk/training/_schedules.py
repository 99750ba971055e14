"""Optimisers, and schedules of the learning rate as functions of the part that is done."""

import math

import torch

OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def make_optimizer(name, parameters, **settings):
    """Make an optimiser, fused (one pass over memory) where the device has such a one."""
    parameters = list(parameters)
    try:
        return OPTIMIZERS[name](parameters, fused=True, **settings)
    except RuntimeError:  # no fused kernels on this device
        return OPTIMIZERS[name](parameters, **settings)


SCHEDULES = {
    "constant": lambda progress: 1.0,
    "cosine": lambda progress: 0.5 * (1 + math.cos(math.pi * min(progress, 1.0))),
    "halving": lambda progress: 0.5 ** math.floor(10 * min(progress, 0.999)),
}
