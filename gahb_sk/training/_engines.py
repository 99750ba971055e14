"""Where a training runs: in this process, or in several that act as one.

An engine gives a training its device and what it needs of the other processes; a launcher runs a
function with one. To a training the processes are one: batches, noise levels, crops and weights by
noise level are those of the whole batch, of which each process computes a share.
"""

import os
import pickle

import numpy as np
import torch
from torch import distributed

from gahb_sk.networks._blocks import BiasFreeNorm
from gahb_sk.networks._devices import resolve_device
from gahb_sk.training._interrupt import interrupts_left_to_children


class LocalEngine:
    """One process alone.

    Parameters
    ----------
    device : torch.device or str, default="cpu"

    Attributes
    ----------
    rank, size : int
        Number of this process, and how many there are.
    """

    rank, size = 0, 1

    def __init__(self, device="cpu"):
        self.device = torch.device(device)

    def wrap(self, network):
        """Return what computes the network's forward pass; its gradients are averaged."""
        return network

    def share(self, n):
        """Return the slice of ``n`` things that falls to this process."""
        return slice(n * self.rank // self.size, n * (self.rank + 1) // self.size)

    def gather(self, mine, n):
        """Return all ``n`` values of which this process has its share; every process calls it."""
        return mine

    def largest(self, *numbers):
        """Return the largest of each of these numbers over the processes."""
        return numbers

    def broadcast(self, value):
        """Return the first process's value, a Python object."""
        return value


class FabricEngine(LocalEngine):
    """One process of a group that Lightning Fabric has set up.

    Parameters
    ----------
    fabric : lightning_fabric.Fabric
        Launched.
    """

    def __init__(self, fabric):
        self._fabric = fabric
        self.device = fabric.device
        self.rank, self.size = fabric.global_rank, fabric.world_size

    def wrap(self, network):
        """Return the network in data-parallel form, its norms synchronised."""
        if self.size == 1:
            return network
        for module in network.modules():
            if isinstance(module, BiasFreeNorm):
                module.synchronised = True
        return self._fabric.setup_module(network, _reapply_compile=False)

    def gather(self, mine, n):
        """Return all ``n`` values; see :class:`LocalEngine`."""
        if self.size == 1:
            return mine
        everything = mine.new_zeros(n, *mine.shape[1:])
        everything[self.share(n)] = mine
        distributed.all_reduce(everything)
        return everything

    def largest(self, *numbers):
        """Return the largest of each number over the processes."""
        if self.size == 1:
            return numbers
        values = torch.tensor(numbers, dtype=torch.float32, device=self.device)
        distributed.all_reduce(values, distributed.ReduceOp.MAX)
        return tuple(values.tolist())

    def broadcast(self, value):
        """Return the first process's value."""
        return self._fabric.broadcast(value)


def _launch_local(function, job, device, devices, **hooks):
    if devices != 1:
        raise ValueError(
            f"devices: expected 1 for engine='local', got {devices!r}. Take engine='fabric'."
        )
    return function(LocalEngine(resolve_device(device)), job, **hooks)


def _launch_fabric(function, job, device, devices, **hooks):
    fabric, launch = _make_fabric(device, devices)
    if launch == "spawn":
        with interrupts_left_to_children():
            return fabric.launch(_run_as_arrays, function, pickle.dumps(job))
    if launch == "here":
        return fabric.launch(_run, function, job, hooks)
    return _run(fabric, function, job, hooks)  # set up by ``fabric run``


ENGINES = {"local": _launch_local, "fabric": _launch_fabric}


def launch(engine, function, job, device="auto", devices=1, **hooks):
    """Run ``function(engine, job, **hooks)`` in each process of an engine.

    Parameters
    ----------
    engine : str
        A name in ``ENGINES``.
    function : callable
        Of a module, so that other processes find it. It returns a dict.
    job : object
        That can be pickled.
    device : str, default="auto"
        "auto", "cpu", "cuda".
    devices : int, default=1
        Processes to start on this machine. Where torchrun, SLURM or ``fabric run`` has started
        them, those are taken.
    **hooks
        Callables, which only reach a function that runs in this process.

    Returns
    -------
    result : dict
        Of the first process, or, where each process called ``launch``, of this one.

    Raises
    ------
    ValueError, ImportError
        If ``devices`` and the engine or the machine do not fit, or Fabric is not installed.
    """
    return ENGINES[engine](function, job, device, devices, **hooks)


def _run(fabric, function, job, hooks):
    return function(FabricEngine(fabric), job, **hooks)


def _run_as_arrays(fabric, function, job):
    """The same in a started process, where tensors in shared memory would be in common."""
    result = function(FabricEngine(fabric), pickle.loads(job))
    arrays = {name: value.numpy() for name, value in result["weights"].items()}
    return {**result, "weights": arrays}


def as_tensors(weights):
    """Return weights as tensors, whatever process they come from."""
    return {name: torch.as_tensor(np.asarray(value)) for name, value in weights.items()}


def _make_fabric(device, devices):
    """Return a Fabric, and how to launch: "spawn", "here", or "" where it is launched already."""
    try:
        from lightning_fabric import Fabric
        from lightning_fabric.plugins.environments import SLURMEnvironment, TorchElasticEnvironment
    except ImportError as error:
        raise ImportError(
            "engine='fabric' needs the package lightning-fabric: pip install 'gahb-sk[distributed]'"
        ) from error
    if os.environ.get("LT_CLI_USED") == "1":
        return Fabric(), ""
    if device == "auto":
        device = "gpu" if torch.cuda.is_available() else "cpu"
    accelerator = str(device).split(":")[0]
    for environment, count in (
        (TorchElasticEnvironment, _torchrun_counts),
        (SLURMEnvironment, _slurm_counts),
    ):
        if environment.detect():
            here, nodes = count()
            return Fabric(accelerator=accelerator, strategy="ddp", devices=here, num_nodes=nodes), (
                "here"
            )
    if devices == 1:
        return Fabric(accelerator=accelerator, devices=1), "here"
    return Fabric(accelerator=accelerator, strategy="ddp_spawn", devices=devices), "spawn"


def _torchrun_counts():
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    return here, int(os.environ["WORLD_SIZE"]) // here


def _slurm_counts():
    nodes = int(os.environ.get("SLURM_NNODES", 1))
    return int(os.environ["SLURM_NTASKS"]) // nodes, nodes
