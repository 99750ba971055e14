"""Training in this process, or in several started or found by Lightning Fabric."""

import contextlib
import multiprocessing
import os
import pickle
import threading

import numpy as np
import torch

from gahb_sk.networks._devices import resolve_device
from gahb_sk.training._engines import FabricEngine, LocalEngine
from gahb_sk.training._interruption import interrupts_left_to_children
from gahb_sk.training._train import train


def _launch_local(setup, on_epoch):
    machine = setup.machine
    if machine.devices != 1:
        raise ValueError(
            f"devices: expected 1 for engine='local', got {machine.devices!r}. Use engine='fabric'."
        )
    return train(LocalEngine(resolve_device(machine.device)), setup, on_epoch)


def _launch_fabric(setup, on_epoch):
    fabric, way = _make_fabric(setup.machine.device, setup.machine.devices)
    if way == "spawn":
        with interrupts_left_to_children(), _relayed(on_epoch) as (sender, results):
            fabric.launch(_in_started_process, pickle.dumps(setup), sender)
        return results[0]
    if way == "here":
        return fabric.launch(_in_this_process, setup, on_epoch)
    return _in_this_process(fabric, setup, on_epoch)  # set up by ``fabric run``


_LAUNCHERS = {"local": _launch_local, "fabric": _launch_fabric}


def launch(setup, on_epoch=None):
    """Train in each process of the engine that a setup's machine names.

    Parameters
    ----------
    setup : Setup
    on_epoch : callable, default=None
        Called in this process with the record of each epoch, when it ends; if the training runs in
        this process, too, it ends when True is returned.

    Returns
    -------
    result : dict
        See :func:`train`; of the first process, or, where each process called ``launch`` (torchrun,
        SLURM, ``fabric run``), of this one.

    Raises
    ------
    ValueError, ImportError
        If devices and engine or machine do not fit, or Fabric is not installed.
    """
    return _LAUNCHERS[setup.machine.engine](setup, on_epoch)


def _in_this_process(fabric, setup, on_epoch):
    return train(FabricEngine(fabric), setup, on_epoch)


def _in_started_process(fabric, setup, sender):
    """Train, and let the first process send epochs and result, with arrays for its weights.

    Not returned: Fabric reads what a process returns after that has ended, and a process does not
    end before all it returns is read, if this is more than a pipe holds. Tensors would share memory
    that goes with the process.
    """
    engine = FabricEngine(fabric)

    def tell(record):
        sender.send(("epoch", record))

    result = train(engine, pickle.loads(setup), tell if engine.rank == 0 else None)
    if engine.rank == 0:
        arrays = {name: value.numpy() for name, value in result["weights"].items()}
        sender.send(("result", {**result, "weights": arrays}))


@contextlib.contextmanager
def _relayed(on_epoch):
    """Give a connection for a started process, and a list that gets the result it sends.

    Epochs that it sends are handed to a callable by a thread here.

    A pipe, and not a queue: the end of its writers is noticed, even if they were killed.
    """
    receiver, sender = multiprocessing.get_context("spawn").Pipe(duplex=False)
    errors, results = [], []

    def listen():
        with contextlib.suppress(EOFError):
            while True:
                kind, record = receiver.recv()
                if kind == "result":
                    results.append(record)
                elif on_epoch is not None and not errors:
                    try:
                        on_epoch(record)
                    except BaseException as error:  # raised below; the writer must not block
                        errors.append(error)

    listener = threading.Thread(target=listen, name="gahb-sk-epochs", daemon=True)
    listener.start()
    try:
        yield sender, results
    finally:
        sender.close()
        listener.join()
        receiver.close()
    if errors:
        raise errors[0]


def as_tensors(weights):
    """Return weights as tensors, whatever process they come from."""
    return {name: torch.as_tensor(np.asarray(value)) for name, value in weights.items()}


def _make_fabric(device, devices):
    """Return a Fabric, and how to launch it: "spawn", "here", or "" where it runs already."""
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
