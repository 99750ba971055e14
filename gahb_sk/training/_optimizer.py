"""The optimiser, its learning rate, and the moving average of the weights."""

import torch
from torch.optim.swa_utils import get_ema_multi_avg_fn

from gahb_sk.training._muon import Muon
from gahb_sk.training._recipes import SCHEDULES

CLASSES = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "muon": Muon}


def make_optimizer(recipe, parameters):
    """Make an optimiser, fused (one pass over memory) where the device has such a one."""
    cls = CLASSES[recipe.optimizer]
    parameters = [parameter for parameter in parameters if parameter.requires_grad]
    settings = {"lr": recipe.learning_rate, "weight_decay": recipe.weight_decay}
    try:
        return cls(parameters, fused=True, **settings)
    except (RuntimeError, TypeError):  # no fused kernels on this device, or none at all
        return cls(parameters, **settings)


def learning_rate(recipe, progress):
    """Return the rate when a fraction ``progress`` of the training is done."""
    warm = min(1.0, (progress + 1e-3) / recipe.warmup) if recipe.warmup else 1.0
    return recipe.learning_rate * warm * SCHEDULES[recipe.schedule](progress)


@torch.no_grad()
def update_average(average, network, decay, steps):
    """Move an average of the weights, in place, towards those reached after so many steps."""
    # Early on the average follows closely, so that short trainings profit too.
    decay = min(decay, steps / (steps + 20))
    mine, new = (module.state_dict().values() for module in (average, network))
    pairs = list(zip(mine, new, strict=True))
    floats = [pair for pair in pairs if pair[0].is_floating_point()]
    get_ema_multi_avg_fn(decay)(*map(list, zip(*floats, strict=True)), steps)
    for kept, latest in pairs:
        if not kept.is_floating_point():  # counts, as of batch normalisation
            kept.copy_(latest)
