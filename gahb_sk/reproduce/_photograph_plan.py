"""How the networks for photographs are trained, as plans and one function.

Networks start from the weights of a small grey one, those for colour too: what it learns about
edges serves all.
"""

import dataclasses
from pathlib import Path

import torch

from gahb_sk import __version__
from gahb_sk._files import write_json
from gahb_sk._validation import check_name
from gahb_sk.datasets import PhotographCrops
from gahb_sk.denoisers import (
    NetworkDenoiser,
    OpponentColors,
    PretrainedDenoiser,
    SelfEnsemble,
    fit_or_load,
)
from gahb_sk.denoisers.learned._shipped import CHROMA, GREY
from gahb_sk.reproduce._network_plan import NetworkPlan
from gahb_sk.reproduce._photograph_card import (
    measure_whole,
    photograph_rivals,
    table,
    whole_photographs,
)
from gahb_sk.reproduce._photograph_files import name_of, photograph_files, photograph_list
from gahb_sk.reproduce._train_network import PLANNED, learning_curve
from gahb_sk.training._noise import SUBSAMPLED
from gahb_sk.zoo._pretrained import CARD

TRAINING_SEED = 0
EIGHT_VIEWS = "network, eight views"
NOISE_RANGE = (1 / 255, 80 / 255)
CROPS = {"shorter_sides": (320, 480, 720), "random_state": TRAINING_SEED}


def _plan(
    name, text, max_images, n_units=(2, 1, 1), image_size=48, channels=(64, 96, 128), **recipe
):
    return NetworkPlan(
        name=name,
        text=text,
        image_size=image_size,
        # At two, one and one unit: 1.07 million weights, 10^5 multiplications per grey pixel.
        sizes={
            "channels": channels,
            "n_units": n_units,
            "unshuffle": 2,
            "padding": "replicate",
        },
        recipe={
            "optimizer": "muon",
            "learning_rate": 2e-3,
            "weight_decay": 0.0,
            "loss_weight": "balanced_root",
            **recipe,
        },
        max_images=max_images,
    )


SMALL = "photographs-small"
WHITE = "photographs-white"
SMALL_CHROMA = "photographs-chroma-small"
PHOTOGRAPH_PLANS = {
    SMALL: _plan(SMALL, "Grey photographs, a network of half the weights.", 320_000),
    # Begins as the small one, with units that change nothing.
    GREY: _plan(
        GREY,
        "Grey photographs of any size.",
        473_472,
        n_units=(4, 2, 2),
        image_size=64,
        learning_rate=1e-3,
    ),
    # Begins as the small one.
    WHITE: _plan(WHITE, "Colour photographs with white noise.", 120_000),
    # Begins as that, and learns the noise of JPEG files, too.
    SMALL_CHROMA: _plan(
        SMALL_CHROMA,
        "The colours of photographs, a network of half the weights.",
        70_000,
        noise=SUBSAMPLED,
    ),
    # Begins as that, with units that change nothing, and leaves the luminance alone.
    CHROMA: _plan(
        CHROMA,
        "The colours of photographs of any size; their luminance is left to the grey network.",
        150_000,
        n_units=(4, 2, 2),
        image_size=64,
        channels=(64, 96, 127),  # below 4 MB; one of 128 was idle
        learning_rate=1.5e-3,
        part="colors",
        noise=SUBSAMPLED,
    ),
}
STARTS = {GREY: SMALL, WHITE: SMALL, SMALL_CHROMA: WHITE, CHROMA: SMALL_CHROMA}
IN_COLOR = (WHITE, SMALL_CHROMA, CHROMA)


def train_photographs(name, folder, output, *, start=None, machine=None, verbose=False, **changes):
    """Train one network for photographs, or go on where its checkpoint stands.

    Parameters
    ----------
    name : str
        One of ``PHOTOGRAPH_PLANS``.
    folder : str or path-like
        Unpacked packages; see :func:`photograph_files`.
    output : str or path-like
        ``output/name`` gets the weights in half precision.
    start : NetworkDenoiser, default=None
        Fitted, the one that the plan begins as; see :func:`grown` and :func:`colored`.
    machine, verbose, **changes
        See :func:`train_pretrained`.

    Returns
    -------
    denoiser : NetworkDenoiser
        Fitted.
    """
    plan = PHOTOGRAPH_PLANS[check_name(name, PHOTOGRAPH_PLANS, "network")]
    plan = dataclasses.replace(plan, **changes)
    denoiser = plan.denoiser(
        noise_range=NOISE_RANGE, random_state=TRAINING_SEED, machine=machine, verbose=verbose
    )
    if start is not None:
        denoiser.set_params(warm_start=True)
        begin = {GREY: grown, WHITE: colored, CHROMA: grown}.get(name)
        first = begin(start.network_, denoiser.network) if begin else start.network_
        denoiser.network_, denoiser.n_images_seen_ = first, 0

    def crops():
        files = photograph_files(folder)
        return PhotographCrops(
            list(files.values()), plan.image_size, color=name in IN_COLOR, **CROPS
        )

    return fit_or_load(denoiser, crops, Path(output) / name, half=True)


