"""Compare learned, classical and optimal denoisers; write a report.

Fits every denoiser on the same clean training images and lets it denoise the same noisy test
images. Writes index.html (self-contained), results.csv, results.json, the pictures, and the
networks that it trains, which the other commands take. One image file is denoised whole, by
denoisers that need no training. Progress is shown on stderr.
"""

import importlib.util
import inspect

import numpy as np
from sklearn.base import clone

from gahb_sk.cli._arguments import folds, noise_level, positive_int, redo
from gahb_sk.cli._comparison_page import FILES, Section, write_report
from gahb_sk.cli._denoise import for_colors
from gahb_sk.cli._denoisers import describe, parse_denoisers
from gahb_sk.cli._inputs import (
    NAMES,
    Images,
    is_image_file,
    load_file,
    load_images,
    make_images,
    splitter,
)
from gahb_sk.cli._page import check_output
from gahb_sk.cli._stacks import is_stack, read_stack
from gahb_sk.cli._thread_count import settle_threads
from gahb_sk.denoisers.learned._shipped import COLOR, GREY
from gahb_sk.experiments import compare_denoisers
from gahb_sk.training import interruptions_raised

EXAMPLE = (
    "gahb-sk compare --images photos --image-size 64 --sigma 0.05 0.1 0.2 \\\n"
    "      --denoisers NetworkDenoiser 'WaveletShrinkage(n_shifts=16)' OracleShrinkage \\\n"
    "      --train-seconds 120 --output report"
)
OPTIONAL = {"BM3DDenoiser": "bm3d"}  # left out of the defaults where the package is missing
DENOISERS = (
    "NetworkDenoiser",
    "WaveletShrinkage",
    "BandletShrinkage",
    "BM3DDenoiser",
    "OracleShrinkage",
)
# On one image nothing is trained; the network is for grey images or for colour.
UNTRAINED = ("WaveletShrinkage", "BM3DDenoiser", "OracleShrinkage")
SHIPPED = {False: GREY, True: COLOR}
CV = 0.2
N_EXAMPLES = 4
SIZE = 64


