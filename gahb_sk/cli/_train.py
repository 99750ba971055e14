"""Train a network on your own images, a saved stack, or a class of images.

IMAGES is a folder or archive (zip, tar) of photographs, a .npy stack, or a class such as
'c-alpha(alpha=2)'. Photographs are cut afresh into crops of several scales. The PSNR on held-out
images is shown after each pass of 10,000 images. After an interruption, the same command with
--resume goes on where the last checkpoint stands. A finished training goes on from its weights with
--resume and a longer --time or --epochs. FOLDER is what denoise, compare, audit, sample and restore
take. Beside the weights and their card it has the learning curve, curve.png and history.csv.
"""

import argparse
import re
import sys
from pathlib import Path

from gahb_sk import __version__
from gahb_sk._files import check_writable
from gahb_sk.cli._arguments import add_settings, noise_level, parse_settings, positive_int, redo
from gahb_sk.cli._denoisers import parse_network
from gahb_sk.denoisers.learned._shipped import GREY

EXAMPLE = "gahb-sk train photographs/ --output my-network --time 2h --validate others/"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_VALIDATION = 200 / 10_000  # fraction of an epoch of a stream that is measured on


def duration(text: str) -> float:
    """Read a time such as ``90s``, ``30m`` or ``2h``, in seconds, for argparse."""
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*([smhd]?)", text.strip())
    seconds = float(match[1]) * _UNITS[match[2] or "s"] if match else 0.0
    if not seconds > 0:
        raise argparse.ArgumentTypeError(f"expected a time such as 90s, 30m or 2h, got {text!r}")
    return seconds


def add_arguments(parser):
    """Add the arguments of ``gahb-sk train``."""
    add = parser.add_argument
    add("images", metavar="IMAGES", help="folder, archive, .npy stack, or a class of images")
    add("--output", required=True, metavar="FOLDER", help="folder of the network")
    add("--network", metavar="NETWORK", help="residual_unet, unet, bias_free_cnn, energy, or as in "
        "'UNet(channels=8)' (default: residual_unet; for photographs the shape and the recipe of "
        "the network 'photographs')")  # fmt: skip
    add("--recipe", choices=["fast", "muon", "paper"],
        help="how to train (default fast, for energies muon; see --network)")  # fmt: skip
    add_settings(add, "learning_rate=1e-3 or batch_size=32 of the recipe")
    add("--time", type=duration, metavar="T", help="when to stop, such as 90s, 30m or 2h")
    add("--epochs", type=positive_int, metavar="N", help="or after N passes (of 10,000 crops or "
        "fresh images, or over the stack)")  # fmt: skip
    add("--validate", metavar="DIR", help="folder or archive of photographs to measure on "
        "(default: every tenth photograph of IMAGES)")  # fmt: skip
    add("--color", action="store_true", help="three channels instead of grey")
    add("--image-size", type=positive_int, metavar="S",
        help="side of a crop, or of images of a class (default 48, 64)")  # fmt: skip
    add("--noise-range", nargs=2, type=noise_level, default=[1 / 255, 80 / 255],
        metavar=("LOW", "HIGH"), help="noise levels to learn (default 1/255 80/255)")  # fmt: skip
    add("--resume", action="store_true", help="go on with the training that FOLDER holds, "
        "or from its weights for longer")  # fmt: skip
    add("--device", default="auto", help="auto, cpu, cuda (default auto)")
    add("--precision", default="auto", choices=["auto", "32", "bf16-mixed", "16-mixed"],
        help="auto: bf16-mixed where the hardware has it, else 32 (default auto)")  # fmt: skip
    add("--engine", default="local", choices=["local", "fabric"], help="default local")
    add("--devices", type=positive_int, default=1, help="processes of the engine fabric")
    add("--checkpoint-every", type=duration, default=60.0, metavar="T",
        help="time between checkpoints (default 60s)")  # fmt: skip
    add("--tensorboard", metavar="DIR", help="write TensorBoard events there as well")
    add("--seed", type=int, default=0, help="seed of the training (default 0)")


def run(args):
    """Train, save the network with its card, and say where it is."""
    from gahb_sk.cli._training_folder import check_folder, train_in, write_card
    from gahb_sk.cli._training_images import kind_of_images, read_images

    folder = Path(args.output)
    _check_limits(args)
    kind = kind_of_images(args)
    denoiser = _denoiser(args, kind)
    writer = _summary_writer() if args.tensorboard else None
    trained = check_folder(folder, denoiser, args.resume)
    check_writable(folder, "--output")
    if writer:
        check_writable(args.tensorboard, "--tensorboard")
    images, text = read_images(args, kind)
    print(f"{text} Training goes to {folder}; Ctrl-C keeps a checkpoint.", file=sys.stderr)
    logs = [EpochLog(), *([EpochLog(writer(args.tensorboard))] if writer else [])]
    fitted = train_in(folder, denoiser.set_callbacks(*logs), images, trained)
    write_card(folder, _card(args, fitted, text))
    model = str(folder)
    if "part=colors" in args.set:  # its luminance means nothing
        model = f"\"OpponentColors(denoiser='{GREY}', colors='{folder}')\""
    print(f"{folder}: {fitted.n_images_seen_} images seen. Try it: gahb-sk denoise PHOTOGRAPH "
          f"--with {model} --output denoised")  # fmt: skip
    return 0


