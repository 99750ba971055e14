"""Train one network of the zoo, measure it beside its rivals, and write its folder."""

import json
import shutil
from pathlib import Path

import torch

from gahb_sk import __version__
from gahb_sk._files import write_json
from gahb_sk._validation import check_name
from gahb_sk.datasets._archive import open_files
from gahb_sk.denoisers import get_denoiser
from gahb_sk.denoisers.learned._saved_network import FREE
from gahb_sk.reproduce._levels import measure
from gahb_sk.reproduce._plans import PLANS, SCALES, SIGMAS, TRAINING_SEED
from gahb_sk.training._interrupt import fit_to_the_end
from gahb_sk.zoo._pretrained import CARD, read_card


def train_pretrained(name, folder, *, scale="cpu", n_test_images=256, photographs=(), **parameters):
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
        Folders or zip archives of photographs to learn from besides the sample photographs, without
        their subfolders. Networks of generated images do not see them.
    **parameters
        Parameters of the network that replace those of the plan, such as ``max_images``,
        ``verbose`` or ``engine``.

    Returns
    -------
    card : dict
        See :func:`read_card`.

    Raises
    ------
    ValueError
        For an unknown name, scale or parameter, or if a network of another scale, length, other
        photographs or other parameters lies there.
    KeyboardInterrupt
        After Ctrl-C: a half-trained network is not taken for a finished one.
    """
    plan = SCALES[check_name(scale, SCALES, "scale")](PLANS[check_name(name, PLANS, "network")])
    folder = Path(folder) / name
    network = {
        **plan.network,
        **{k: v for k, v in parameters.items() if k not in FREE | {"max_images"}},
    }
    max_images = parameters.get("max_images", plan.max_images)
    photographs = () if plan.endless else photographs
    names = [name for path in photographs for name in open_files(path, recursive=False).names]
    if (folder / CARD).is_file():
        return _same(folder, scale, network, names, max_images)
    checkpoints = folder / "checkpoints"
    denoiser = get_denoiser(plan.estimator)(
        **{
            "max_images": plan.max_images,
            "random_state": TRAINING_SEED,
            "checkpoint_dir": checkpoints,
            **plan.network,
            **parameters,
        }
    )
    fit_to_the_end(denoiser, plan.training_images(photographs))
    minutes = denoiser.history_[-1]["seconds"] / 60
    denoiser.set_params(checkpoint_dir=None, verbose=False)
    denoiser.save(folder, half=True)
    card = {
        "name": name,
        "text": plan.text,
        "plan": {"image_class": repr(plan.image_class) if plan.endless else "photographs",
                 "image_size": plan.image_size, "shuffled": plan.shuffled,
                 "estimator": plan.estimator, "network": network},
        "scale": scale,
        **({"photographs": names} if names else {}),
        "seed": TRAINING_SEED,
        "images_seen": denoiser.n_images_seen_,
        "minutes": round(minutes, 1),
        "threads": torch.get_num_threads(),
        **measure({"network": denoiser.load(folder)}, plan.test_images(n_test_images), SIGMAS),
        "learning_curve": learning_curve(denoiser.history_),
        "version": __version__,
        "command": f"python benchmarks/reproduce/train_zoo.py {name} --scale {scale} "
                   f"--max-images {max_images} --test-images {n_test_images}"
                   + " --photographs DIR..." * bool(names),
    }  # fmt: skip
    write_json(folder / CARD, card)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return card


def _same(folder, scale, network, photographs, max_images):
    """Return the card of a network that is there already, if it is the one that is wanted."""
    card = read_card(folder)
    found = (
        card.get("scale"), card.get("plan", {}).get("network"), card.get("photographs", [])
    )  # fmt: skip
    wanted = (scale, json.loads(json.dumps(network)), photographs)
    seen = card.get("images_seen", 0)
    batch = max(1, max_images // 100)
    if found != wanted or not 0 <= seen - max_images < batch:
        described = (
            f"scale {s!r} with {n}, {len(p)} photographs of folders and {i} images seen"
            for (s, n, p), i in ((wanted, max_images), (found, seen))
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
        ``images``, ``sigmas`` and ``psnr``: for each number of images one value a noise level,
        None where no image came near it.
    """
    return {
        "images": [record["images"] for record in history],
        "sigmas": [round(sigma, 4) for sigma in history[-1]["sigma"]],
        "psnr": [
            [None if value is None else round(value, 2) for value in record["train_psnr"]]
            for record in history
        ],
    }
