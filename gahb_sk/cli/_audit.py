"""Say what a denoiser is, on one page: quality, Bayes, adaptive basis, symmetries, reach, cost.

MODEL is a saved network (a folder, or a name of gahb-sk info), or a denoiser such as
'WaveletShrinkage(n_shifts=16)'. IMAGES are clean ones that it was not trained on: a folder, a file
(one image, or a .npy stack), or a class such as 'c-alpha(alpha=2)'; with --noisy, noisy ones.
Writes index.html (self-contained), tables and pictures. Progress is shown on stderr.
"""

from pathlib import Path

from gahb_sk.cli._arguments import add_images, noise_level, positive_int, redo
from gahb_sk.cli._denoisers import is_saved_network
from gahb_sk.cli._image_sets import read_subjects, read_training_images
from gahb_sk.cli._page import check_output
from gahb_sk.cli._subjects import read_model

EXAMPLE = (
    "gahb-sk audit c-alpha-2 'c-alpha(alpha=2)' --quick --output audit\n"
    "  gahb-sk audit my-unet photos --beside BM3DDenoiser --output audit"
)
SIGMAS = [0.02, 0.05, 0.1, 0.2, 0.5]


def add_arguments(parser):
    """Add the arguments of ``gahb-sk audit``."""
    add = parser.add_argument
    add("model", metavar="MODEL", help="saved network, or Name(parameter=value, ...)")
    add("images", metavar="IMAGES", help="folder, file, .npy stack or class of images")
    add_images(add)
    add("--beside", metavar="MODEL", help="a second denoiser, shown side by side")
    add("--train", metavar="DIR", help="images that MODEL was trained on, a folder or a class")
    add("--sigma", type=noise_level, nargs="+", default=SIGMAS, metavar="S",
        help="noise levels, for images in [0, 1] (default 0.02 0.05 0.1 0.2 0.5)")  # fmt: skip
    add("--noisy", action="store_true", help="the images are noisy already, at the one level of "
        "--sigma; what needs clean ones is left out")  # fmt: skip
    add("--quick", action="store_true", help="fewer images and vectors, with wider intervals: one "
        "to three minutes")  # fmt: skip
    add("--n-components", type=positive_int, metavar="K", help="eigenvectors to find (default 60, "
        "16 with --quick)")  # fmt: skip
    add("--precision", choices=["float32", "float64"], default="float32",
        help="in which networks compute (default float32)")  # fmt: skip
    add("--seed", type=int, default=0, help="seed of images, noise and probes (default 0)")
    add("--output", required=True, metavar="DIR", help="folder of the report")


def run(args):
    """Audit, write the report, and say where it is."""
    if not all(0 < sigma < float("inf") for sigma in args.sigma):
        raise ValueError(f"--sigma: expected positive numbers, got {args.sigma}.")
    if args.noisy and len(args.sigma) > 1:
        raise ValueError("--noisy: expected one level with it, the images' own. Give --sigma 0.1.")
    folder = check_output(args.output)
    subjects = read_subjects(
        args.images, image_size=args.image_size, color=args.color, seed=args.seed
    )
    texts = [args.model] + ([] if args.beside is None else [args.beside])
    if len(set(texts)) < len(texts):
        raise ValueError(f"--beside: expected another denoiser than MODEL, got {args.beside!r}.")
    denoisers = {text: _denoiser(args, text, subjects) for text in texts}
    audits = [_audit(args, text, one, subjects) for text, one in denoisers.items()]
    from gahb_sk.cli._audit_page import write_audit  # loads matplotlib

    page = write_audit(folder, audits, subjects.title, redo(args, "model", "images"))
    print(f"The report is written to {page}")
    return 0


def _denoiser(args, text, subjects):
    denoiser = read_model(text, subjects)
    if args.noisy and denoiser.needs_clean:
        raise ValueError(
            f"--noisy: {type(denoiser).__name__} is an oracle and needs the clean image. Leave "
            "--noisy out."
        )
    return denoiser


def _audit(args, text, denoiser, subjects):
    from gahb_sk.experiments import audit  # loads torch

    return audit(
        denoiser, subjects.images, training_images=_training_images(args, text), sigma=args.sigma,
        reference=subjects.optimum, noisy=args.noisy, quick=args.quick,
        name=Path(text).name if is_saved_network(text) else text,
        n_components=args.n_components, dtype=args.precision, random_state=args.seed, verbose=True,
    )  # fmt: skip


def _training_images(args, text):
    """Return the images that MODEL, not --beside, was trained on."""
    if args.train is None or text != args.model:
        return None
    options = {"image_size": args.image_size, "color": args.color, "seed": args.seed}
    return read_training_images(args.train, **options)