def _check_limits(args):
    if args.time is None and args.epochs is None:
        raise ValueError("--time, --epochs: expected one that says when to stop, such as --time 2h")
    low, high = args.noise_range
    if not 0 < low < high:
        raise ValueError(f"--noise-range: expected 0 < LOW < HIGH, got {low:g} {high:g}.")


def _denoiser(args, kind):
    """Return the unfitted denoiser that the arguments stand for."""
    from gahb_sk.denoisers import NetworkDenoiser
    from gahb_sk.training import Recipe
    from gahb_sk.training._recipes import ALL, SUPERVISED

    network, recipe = _network_and_recipe(args, kind)
    changes = parse_settings(args.set, Recipe)
    if changes.get("objective", SUPERVISED) != SUPERVISED:
        raise ValueError(
            f"--set: objective={changes['objective']} learns from noisy images, and train from "
            "clean ones. In Python: NetworkDenoiser(recipe={'objective': "
            f"{changes['objective']!r}}}).fit(...), see 'Neural denoisers' in the guide."
        )
    if changes.get("part", ALL) != ALL and not args.color:
        raise ValueError("--set: part=colors is for images of three channels; add --color.")
    recipe = {
        **recipe,
        "early_stopping": True,
        "patience": None,
        "validation_fraction": 0.1 if kind == "stack" else _VALIDATION,
        **changes,
    }
    return NetworkDenoiser(
        network,
        recipe=recipe,
        noise_range=tuple(args.noise_range),
        max_epochs=args.epochs,
        max_images=None,
        time_budget=args.time,
        random_state=args.seed,
        machine={"device": args.device, "precision": args.precision, "engine": args.engine,
                 "devices": args.devices, "checkpoint_every": args.checkpoint_every},
    )  # fmt: skip


def _network_and_recipe(args, kind):
    """Return those asked for, or for photographs those of the small network for them."""
    recipe = {"base": args.recipe} if args.recipe else {}
    if args.network or kind != "photographs":
        return parse_network(args.network or "residual_unet"), recipe
    from gahb_sk.networks import ARCHITECTURES
    from gahb_sk.reproduce._photograph_plan import PHOTOGRAPH_PLANS, SMALL

    plan = PHOTOGRAPH_PLANS[SMALL]
    return ARCHITECTURES[plan.network](**plan.sizes), recipe if args.recipe else plan.recipe


def _summary_writer():
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ImportError(
            "--tensorboard needs the package tensorboard: pip install 'gahb-sk[tensorboard]'"
        ) from error
    return SummaryWriter


class EpochLog:
    """A scikit-learn callback that reports each epoch, on stderr or to a TensorBoard writer."""

    def __init__(self, writer=None):
        self.writer = writer

    def setup(self, estimator, context):
        """Nothing to prepare."""

    def teardown(self, estimator, context):
        """Write what is still kept back."""
        if self.writer is not None:
            self.writer.flush()

    def on_fit_task_begin(self, estimator, context, **_):
        """Nothing to say."""

    def on_fit_task_end(self, estimator, context, *, metadata=None, **_):
        """Report the record of an epoch."""
        if not metadata:
            return False
        if self.writer is not None:
            self.writer.add_scalar("loss", metadata["loss"], metadata["images"])
            for sigma, psnr in zip(metadata["sigma"], metadata["psnr"], strict=True):
                self.writer.add_scalar(f"psnr/{255 * sigma:.0f}", psnr, metadata["images"])
            return False
        levels = "  ".join(
            f"{psnr:.2f} at {255 * sigma:.0f}/255"
            for sigma, psnr in zip(metadata["sigma"], metadata["psnr"], strict=True)
        )
        print(f"{metadata['images']:9d} images {metadata['seconds'] / 60:6.1f} min   "
              f"held-out PSNR (dB): {levels}", file=sys.stderr)  # fmt: skip
        return False


def _card(args, fitted, text):
    last = fitted.history_[-1]
    return {
        "name": Path(args.output).name,
        "text": text,
        "images_seen": fitted.n_images_seen_,
        "minutes": round(last["seconds"] / 60, 1),
        "sigma": last["sigma"],
        "held_out_psnr": max((record["psnr"] for record in fitted.history_), key=sum),
        "history": fitted.history_,
        "version": __version__,
        "command": redo(args, "images"),
    }
