"""From memorisation to generalisation: two networks on disjoint sets of N images.

    python benchmarks/bench_generalization.py --folder runs/generalization

For each N two networks of the same kind see the same number of images in training, so that those
of small N see each image many times. Writes psnr.csv, gap.csv, similarity.csv and a picture of each
denoiser into --output and prints the last two tables. Interrupted, the same command goes on; the
fitted networks stay in --folder, and a call with more --n-train fits only the new ones. --minutes
ends it by itself, to go on another time.

Besides ``network``, --denoisers takes ``memoriser`` (the optimum for the training set) and
``wiener`` (the best linear denoiser), the two extremes between which networks lie.

``--images fashion`` takes Fashion-MNIST (--path: folder of its four files), ``photographs``
patches of the sample photographs, without overlap, --image-size pixels square.
"""

import _thread
import argparse
import threading
import time
from pathlib import Path

import numpy as np

from gahb_sk import EmpiricalBayesDenoiser, NetworkDenoiser, WienerDenoiser
from gahb_sk.datasets import load_fashion_mnist, load_sample_patches
from gahb_sk.experiments import Table, generalization_curve
from gahb_sk.networks import ResidualUNet
from gahb_sk.plots import GeneralizationDisplay

SIGMAS = tuple(np.geomspace(0.02, 0.6, 6).round(3).tolist())


def fashion(args):
    """Return Fashion-MNIST in random order."""
    images = load_fashion_mnist(args.path)
    return images[np.random.default_rng(args.seed).permutation(len(images))]


def photographs(args):
    """Return patches of the sample photographs in random order."""
    images = load_sample_patches(args.image_size)
    return images[np.random.default_rng(args.seed).permutation(len(images))]


IMAGES = {"fashion": fashion, "photographs": photographs}


def network(args):
    """Return the network, unfitted."""
    return NetworkDenoiser(ResidualUNet(args.channels, args.n_blocks), max_images=args.max_images)


DENOISERS = {
    "network": network,
    "memoriser": lambda args: EmpiricalBayesDenoiser(),
    "wiener": lambda args: WienerDenoiser(),
}


def experiment(args, name):
    """Fit what is missing, measure, and return the curve."""
    return generalization_curve(
        DENOISERS[name](args),
        IMAGES[args.images](args),
        args.n_train,
        sigma=SIGMAS,
        n_test=args.n_test,
        n_samples=args.n_samples,
        folder=args.folder,
        random_state=args.seed,
        verbose=True,
    )


def write(curves, folder):
    """Write tables and pictures, and print the tables that say what came out."""
    folder = Path(folder)
    for name in ("psnr", "gap", "similarity"):
        table = Table.from_rows(
            [
                {"denoiser": denoiser, **row}
                for denoiser, curve in curves.items()
                for row in getattr(curve, name).rows()
            ]
        )
        table.to_csv(folder / f"{name}.csv")
        if name != "psnr":
            print(f"{name}: {', '.join(table)}")
            for row in table.rows():
                print("  ", "  ".join(_shown(value) for value in row.values()))
    for denoiser, curve in curves.items():
        display = GeneralizationDisplay.from_curve(curve).plot()
        display.figure_.savefig(folder / f"{denoiser}.png", dpi=110)


def _shown(value):
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def main(argv=None):
    """Run the experiment."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--denoisers", nargs="+", choices=DENOISERS, default=list(DENOISERS))
    add("--images", choices=IMAGES, default="photographs")
    add("--path", help="folder of Fashion-MNIST (default: where Debian puts it)")
    add("--image-size", type=int, default=32, help="of photographs (default 32)")
    add("--n-train", type=int, nargs="+", default=[10, 100, 1000])
    add("--n-test", type=int, default=200)
    add("--n-samples", type=int, default=64)
    add("--max-images", type=int, default=100_000, help="seen in training (default 100,000)")
    add("--channels", type=int, default=8)
    add("--n-blocks", type=int, default=3)
    add("--seed", type=int, default=0)
    add("--folder", default="runs/generalization", help="of the fitted networks")
    add("--output", default="runs/generalization-results", help="of tables and picture")
    add("--minutes", type=float, help="stop after so long; the same command goes on")
    args = parser.parse_args(argv)
    start = time.perf_counter()
    if args.minutes is not None:
        # As Ctrl-C would: training writes a checkpoint and ends after its present step.
        alarm = threading.Timer(60 * args.minutes, _thread.interrupt_main)
        alarm.daemon = True
        alarm.start()
    try:
        run(args, start)
    except KeyboardInterrupt:
        parser.exit(3, f"stopped; the same command goes on with what is in {args.folder}\n")


def run(args, start):
    """Measure and write everything."""
    write({name: experiment(args, name) for name in args.denoisers}, args.output)
    print(f"{(time.perf_counter() - start) / 60:.1f} minutes, fitting only what was missing")


if __name__ == "__main__":
    main()
