"""A training from its beginning or last checkpoint to its end, in each process of an engine."""

import contextlib
import copy
import time
from dataclasses import dataclass

import numpy as np
import torch

from gahb_sk._random import child
from gahb_sk.training._checkpoints import restore, save_checkpoint
from gahb_sk.training._held_out import HeldOut
from gahb_sk.training._learning_curve import curve_levels
from gahb_sk.training._loop import train
from gahb_sk.training._progress import progress_bar
from gahb_sk.training._recipes import Recipe
from gahb_sk.training._training import HELD_OUT, Training


@dataclass
class Job:
    """All that a training needs, in a form that can be sent to another process.

    Attributes
    ----------
    name : str
        Shown beside the progress bar.
    network : torch.nn.Module
        With its initial weights; not changed.
    source : object
        The images; see ``_sources.py``.
    recipe, noise_range, root, limits, precision, compiled
        See :class:`Training`.
    batch_size, patch_size
        See :func:`train`.
    validation_fraction : float or None
        Part of the images to hold out.
    patience : int or None
        Epochs without progress on them after which to stop.
    checkpoint_dir : path-like or None
    checkpoint_every : float
        Seconds.
    fingerprint, saved
        Written into checkpoints; the checkpoint to go on from, or None.
    verbose : bool
    """

    name: str
    network: torch.nn.Module
    source: object
    recipe: Recipe
    noise_range: tuple
    root: np.random.SeedSequence
    limits: dict
    batch_size: int
    patch_size: int | None
    precision: str
    compiled: bool
    validation_fraction: float | None
    patience: int | None
    checkpoint_dir: object
    checkpoint_every: float
    fingerprint: dict | None
    saved: tuple | None
    verbose: bool


def run(engine, job, on_epoch=None):
    """Train.

    Parameters
    ----------
    engine : LocalEngine
        This process's place among others.
    job : Job
    on_epoch : callable, default=None
        Called without arguments after each pass over the images.

    Returns
    -------
    result : dict
        ``weights`` (tensors on the CPU, by name), ``steps``, ``images``, ``losses``, ``history``,
        ``interrupted``, and the ``error`` that ended the training early, or None.
    """
    training = _start(engine, job)
    held_out = _hold_out(job, training)

    def after_epoch(training):
        if held_out is not None:
            training.score(held_out, job.patience)
        if on_epoch is not None:
            on_epoch()

    error = None
    try:
        with _after_step(engine, job) as on_step:
            train(
                training,
                job.source,
                job.batch_size,
                patch_size=job.patch_size,
                on_step=on_step,
                on_epoch=after_epoch,
            )
        if job.checkpoint_dir is not None and engine.rank == 0:
            save_checkpoint(training, job.checkpoint_dir, job.fingerprint)
    except BaseException as caught:  # handed to the caller, who keeps the last good weights
        # A loss that is not finite is so in all processes; anything else ends the others, too.
        if engine.rank and not isinstance(caught, FloatingPointError):
            raise
        error = caught
    return _result(training, error)


def _start(engine, job):
    """Return the training at its beginning, or where its checkpoint left it.

    What the first process drew (weights, root seed) or read counts for all.
    """
    root, saved, weights = engine.broadcast((job.root, job.saved, job.network.state_dict()))
    network = copy.deepcopy(job.network)
    network.load_state_dict(weights)
    training = Training(
        network.to(engine.device),
        job.recipe,
        job.noise_range,
        root,
        job.limits,
        engine=engine,
        precision=job.precision,
        compiled=job.compiled,
    )
    if saved is not None:
        restore(training, *saved)
    return training


def _hold_out(job, training):
    if job.validation_fraction is None:
        return None
    part = child(training.root, HELD_OUT)
    images = job.source.hold_out(job.validation_fraction, part)
    return HeldOut(images, curve_levels(job.noise_range), part)


@contextlib.contextmanager
def _after_step(engine, job):
    """Give what is called after each step: the progress bar and the checkpoints."""
    last = time.monotonic()
    writes = job.checkpoint_dir is not None and engine.rank == 0

    def on_step(training):
        nonlocal last
        if show is not None:
            show(training)
        if writes and time.monotonic() - last >= job.checkpoint_every:
            save_checkpoint(training, job.checkpoint_dir, job.fingerprint)
            last = time.monotonic()

    with progress_bar(job.name, job.verbose and engine.rank == 0) as show:
        yield on_step


def _result(training, error):
    network = training.finished_network()
    return {
        "weights": {n: value.cpu().contiguous() for n, value in network.state_dict().items()},
        "steps": training.steps,
        "images": training.images,
        "losses": list(training.losses),
        "history": list(training.history),
        "interrupted": training.ending,
        "error": error,
    }