def add_arguments(parser):
    """Add the arguments of ``gahb-sk compare``."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--dataset", metavar="NAME", help=f"{', '.join(NAMES)} (default c-alpha)")
    source.add_argument(
        "--images", metavar="PATH", help="folder of png, jpg, tif, webp or npy images, cut into "
        "patches; or one such file, of which a .npy may hold a stack"
    )  # fmt: skip
    add = parser.add_argument
    add("--alpha", type=float, metavar="A", help="regularity of c-alpha images (default 2)")
    add("--n-images", type=positive_int, metavar="N", help="number of images or patches (default "
        "1000 made images, or all patches)")  # fmt: skip
    add("--image-size", type=positive_int, metavar="S", help="side in pixels (default 64; of a "
        "file: the middle, by default all of it)")  # fmt: skip
    add("--color", action="store_true", help="three channels instead of grey")
    add("--denoisers", nargs="+", metavar="D", help="Name or 'Name(parameter=value, ...)', a "
        "network of gahb-sk info, or the folder of a saved one (default: " + " ".join(DENOISERS)
        + "; for a file, photographs " + " ".join(UNTRAINED) + ")")  # fmt: skip
    add("--sigma", type=noise_level, nargs="+", default=[0.03, 0.1, 0.3], metavar="S",
        help="noise levels, for images in [0, 1] (default 0.03 0.1 0.3)")  # fmt: skip
    add("--cv", type=folds, metavar="K", help="number of folds, or the fraction "
        "that one test set takes (default 0.2)")  # fmt: skip
    add("--train-seconds", type=float, metavar="T", help="training time of each network, instead "
        "of a fixed number of images")  # fmt: skip
    add("--seed", type=int, default=0, help="seed of images, split, noise and networks (default 0)")
    add("--n-jobs", type=int, metavar="J", help="number of parallel jobs")
    add("--output", required=True, metavar="DIR", help="folder of the report")


def run(args):
    """Compare, write the report, and say where it is."""
    folder = check_output(args.output, FILES)
    one = _is_one_image(args)
    names = (SHIPPED[args.color], *UNTRAINED) if one else DENOISERS
    args.denoisers = args.denoisers or default_denoisers(names)
    denoisers = parse_denoisers(args.denoisers)
    if args.color:
        denoisers = {name: for_colors(one) for name, one in denoisers.items()}
    denoisers = with_run_settings(denoisers, args.train_seconds, args.seed)
    split = _split(args, denoisers, one)
    section = compare(
        images_of(args), denoisers, args.sigma, split, args.seed, n_jobs=args.n_jobs, folder=folder
    )
    page = write_report(folder, section, redo(args))
    print(f"The report is written to {page}")
    return 0


def _is_one_image(args):
    return args.images is not None and is_image_file(args.images) and not is_stack(args.images)


def _split(args, denoisers, one):
    """Return the folds or fraction; of one image the split, on which nothing is trained."""
    if not one:
        args.cv = CV if args.cv is None else args.cv
        return args.cv
    if args.cv is not None:
        raise ValueError("--cv: expected with a folder only, got it with one file.")
    learning = [name for name, denoiser in denoisers.items() if denoiser.learns]
    if learning:
        raise ValueError(
            f"--denoisers: {learning[0]} learns from images, and --images is one file. Give a "
            "folder, or a trained network of gahb-sk info."
        )
    return [(np.zeros(1, int), np.zeros(1, int))]


def images_of(args):
    """Load or make the images that the arguments ask for."""
    if _is_one_image(args):
        if args.n_images is not None:
            raise ValueError("--n-images: expected with a folder only, got it with one file.")
        return load_file(args.images, image_size=args.image_size, color=args.color)
    size = SIZE if args.image_size is None else args.image_size
    options = {"n_images": args.n_images, "image_size": size, "color": args.color}
    if args.images is None:
        return make_images(args.dataset or "c-alpha", alpha=args.alpha, seed=args.seed, **options)
    if args.alpha is not None:
        raise ValueError("--alpha: expected with --dataset c-alpha only, got it with --images.")
    if is_stack(args.images):
        options["image_size"] = args.image_size
        X = read_stack(args.images, **options)
        return Images(X, "Your images", f"{len(X)} images of {args.images}.")
    return load_images(args.images, seed=args.seed, **options)


def compare(images, denoisers, sigma, cv, seed, *, n_jobs=None, folder=None):
    """Compare unfitted denoisers on some images; ``cv`` may be a list of pairs (train, test)."""
    is_split = isinstance(cv, list)
    rehearse(denoisers, images.X)
    learns = any(denoiser.kind == "learned" and denoiser.learns for denoiser in denoisers.values())
    threads = {"threads of torch": settle_threads()} if learns else {}
    with interruptions_raised():
        comparison = compare_denoisers(
            denoisers, images.X, sigma, cv=cv if is_split else splitter(cv, images.groups, seed),
            groups=images.groups, random_state=seed, n_examples=N_EXAMPLES, n_jobs=n_jobs,
            verbose=True, folder=folder,
        )  # fmt: skip
    split = f"{len(cv[0][0])} training and {len(cv[0][1])} test images" if is_split else cv
    split = "one image, no training" if len(images.X) == 1 else split
    settings = {
        "images": images.text,
        "shape": list(images.X.shape),
        "noise levels": list(sigma),
        "split": split,
        "seed": seed,
        "n_jobs": n_jobs,
        **threads,
        **{f"denoiser {name}": describe(denoiser) for name, denoiser in denoisers.items()},
    }
    return Section(
        images.title, images.text, comparison, settings, images.alpha, list(images.left_out)
    )


def rehearse(denoisers, X):
    """Fit a copy of each denoiser on two images: a wrong parameter shows before the work.

    Networks see one image, on the CPU and in this process.
    """
    short = {"max_images": 1, "checkpoint_dir": None, "machine": None, "verbose": False}
    for denoiser in denoisers.values():
        copy = clone(denoiser)
        if denoiser.kind == "learned" and denoiser.learns:
            copy.set_params(**{key: short[key] for key in short.keys() & denoiser.get_params()})
        copy.fit(X[:2])


def default_denoisers(names=DENOISERS):
    """Return those of some denoisers that are there: packages may be missing, and networks."""
    missing = {name for name, package in OPTIONAL.items() if not importlib.util.find_spec(package)}
    return [name for name in names if name not in missing]


def with_run_settings(denoisers, train_seconds, seed, option="--train-seconds"):
    """Give seed, progress bar and training time to the denoisers that take them.

    Parameters that were written out on the command line stay as they are.
    """
    if train_seconds is not None and not 0 < train_seconds < float("inf"):
        raise ValueError(f"{option}: expected a positive number, got {train_seconds}.")
    for denoiser in denoisers.values():
        parameters, own = denoiser.get_params(), inspect.signature(type(denoiser)).parameters
        wanted = {"random_state": seed}
        if denoiser.kind == "learned":
            wanted["verbose"] = True
            if train_seconds is not None and "time_budget" in parameters:
                wanted |= {"time_budget": train_seconds, "max_images": None}
        denoiser.set_params(
            **{
                key: value
                for key, value in wanted.items()
                if key in own and parameters[key] == own[key].default
            }
        )
    return denoisers
