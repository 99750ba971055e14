"""What belongs to the machine, not to the result: device, precision, engine, memory.

Weights, their averages, errors and everything after the training stay in single precision; half
precision serves the forward and backward passes of the training only.
"""

import contextlib
import math
import warnings
from dataclasses import dataclass
from typing import ClassVar

import torch

from gahb_sk.training._settings import (
    BOOL,
    POSITIVE,
    Settings,
    one_of,
    resolve,
    several,
    whole,
)

PRECISIONS = {"32": None, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
AUTO = "auto"
ENGINES = ("local", "fabric")

# Instructions of processors that multiply bfloat16 faster than float32.
_BFLOAT16_UNITS = ("avx512_bf16", "amx_bf16", "amx_tile")
_BFLOAT16_CAPABILITY = (8, 0)  # of a GPU

# Below this scale of the loss, 16-bit gradients overflow for another reason than the scale.
_LOWEST_SCALE = 1e-3


@dataclass(frozen=True)
class Machine(Settings):
    """Where and how a network is trained and applied; up to rounding, results don't depend on it.

    Attributes
    ----------
    device : str
        "auto" takes a GPU if there is one. A fitted network is kept on the CPU.
    precision : {"32", "bf16-mixed", "16-mixed", "auto"}
        Of the training. "auto" is "bf16-mixed" where the processor or GPU computes with bfloat16 in
        hardware, nearly twice as fast as in single precision and as well in trials (see
        docs/networks.md), else "32". The default, "32", gives the same network on all machines, up
        to rounding.
    compile : bool
        Whether torch compiles the training step, which takes up to a minute at first. Where it
        cannot (no C++ compiler), a warning says so and the training goes on. Energies are not
        compiled.
    engine : {"local", "fabric"}
        Where to train: in this process, or on several devices and machines through Lightning
        Fabric (``pip install "gahb-sk[distributed]"``).
    devices : int
        Processes that the engine "fabric" starts. Under torchrun, SLURM or ``fabric run`` those
        that were started are taken.
    prefetch : int
        Batches made ahead of their use, in a thread.
    checkpoint_every : float
        Seconds between checkpoints.
    snapshots : tuple of int
        Training steps after which the weights are kept in the folder of the checkpoints, besides
        these; see :func:`gahb_sk.experiments.training_curve`.
    pixels_at_once : int
        Pixels of one forward pass after ``fit``, which bounds the memory of the feature maps. An
        image with more is denoised by itself.

    Examples
    --------
    >>> from gahb_sk.training import Machine
    >>> Machine(precision="bf16-mixed").device
    'auto'
    """

    device: str = "auto"
    precision: str = "32"
    compile: bool = False
    engine: str = "local"
    devices: int = 1
    prefetch: int = 2
    checkpoint_every: float = 60.0
    snapshots: tuple = ()
    pixels_at_once: int = 2**17  # is quickest on CPUs

    _legal: ClassVar[dict] = {
        "device": ((lambda value: isinstance(value, str)), "'auto' or the name of a device"),
        "precision": one_of((*PRECISIONS, AUTO)),
        "compile": BOOL,
        "engine": one_of(ENGINES),
        "devices": whole(1),
        "prefetch": whole(0),
        "checkpoint_every": POSITIVE,
        "snapshots": several(whole(1)),
        "pixels_at_once": whole(1),
    }


def resolve_machine(machine):
    """Return the :class:`Machine` that a parameter (None, a dict or a Machine) stands for."""
    return resolve(Machine, machine)


def resolve_precision(name, device):
    """Return the precision that a name stands for on a device: "auto" is the fastest good one.

    Parameters
    ----------
    name : {"32", "bf16-mixed", "16-mixed", "auto"}
    device : torch.device

    Returns
    -------
    name : {"32", "bf16-mixed", "16-mixed"}
    """
    if name != AUTO:
        return name
    if device.type == "cuda":
        fast = torch.cuda.get_device_capability(device) >= _BFLOAT16_CAPABILITY
    else:
        # Older versions of torch do not say what the processor can do.
        can = getattr(torch.cpu, "get_capabilities", dict)() if device.type == "cpu" else {}
        fast = any(can.get(unit) for unit in _BFLOAT16_UNITS)
    return "bf16-mixed" if fast else "32"


def warn_of_no_compiler(error):
    """Say that torch could not compile a network, and why."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    warnings.warn(
        f"compile=True: torch cannot compile on this machine ({reason}); the network is trained "
        "uncompiled. A C++ compiler such as g++ is needed on a CPU.",
        stacklevel=3,
    )


class Precision:
    """Half-precision forward passes, and gradients scaled where they would vanish.

    Parameters
    ----------
    name : {"32", "bf16-mixed", "16-mixed", "auto"}
        "16-mixed" scales the loss, so that small gradients do not become 0, and leaves out a step
        whose gradients overflow.
    device : torch.device
        Where the network is.
    """

    def __init__(self, name, device):
        self.device = device
        self.dtype = PRECISIONS[resolve_precision(name, device)]
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
        bound = math.inf if bound is None else bound
        return torch.nn.utils.clip_grad_norm_(parameters, bound)

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
