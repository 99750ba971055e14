"""Precision of the training: single, or half where that is safe and single elsewhere.

Weights, their averages, errors and everything after the training stay in single precision.
"""

import contextlib
import math

import torch

PRECISIONS = {"32": None, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}

# Below this scale of the loss, 16-bit gradients overflow for another reason than the scale.
_LOWEST_SCALE = 1e-3


class Precision:
    """Half-precision forward passes, and gradients scaled where they would vanish.

    Parameters
    ----------
    name : {"32", "bf16-mixed", "16-mixed"}
        The last one scales the loss, so that small gradients do not become 0, and leaves out a
        step whose gradients overflow.
    device : torch.device
        Where the network is.
    """

    def __init__(self, name, device):
        self.device = device
        self.dtype = PRECISIONS[name]
        self.scaler = torch.amp.GradScaler(device.type) if self.dtype is torch.float16 else None

    def autocast(self):
        """Context of the forward pass."""
        if self.dtype is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, self.dtype)

    def backward(self, loss):
        """Compute gradients."""
        (loss if self.scaler is None else self.scaler.scale(loss)).backward()

    def clip(self, optimizer, parameters, bound):
        """Bound the norm of the gradient and return what it was."""
        if self.scaler is not None:
            self.scaler.unscale_(optimizer)
        return torch.nn.utils.clip_grad_norm_(parameters, math.inf if bound is None else bound)

    def tolerates(self, norm):
        """Tell whether training can go on after a gradient of this norm."""
        if self.scaler is None:
            return math.isfinite(norm)
        return math.isfinite(norm) or self.scaler.get_scale() > _LOWEST_SCALE

    def step(self, optimizer):
        """Take the optimiser's step, or, scaled, leave it out if a gradient is not finite."""
        if self.scaler is None:
            optimizer.step()
        else:
            self.scaler.step(optimizer)
            self.scaler.update()

    def state(self):
        """Return what a checkpoint keeps, as JSON values."""
        return None if self.scaler is None else self.scaler.state_dict()

    def restore(self, state):
        """Go on from what :meth:`state` returned."""
        if self.scaler is not None:
            self.scaler.load_state_dict(state)
