"""Train pairs of networks on disjoint sets of images.

A folder of pairs holds a card and a folder for each network as ``save`` writes it, ``10A`` and
``10B`` for N = 10.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np
import torch

from gahb_sk import __version__, datasets
from gahb_sk._files import write_text
from gahb_sk._random import child, seed_sequence
from gahb_sk._validation import check_name
from gahb_sk.denoisers import fit_or_load
from gahb_sk.reproduce._pair_plans import PAIR_SCALES, PAIRS, PairPlan
from gahb_sk.reproduce._plans import TRAINING_SEED
from gahb_sk.reproduce._rivals import card_psnrs
from gahb_sk.zoo._pairs import SETS
from gahb_sk.zoo._pretrained import CARD, CONFIG, find_pairs, read_card

# Noise levels of a card.
PAIR_SIGMAS = (0.03, 0.1, 0.3)
_EPOCH = 10_000
_RIVAL_IMAGES = 40


def train_pairs(plan, folder, *, scale="cpu", machine=None, verbose=False, **changes):
    """Train pairs of networks on disjoint sets of images, and write their weights and their card.

    Parameters
    ----------
    plan : str or PairPlan
        One of ``PAIRS``, or a plan of one's own.
    folder : str or path-like
        The networks go into ``folder/name/1A``, ``folder/name/1B`` and so on. The same call goes
        on after an interruption, in the middle of a network, too; the card is written after each
        N, so that those which are done can be used.
    scale : {"cpu", "paper"}, default="cpu"
        "cpu" is what is shipped; "paper" has 80x80 images, 64 channels and N up to 100,000.
    machine : dict or Machine, default=None
        See :class:`NetworkDenoiser`.
    verbose : bool, default=False
        Whether to show progress bars.
    **changes
        What the plan is to have instead, such as ``max_images``.

    Returns
    -------
    card : dict
        See :func:`load_pairs`.

    Raises
    ------
    ValueError
        For an unknown name, scale or parameter, or if the folder holds networks that were trained
        in another way.
    KeyboardInterrupt
        After Ctrl-C: a half-trained network is not taken for a finished one.
    """
    if not isinstance(plan, PairPlan):
        plan = PAIRS[check_name(plan, PAIRS, "plan")]
    plan = PAIR_SCALES[check_name(scale, PAIR_SCALES, "scale")](plan)
    plan = dataclasses.replace(plan, **changes)
    folder, X, measured = Path(folder) / plan.name, plan.images(), {}
    rivals = _rivals(plan, X, folder)
    for n in plan.n_train:
        sets = datasets.split_disjoint(X, n)
        new = not all((folder / f"{n}{label}" / CONFIG).is_file() for label in SETS)
        pair = [
            fit_or_load(
                plan.denoiser(random_state=seed, machine=machine, verbose=verbose),
                _epoch_of(images),
                folder / f"{n}{label}",
                half=True,
            )
            for label, seed, images in zip(SETS, _seeds(), sets, strict=True)
        ]
        measured[n] = _measure(pair, sets, plan.test_images(X))
        if new or n == plan.n_train[-1]:  # those that were there come first
            card = _card(plan, scale, pair[0], measured, rivals)
            write_text(folder / CARD, json.dumps(card, indent=2) + "\n")
    return read_card(folder)


def load_pair_images(name):
    """Make the images of pairs of networks again.

    Parameters
    ----------
    name : str
        See :func:`load_pairs`.

    Returns
    -------
    images : ndarray of shape (n, side, side), float32
        As ``generalization_curve`` takes them: the sets of the networks are the first and the
        last, the test images lie between.

    Raises
    ------
    ValueError
        For an unknown name, or a damaged folder.
    """
    folder = find_pairs(name)
    try:
        plan = PairPlan(**read_card(folder)["plan"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{folder}: {CARD} holds no plan of pairs ({error}).") from error
    return plan.images()


def _seeds():
    """Seeds of the networks of A and of B, the same for all N."""
    root = seed_sequence(TRAINING_SEED)
    return [int(child(root, k).generate_state(1)[0]) for k in range(len(SETS))]


def _epoch_of(images):
    """Repeat few images, so that an epoch and a batch are the same whatever their number."""
    n = len(images)
    return images[np.arange(-(-_EPOCH // n) * n) % n] if n < _EPOCH else images


def _measure(pair, sets, test):
    """Mean PSNRs on as many noisy images of their own as test images, and how long it took."""
    own = [images[np.arange(len(test)) % len(images)] for images in sets]
    return {
        "train_psnr": _mean_psnr(pair, own),
        "test_psnr": _mean_psnr(pair, [test] * len(pair)),
        "minutes": sum(network.history_[-1]["seconds"] for network in pair) / 60,
    }


def _mean_psnr(networks, stacks):
    scores = [
        network.score(stack, sigma=sigma)
        for network, stack in zip(networks, stacks, strict=True)
        for sigma in PAIR_SIGMAS
    ]
    return round(float(np.mean(scores)), 3)


def _rivals(plan, X, folder):
    """PSNRs of other denoisers, on some of the test images: those that search are slow."""
    known = read_card(folder).get("rivals") if (folder / CARD).is_file() else None
    if known:
        return known
    measured = card_psnrs({}, plan.test_images(X)[:_RIVAL_IMAGES], PAIR_SIGMAS)
    return {"n_images": measured["n_test_images"], "psnr": measured["psnr"]}


def _card(plan, scale, network, measured, rivals):
    """Return what is known of the pairs that are done."""
    done = sorted(measured)
    return {
        "name": plan.name,
        "text": plan.text,
        "plan": dataclasses.asdict(plan),
        "scale": scale,
        "n_train": done,
        "sigma": list(PAIR_SIGMAS),
        "train_psnr": [measured[n]["train_psnr"] for n in done],
        "test_psnr": [measured[n]["test_psnr"] for n in done],
        "n_test_images": plan.n_test,
        "rivals": rivals,
        "seed": TRAINING_SEED,
        "n_weights": sum(weight.numel() for weight in network.network_.parameters()),
        "images_seen": network.n_images_seen_,
        "minutes": round(sum(found["minutes"] for found in measured.values()), 1),
        "threads": torch.get_num_threads(),
        "version": __version__,
        "command": f"python benchmarks/reproduce/train_zoo.py {plan.name} --scale {scale}",
    }
