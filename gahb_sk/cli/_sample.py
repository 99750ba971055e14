"""Draw images from a denoiser's implicit prior.

MODEL is a saved network (a folder, or a name of gahb-sk info), or a denoiser such as
DiskPosteriorMean, fitted on the class of images that --like names. Sample k depends on the seed
and k alone. Writes samples.npy, samples.png and samples.json.
"""

import sys

import numpy as np
from tqdm import tqdm

from gahb_sk._files import write_json
from gahb_sk.cli._arguments import add_settings, positive_int, redo
from gahb_sk.cli._denoisers import describe
from gahb_sk.cli._page import check_output, versions
from gahb_sk.cli._sampling import SAMPLERS, load_model, sampler_of, write_array, write_mosaic
from gahb_sk.sampling._chain import image_shape_of

EXAMPLE = (
    "gahb-sk sample my-unet --n 64 --seed 0 --output samples\n"
    "  gahb-sk sample DiskPosteriorMean --like disks --image-size 32 --n 16 --output disks"
)


def add_arguments(parser):
    """Add the arguments of ``gahb-sk sample``."""
    add = parser.add_argument
    add("model", metavar="MODEL", help="saved network, or Name(parameter=value, ...) with --like")
    add("--n", type=positive_int, default=64, metavar="N", help="number of samples (default 64)")
    add("--first", type=int, default=0, metavar="K", help="number of the first one (default 0)")
    add("--seed", type=int, default=0, help="seed of the samples (default 0)")
    add("--image-size", type=positive_int, nargs="+", metavar="S",
        help="side, or height and width, in pixels (default: of the training images)")  # fmt: skip
    add("--like", metavar="CLASS", help="class of images that a denoiser which is no network is "
        "fitted on, such as disks or 'c-alpha(alpha=3)'")  # fmt: skip
    add("--sampler", choices=SAMPLERS, help="score: the paper's; flow: closer to the law of the "
        "images, from noise that drowns them (default: score for networks, which know a range of "
        "levels; flow for others)")  # fmt: skip
    add_settings(add, "n_steps=100 of the sampler")
    add("--batch-size", type=positive_int, default=64, metavar="B",
        help="samples drawn together; changes memory and time only (default 64)")  # fmt: skip
    add("--output", required=True, metavar="DIR", help="folder to write to")


def run(args):
    """Draw, write, and say where the samples are."""
    if args.first < 0:
        raise ValueError(f"--first: expected a number >= 0, got {args.first}.")
    folder = check_output(args.output)
    sides = _sides(args.image_size)
    denoiser = load_model(args.model, args.like, sides and sides[0], args.seed)
    name = args.sampler or ("score" if denoiser.kind == "learned" else "flow")
    sampler = sampler_of(name, denoiser, args.set, args.seed)
    shape = None if sides is None else (*image_shape_of(denoiser)[:-2], *sides)
    samples, steps = draw(sampler, args.n, shape, args.first, args.batch_size)
    good = np.isfinite(samples).reshape(len(samples), -1).all(axis=1)
    write_array(folder / "samples.npy", samples)
    if good.any():
        write_mosaic(folder / "samples.png", samples[good])
    record = {
        "command": redo(args, "model"),
        "denoiser": describe(denoiser),
        "shape": list(samples.shape),
        "first": args.first,
        "steps": steps,
        "failed": (args.first + np.flatnonzero(~good)).tolist(),
        "versions": versions(),
    }
    write_json(folder / "samples.json", record)
    failed = f", {np.sum(~good)} of them failed and NaN" if not good.all() else ""
    print(f"{folder / 'samples.npy'}: {len(samples)} samples {samples.shape[1:]}{failed}")
    return 0


def draw(sampler, n, shape, first, batch_size):
    """Draw ``n`` samples from number ``first`` on, piece by piece; return them and their steps."""
    parts, steps = [], []
    starts = range(first, first + n, batch_size)
    for start in tqdm(starts, desc="sampling", file=sys.stderr, disable=len(starts) == 1):
        count = min(batch_size, first + n - start)
        samples = sampler.sample(count, shape, first=start)
        parts.append(samples.images)
        steps += samples.n_steps.tolist()
    return np.concatenate(parts), steps


def _sides(image_size):
    if image_size is None:
        return None
    if len(image_size) > 2:
        raise ValueError(f"--image-size: expected one or two numbers, got {len(image_size)}.")
    return tuple(image_size * 2 if len(image_size) == 1 else image_size)
