"""Optimisers, and schedules of the learning rate as functions of the part that is done."""

import math

import torch


def _adam(parameters, **settings):
    return torch.optim.Adam(parameters, **settings)


def _adamw(parameters, **settings):
    return torch.optim.AdamW(parameters, fused=True, **settings)


OPTIMIZERS = {"adam": _adam, "adamw": _adamw}

SCHEDULES = {
    "constant": lambda progress: 1.0,
    "cosine": lambda progress: 0.5 * (1 + math.cos(math.pi * min(progress, 1.0))),
    "halving": lambda progress: 0.5 ** math.floor(10 * min(progress, 0.999)),
}
