"""Compare learned, classical and optimal denoisers on two classes of images.

On C^alpha images, whose optimum is known, and on patches of photographs. Takes about four
minutes on two cores; each report has its own folder, and one page shows both.
"""

import dataclasses

import numpy as np

from gahb_sk import datasets
from gahb_sk.cli._arguments import redo
from gahb_sk.cli._compare import compare, default_denoisers, with_run_settings
from gahb_sk.cli._comparison_page import FILES, draw, write_page, write_report
from gahb_sk.cli._denoisers import parse_denoiser
from gahb_sk.cli._inputs import Images, make_images
from gahb_sk.cli._page import check_output

EXAMPLE = "gahb-sk demo --output report"
SIGMAS = [0.03, 0.1, 0.3]
SIZE = 64
N_TRAIN, N_TEST = 4000, 48
DENOISERS = {
    # The range around SIGMAS and crops: the most decibels after so short a training.
    "network": "NetworkDenoiser(noise_range=(0.01, 0.6), recipe={'patch_size': 40})",
    "wavelets": "WaveletShrinkage",
    "wavelets, spun": "WaveletShrinkage(n_shifts=16)",
    "bandlets": "BandletShrinkage(n_shifts=4)",
}
BM3D = {"BM3D": "BM3DDenoiser(exact=False)"}
ORACLE_WAVELETS = {"oracle wavelets": "OracleShrinkage"}
ORACLES = {**ORACLE_WAVELETS, "oracle bandlets": "OracleShrinkage(basis='bandlet')"}


def add_arguments(parser):
    """Add the arguments of ``gahb-sk demo``."""
    parser.add_argument(
        "--output", default="report", metavar="DIR", help="folder of the reports (default report)"
    )
    parser.add_argument(
        "--seconds-per-network", type=float, default=95.0, metavar="T",
        help="how long each of the two networks is trained (default 95)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="seed of everything (default 0)")


def run(args):
    """Compare twice, write three pages, and say where they are."""
    folder = check_output(args.output, FILES[:1])
    for name in PARTS:
        check_output(folder / name, FILES)
    command = redo(args)
    sections = []
    for name, (load, oracles) in PARTS.items():
        images, split = load(args.seed)
        denoisers = {
            label: parse_denoiser(text)
            for label, text in {**DENOISERS, **_rivals(), **oracles}.items()
        }
        denoisers = with_run_settings(
            denoisers, args.seconds_per_network, args.seed, "--seconds-per-network"
        )
        section = compare(images, denoisers, SIGMAS, [split], args.seed)
        write_report(folder / name, section, command)
        sections.append((section, draw(section)))
    write_page(folder / "index.html", sections, command)
    print(f"The report is written to {folder / 'index.html'}")
    return 0


def c_alpha(seed):
    """Return C^alpha images and their one split."""
    images = make_images("c-alpha", n_images=N_TRAIN + N_TEST, image_size=SIZE, seed=seed)
    text = f"{images.text[:-1]}: {N_TRAIN} for training, {N_TEST} for testing."
    images = dataclasses.replace(images, text=text)
    numbers = np.arange(N_TRAIN + N_TEST)
    return images, (numbers[:N_TRAIN], numbers[N_TRAIN:])


def photographs(seed):
    """Return patches of photographs, the test ones from photographs of their own."""
    train = datasets.load_sample_patches(SIZE, split="train", stride=SIZE // 2)
    test = datasets.load_sample_patches(SIZE, split="test", n_patches=N_TEST, random_state=seed)
    numbers = np.arange(len(train) + N_TEST)
    text = (
        f"{len(train)} training patches and {N_TEST} test patches, {SIZE}x{SIZE}, of different "
        "photographs shipped with scikit-learn and scikit-image."
    )
    images = Images(np.concatenate([train, test]), "Photographs", text)
    return images, (numbers[: len(train)], numbers[len(train) :])


PARTS = {"c_alpha": (c_alpha, ORACLES), "photographs": (photographs, ORACLE_WAVELETS)}


def _rivals():
    return BM3D if "BM3DDenoiser" in default_denoisers() else {}