def grown(small, architecture):
    """Return a network of more residual units that computes what the small one does.

    Parameters
    ----------
    small : torch.nn.Module
        A residual UNet.
    architecture : ResidualUNet
        Of the same channels or less, whose last ones are left out, and as many units or more at
        each scale.

    Returns
    -------
    network : torch.nn.Module
    """
    old = small.state_dict()
    # Rearranged pixels: channels times the square of the reduction.
    n_channels = old["first.weight"].shape[1] // architecture.unshuffle**2
    network = architecture.build(n_channels, generator=torch.Generator().manual_seed(TRAINING_SEED))
    weights = network.state_dict()
    for name in weights:
        if name.endswith("branch.2.weight"):
            weights[name].zero_()  # the unit x + branch(x) is the identity
    for name, value in old.items():
        # A single unit of a scale has no number there.
        name = name if name in weights else name.replace("branch", "0.branch")
        weights[name] = value[tuple(map(slice, weights[name].shape))]
    network.load_state_dict(weights)
    return network


def colored(grey, architecture):
    """Return a network for colour that begins as the grey one on the mean of the channels.

    The first layer also gets half of its usual random weights, so that it sees colours.

    Parameters
    ----------
    grey : torch.nn.Module
        A residual UNet for grey images.
    architecture : ResidualUNet
        Of both.

    Returns
    -------
    network : torch.nn.Module
    """
    network = architecture.build(3, generator=torch.Generator().manual_seed(TRAINING_SEED))
    weights = dict(grey.state_dict())
    fresh = network.state_dict()["first.weight"]
    weights["first.weight"] = weights["first.weight"].repeat(1, 3, 1, 1) / 3 + fresh / 2
    weights["last.weight"] = weights["last.weight"].repeat(3, 1, 1, 1)
    network.load_state_dict(weights)
    return network


def write_photograph_card(name, folder, output, *, measured=None, **entries):
    """Measure a trained network beside its rivals, and write ``output/name/card.json``.

    Parameters
    ----------
    name : str
        One of ``PHOTOGRAPH_PLANS``.
    folder : str or path-like
        Unpacked packages.
    output : str or path-like
        Where :func:`train_photographs` wrote.
    measured : dict, default=None
        What :func:`measure_whole` returned for the rivals; for "network", too, and "network, eight
        views" (:class:`SelfEnsemble`), if they are among them. None measures all, which takes long.
    **entries
        Further entries of the card, or others in place of those here.

    Returns
    -------
    card : dict
    """
    images = whole_photographs(folder, name in IN_COLOR)
    denoiser = trained = NetworkDenoiser.load(Path(output) / name)
    if name == CHROMA:
        denoiser = OpponentColors(
            *(PretrainedDenoiser(Path(output) / part) for part in (GREY, name))
        )
    found = measure_whole(photograph_rivals(), images) if measured is None else dict(measured)
    own = {"network": denoiser}
    if name == GREY:
        # A fitted network would be cloned, and trained again.
        shipped = PretrainedDenoiser(Path(output) / name)
        own[EIGHT_VIEWS] = SelfEnsemble(shipped).fit(next(iter(images.values()))[None])
    missing = {label: one for label, one in own.items() if label not in found}
    found |= measure_whole(missing, images)
    plan, history = PHOTOGRAPH_PLANS[name], trained.history_
    card = {
        "name": name,
        "text": plan.text,
        "plan": {
            "image_class": "photographs",
            "shuffled": False,
            **{key: getattr(plan, key) for key in PLANNED},
        },
        "scale": "cpu",
        "photographs": [credit(row) for row in photograph_list("train")],
        "sides_tested": plan.sides_tested,
        "seed": TRAINING_SEED,
        "images_seen": trained.n_images_seen_,
        "minutes": round(history[-1]["seconds"] / 60, 1),
        "threads": torch.get_num_threads(),
        **table(found, images),
        "learning_curve": learning_curve(history),
        "version": __version__,
        "command": f"python benchmarks/reproduce/train_photographs.py PACKAGES {name} "
                   f"--max-images {trained.n_images_seen_}"
                   + (f" --start networks/{STARTS[name]}" if name in STARTS else ""),
        **entries,
    }  # fmt: skip
    write_json(Path(output) / name / CARD, card)
    return card


def credit(row):
    """Return name, author and licence of a photograph in one line."""
    return f"{name_of(row)} by {row['author']}, {row['licence']}"
