"""Train one network of the zoo, measure it beside its rivals, and write its folder."""

import dataclasses
import json
from pathlib import Path

import torch

from gahb_sk import __version__
from gahb_sk._files import write_json
from gahb_sk._validation import check_name
from gahb_sk.datasets._archive import open_files
from gahb_sk.denoisers import fit_or_load
from gahb_sk.reproduce._plans import PLANS, SCALES, SIGMAS, TRAINING_SEED
from gahb_sk.reproduce._rivals import card_psnrs
from gahb_sk.zoo._pretrained import CARD, read_card

# What a card keeps of how a network is built and trained.
PLANNED = ("image_size", "network", "sizes", "recipe", "max_images")


def train_pretrained(
    name,
    folder,
    *,
    scale="cpu",
    n_test_images=256,
    photographs=(),
    machine=None,
    verbose=False,
    **changes,
):
    """Train a network of the zoo and write its weights and its card.

    Parameters
    ----------
    name : str
        One of ``PLANS``.
    folder : str or path-like
        The network goes into ``folder/name``. Checkpoints are kept there until it is done; the
        same call goes on after an interruption, and does nothing once there is a card.
    scale : {"cpu", "paper"}, default="cpu"
        "cpu" is what is shipped; "paper" has 80x80 images, 64 channels and 100 million images.
    n_test_images : int, default=256
        Images of the card's PSNRs.
    photographs : sequence of str or path-like, default=()
        Folders or archives (zip, tar) of photographs to learn from besides the sample ones,
        without their subfolders. Networks of generated images do not see them.
    machine : dict or Machine, default=None
        See :class:`NetworkDenoiser`.
    verbose : bool, default=False
        Whether to show a progress bar.
    **changes
        What the plan is to have instead: ``max_images``, ``sizes``, ``recipe``.

    Returns
    -------
    card : dict
        See :func:`read_card`.

    Raises
    ------
    ValueError
        For an unknown name or scale, or if a network of another plan or of other photographs is
        there.
    KeyboardInterrupt
        After Ctrl-C: a half-trained network is not taken for a finished one.
    """
    plan = SCALES[check_name(scale, SCALES, "scale")](PLANS[check_name(name, PLANS, "network")])
    plan, folder = dataclasses.replace(plan, **changes), Path(folder) / name
    photographs = () if plan.endless else photographs
    names = [name for path in photographs for name in open_files(path, recursive=False).names]
    head = {
        "name": name,
        "text": plan.text,
        "plan": {
            "image_class": repr(plan.image_class) if plan.endless else "photographs",
            "shuffled": plan.shuffled,
            **{name: getattr(plan, name) for name in PLANNED},
            **plan.parameters,
        },
        "scale": scale,
        **({"photographs": names} if names else {}),
    }  # fmt: skip
    if (folder / CARD).is_file():
        return _same(read_card(folder), json.loads(json.dumps(head)), folder)
    denoiser = fit_or_load(
        plan.denoiser(random_state=TRAINING_SEED, machine=machine, verbose=verbose),
        lambda: plan.training_images(photographs),
        folder,
        half=True,
    )
    card = {
        **head,
        "sides_tested": plan.sides_tested,
        "seed": TRAINING_SEED,
        "images_seen": denoiser.n_images_seen_,
        "minutes": round(denoiser.history_[-1]["seconds"] / 60, 1),
        "threads": torch.get_num_threads(),
        **card_psnrs({"network": denoiser}, plan.test_images(n_test_images), SIGMAS),
        "learning_curve": learning_curve(denoiser.history_),
        "version": __version__,
        "command": f"python benchmarks/reproduce/train_zoo.py {name} --scale {scale} "
                   f"--max-images {plan.max_images} --test-images {n_test_images}"
                   + " --photographs DIR..." * bool(names),
    }  # fmt: skip
    write_json(folder / CARD, card)
    return card


def _same(card, wanted, folder):
    """Return the card of a network that is there already, if it is the one that is wanted."""
    kept = ("plan", "scale", "photographs")
    if any(card.get(name, []) != wanted.get(name, []) for name in kept):
        described = (
            f"scale {c.get('scale')!r}, plan {c.get('plan')} and "
            f"{len(c.get('photographs', []))} photographs of folders"
            for c in (wanted, card)
        )
        raise ValueError(
            f"{folder}: expected no network, or one of {next(described)}, got {next(described)}. "
            "Choose another folder, or remove it."
        )
    return card


def learning_curve(history):
    """Return the PSNR on images as they came in training; fresh ones had not been seen before.

    Parameters
    ----------
    history : list of dict
        ``history_`` of a network.

    Returns
    -------
    curve : dict
        ``images``, ``sigma`` and ``psnr``: for each number of images one value a noise level,
        None where no image came near it.
    """
    return {
        "images": [record["images"] for record in history],
        "sigma": [round(sigma, 4) for sigma in history[-1]["sigma"]],
        "psnr": [
            [None if value is None else round(value, 2) for value in record["train_psnr"]]
            for record in history
        ],
    }
