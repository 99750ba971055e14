"""A training from its beginning or last checkpoint to its end, in each process of an engine."""

import contextlib
import copy
import time
from dataclasses import dataclass

import numpy as np
import torch
from tqdm.auto import tqdm

from gahb_sk.networks._inference import denoise
from gahb_sk.training._checkpoints import restore, save_checkpoint, save_snapshot
from gahb_sk.training._data import batches
from gahb_sk.training._image_errors import noisy_of
from gahb_sk.training._interruption import interrupt_after_step
from gahb_sk.training._machine import Machine
from gahb_sk.training._objective import HeldOut, curve_levels
from gahb_sk.training._recipes import Recipe
from gahb_sk.training._streams import stream
from gahb_sk.training._trainer import Trainer


@dataclass
class Setup:
    """All that a training needs, in a form that can be sent to another process.

    Attributes
    ----------
    network : torch.nn.Module
        With its initial weights; not changed.
    source : object
        The images; see ``_data.py``.
    recipe, noise_range, root, limits, machine
        See :class:`Trainer`.
    checkpoint_dir : path-like, default=None
    fingerprint, saved : default=None
        Written into checkpoints; the checkpoint to go on from.
    title : str, default=None
        Shown beside a progress bar; None for none.
    """

    network: torch.nn.Module
    source: object
    recipe: Recipe
    noise_range: tuple
    root: np.random.SeedSequence
    limits: dict
    machine: Machine = Machine()
    checkpoint_dir: object = None
    fingerprint: dict | None = None
    saved: tuple | None = None
    title: str | None = None


def train(engine, setup, on_epoch=None):
    """Train a network.

    Parameters
    ----------
    engine : LocalEngine
        This process's place among others.
    setup : Setup
    on_epoch : callable, default=None
        Called with the record of each pass over the images; the training ends if it returns True.

    Returns
    -------
    result : dict
        ``weights`` (tensors on the CPU, by name), ``steps``, ``images``, ``losses``, ``history``,
        ``interrupted``, and the ``error`` that ended the training early, or None.
    """
    trainer = _begin(engine, setup)
    error = None
    try:
        with _after_step(engine, setup) as on_step:
            run(trainer, setup.source, setup.machine.prefetch, on_step, on_epoch)
        _check_result(trainer, setup.source)
        if setup.checkpoint_dir is not None and engine.rank == 0:
            save_checkpoint(trainer, setup.checkpoint_dir, setup.fingerprint)
    except BaseException as caught:  # handed to the caller, who keeps the last good weights
        # A loss that is not finite is so in all processes; anything else ends the others, too.
        if engine.rank and not isinstance(caught, FloatingPointError):
            raise
        error = caught
    weights = trainer.finished_network().state_dict()
    return {
        "weights": {name: value.cpu().contiguous() for name, value in weights.items()},
        "steps": trainer.steps,
        "images": trainer.images,
        "losses": list(trainer.losses),
        "history": list(trainer.history),
        "interrupted": trainer.ending,
        "error": error,
    }


def run(trainer, source, prefetch=2, on_step=None, on_epoch=None):
    """Run a trainer to its end, from wherever it stands.

    Parameters
    ----------
    trainer : Trainer
        Changed in place.
    source : object
        Clean images; see ``_data.py``.
    prefetch : int, default=2
        Batches made ahead of use.
    on_step, on_epoch : callable, default=None
        Called after each step with the trainer, and with the record of each pass over the images.
    """
    held_out = _hold_out(trainer, source)
    trainer.network.train()
    with interrupt_after_step(trainer):
        while not trainer.finished:
            _one_epoch(trainer, source, prefetch, on_step)
            trainer.end_epoch()
            if held_out is not None:
                trainer.score(held_out)
            asked = on_epoch is not None and bool(on_epoch(trainer.history[-1]))
            trainer.stopped |= bool(trainer.engine.largest(float(asked))[0])
        if trainer.epoch_losses:  # resumed after the last step
            trainer.end_epoch()


def _begin(engine, setup):
    """Return the trainer at its beginning, or where its checkpoint left it.

    What the first process drew (weights, root seed) or read counts for all.
    """
    root, saved, weights = engine.broadcast((setup.root, setup.saved, setup.network.state_dict()))
    network = copy.deepcopy(setup.network)
    network.load_state_dict(weights)
    trainer = Trainer(
        network.to(engine.device),
        setup.recipe,
        setup.noise_range,
        root,
        setup.limits,
        engine=engine,
        machine=setup.machine,
    )
    if saved is not None:
        restore(trainer, *saved)
    return trainer


@torch.no_grad()
def _check_result(trainer, source):
    """Refuse a last step after which the network returns NaN: no later loss would show it."""
    if trainer.before is None:  # resumed after the last step
        return
    order = source.order(0, stream(trainer.root, "order"))
    image = noisy_of(source.read(order[:1]), trainer.recipe.objective)
    image = image.to(next(trainer.network.parameters()).device)
    level = image.new_full((1,), trainer.noise_range[1])
    if not denoise(trainer.finished_network(), image, level).isfinite().all():
        trainer.average = trainer.best = None
        trainer.refuse("not yet seen")


def _hold_out(trainer, source):
    if not trainer.recipe.early_stopping:
        return None
    root = stream(trainer.root, "held_out")
    images = source.hold_out(trainer.recipe.validation_fraction, root)
    return HeldOut(images, curve_levels(trainer.noise_range), root, trainer.recipe.part)


def _one_epoch(trainer, source, prefetch, on_step):
    device = next(trainer.network.parameters()).device
    with contextlib.closing(batches(trainer, source, prefetch=prefetch)) as ready:
        asked = time.perf_counter()
        for batch in ready:
            trainer.waited += time.perf_counter() - asked
            done = trainer.position / len(source)
            trainer.step(*(part.to(device, non_blocking=True) for part in batch), done)
            if on_step is not None:
                on_step(trainer)
            if trainer.finished:
                break
            asked = time.perf_counter()


@contextlib.contextmanager
def _after_step(engine, setup):
    """Give what is called after each step: the progress bar and the checkpoints."""
    last = time.monotonic()
    writes = setup.checkpoint_dir is not None and engine.rank == 0
    shows = setup.title is not None and engine.rank == 0
    with tqdm(total=100, desc=setup.title, unit="%", leave=False, disable=not shows) as bar:

        def on_step(trainer):
            nonlocal last
            done = int(100 * trainer.progress)
            if shows and done > bar.n:
                bar.set_postfix(images=trainer.images, refresh=False)
                bar.update(done - bar.n)
            if writes and trainer.steps in setup.machine.snapshots:
                save_snapshot(trainer, setup.checkpoint_dir)
            if writes and time.monotonic() - last >= setup.machine.checkpoint_every:
                save_checkpoint(trainer, setup.checkpoint_dir, setup.fingerprint)
                last = time.monotonic()

        yield on_step
