"""Checkpoints of a training: written whole, two kept, resumed bit by bit.

A checkpoint is one safetensors file: the tensors of the network, its average, the optimiser and
the error balance, and, as metadata, the counts (which fix the position in every random stream),
the losses, the seconds spent, and a fingerprint of parameters and data.
"""

import hashlib
import json
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from gahb_sk._files import atomic_path

FORMAT = "gahb_sk.training.3"
_KEPT = 2
_COUNTS = (
    "steps",
    "images",
    "epochs",
    "position",
    "losses",
    "epoch_losses",
    "history",
    "best_score",
    "best_epoch",
    "stopped",
    "seconds",
    "waited",
)


def save_checkpoint(trainer, folder, fingerprint):
    """Write the trainer's state into ``folder`` and remove all but the last two.

    Parameters
    ----------
    trainer : Trainer
        Between two steps.
    folder : str or path-like
        Made if missing.
    fingerprint : dict
        Parameters and data, as JSON values.
    """
    tensors = {name: value.contiguous().cpu() for name, value in _tensors(trainer).items()}
    state = {name: getattr(trainer, name) for name in _COUNTS}
    state["precision"] = trainer.precision.state()
    state["entropy"] = [str(word) for word in _words(trainer.root.entropy)]
    state["spawn_key"] = [int(key) for key in trainer.root.spawn_key]
    state["fingerprint"] = fingerprint
    text = json.dumps(state)
    metadata = {"format": FORMAT, "state": text, "digest": _digest(tensors, text)}
    for left in Path(folder).glob(".step-*"):  # by a process that was killed while it wrote
        left.unlink(missing_ok=True)
    with atomic_path(Path(folder) / f"step-{trainer.steps:010d}.safetensors") as temporary:
        _write(tensors, temporary, metadata)
    for old in _files(folder)[:-_KEPT]:
        old.unlink()


def _write(tensors, path, metadata):
    try:
        save_file(tensors, path, metadata=metadata)
    except SafetensorError as error:  # what it makes of an OSError
        raise OSError(f"checkpoint_dir: cannot write to {path.parent} ({error}).") from error


def save_snapshot(trainer, folder):
    """Write the weights that are in use after this step; they stay when checkpoints go."""
    tensors = {name: v.contiguous().cpu() for name, v in trainer.averaged.state_dict().items()}
    counts = {"steps": str(trainer.steps), "images": str(trainer.images)}
    with atomic_path(Path(folder) / f"weights-{trainer.steps:010d}.safetensors") as temporary:
        _write(tensors, temporary, counts)


def load_snapshots(folder):
    """Yield the counts (``steps``, ``images``) and the weights of each snapshot, in order."""
    for path in sorted(Path(folder).glob("weights-*.safetensors")):
        with safe_open(path, framework="pt") as file:
            counts = {name: int(value) for name, value in file.metadata().items()}
            yield counts, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def load_checkpoint(folder):
    """Read the newest sound checkpoint.

    Returns
    -------
    checkpoint : tuple of (dict of str to torch.Tensor, dict) or None
        Tensors and state; None if the folder holds no checkpoint.

    Raises
    ------
    ValueError
        If there are checkpoints, but all are damaged.

    Warns
    -----
    UserWarning
        If a damaged one is passed over.
    """
    files = _files(folder)
    for path in reversed(files):
        try:
            return _read(path)
        except (SafetensorError, ValueError, KeyError, OSError, RecursionError) as error:
            warnings.warn(
                f"The checkpoint {path} is damaged ({error}); trying the one before it.",
                stacklevel=2,
            )
    if files:
        raise ValueError(
            f"checkpoint_dir: all checkpoints in {folder} are damaged. Remove them to start anew."
        )
    return None


def check_fingerprint(state, fingerprint, folder):
    """Refuse a checkpoint of other parameters or data.

    Raises
    ------
    ValueError
        That names what differs.
    """
    saved = state["fingerprint"]
    names = [n for n in {**saved, **fingerprint} if saved.get(n) != fingerprint.get(n)]
    if names:
        shown = ", ".join(
            f"{n}: {saved.get(n)!r} there, {fingerprint.get(n)!r} here" for n in names
        )
        raise ValueError(
            f"checkpoint_dir: {folder} holds a training that differs ({shown}). Give another "
            "folder, or the same parameters and data."
        )


@torch.no_grad()
def restore(trainer, tensors, state):
    """Bring a new trainer to the state of a checkpoint."""
    for name in _COUNTS:
        setattr(trainer, name, state[name])
    trainer.start = time.perf_counter() - state["seconds"]
    trainer.network.load_state_dict(_part(tensors, "network."))
    if trainer.average is not None:
        trainer.average.load_state_dict(_part(tensors, "average."))
    if trainer.best_epoch:
        trainer.best = _part(tensors, "best.")
    trainer.balance.means.copy_(tensors["balance"])
    trainer.curve.sums.copy_(tensors["curve"])
    trainer.precision.restore(state["precision"])
    moments = trainer.optimizer.state_dict()
    parameters = trainer.optimizer.param_groups[0]["params"]
    parts = {}
    for name, value in _part(tensors, "optimizer.").items():
        index, key = name.split(".")
        like = parameters[int(index)]
        if value.shape == like.shape:
            # Fused optimisers run over memory: moments must lie as their parameter does.
            value = torch.empty_like(like).copy_(value)
        parts.setdefault(int(index), {})[key] = value
    moments["state"] = parts
    trainer.optimizer.load_state_dict(moments)


def saved_root(state):
    """Return the root of the random streams."""
    words = [int(word) for word in state["entropy"]]
    entropy = words[0] if len(words) == 1 else words
    return np.random.SeedSequence(entropy, spawn_key=tuple(state["spawn_key"]))


def _words(entropy):
    return entropy if isinstance(entropy, (list, tuple)) else [entropy]


def _tensors(trainer):
    tensors = {f"network.{k}": v for k, v in trainer.network.state_dict().items()}
    if trainer.average is not None:
        tensors |= {f"average.{k}": v for k, v in trainer.average.state_dict().items()}
    for index, moments in trainer.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in moments.items()}
    if trainer.best is not None:
        tensors |= {f"best.{k}": v for k, v in trainer.best.items()}
    tensors["balance"] = trainer.balance.means
    tensors["curve"] = trainer.curve.sums
    return tensors


def _part(tensors, prefix):
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _files(folder):
    return sorted(Path(folder).glob("step-*.safetensors"))


def _read(path):
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if metadata.get("format") != FORMAT:
        raise ValueError(f"format {metadata.get('format')!r} instead of {FORMAT!r}")
    if metadata["digest"] != _digest(tensors, metadata["state"]):
        raise ValueError("its digest does not match")
    return tensors, json.loads(metadata["state"])


def _digest(tensors, text):
    """SHA-256 of names, shapes and values of the tensors, and of the other state as text."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].dtype} {tuple(tensors[name].shape)}".encode())
        digest.update(tensors[name].contiguous().numpy().tobytes())
    return digest.hexdigest()
