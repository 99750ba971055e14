"""PSNRs and slopes of the shipped networks on many fresh images, beside their rivals.

    python -m benchmarks.bench_psnr                 alpha 1, 2 and 3, 256 images: an hour
    python -m benchmarks.bench_psnr 2 --images 64

The network denoises at the paper's 15 noise levels, which its slope is fitted to, and all others
only at 0.02, 0.03, 0.1 and 0.3, where PSNRs are compared. With --csv the rows are written, class by
class; a class that is there already is not measured again.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from gahb_sk import load_pretrained
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.experiments import Table
from gahb_sk.metrics import psnr_slope
from gahb_sk.reproduce import Setup, _rivals, _slopes, read_table


def measure(alpha, args):
    """Return the rows of one class, the network's slope in each."""
    setup = Setup(random_state=args.seed, n_jobs=args.n_jobs, verbose=True)
    images = make_c_alpha_images(args.images + 1, 64, float(alpha), random_state=setup.stream(9))
    network = {_slopes.NETWORK: load_pretrained(f"c-alpha-{alpha}")}
    others = {**_rivals.rivals(), **_rivals.oracles()}
    small = _slopes.Panel(f"alpha {alpha}", images, network, _slopes.NETWORK, np.nan)
    whole = _slopes.Panel(f"alpha {alpha}", images, network | others, _slopes.NETWORK, np.nan)
    curve = _slopes.measure(small, setup, sigma=_slopes.SIGMAS).means()
    slope = float(psnr_slope(curve["sigma"], curve["psnr"]))
    means = _slopes.measure(whole, setup, sigma=_slopes.SPOTS).means()
    kept = ("denoiser", "kind", "bound", "sigma", "psnr", "psnr_se", "n_images", "ms_per_image")
    return [
        {"images": f"alpha {alpha}", **{key: row[key] for key in kept}, "network_slope": slope}
        for row in means.rows()
    ]


def show(table, alpha):
    """Print the slope and how far the network is above the best rival."""
    part = table.where(images=f"alpha {alpha}")
    theory = alpha / (alpha + 1)
    print(f"alpha {alpha}, {part['n_images'][0]} images: slope {part['network_slope'][0]:.3f} "
          f"(theory {theory:.3f})")  # fmt: skip
    for sigma in _slopes.SPOTS:
        here = part.where(sigma=sigma)
        print(f"  sigma {sigma:g}: " + ", ".join(
            f"{row['denoiser']} {row['psnr']:.2f}" for row in here.rows()
        ))  # fmt: skip
        rivals = here.where(bound=False)
        best = rivals["psnr"][rivals["kind"] != "learned"].max()
        own = here.where(denoiser=_slopes.NETWORK)["psnr"][0]
        print(f"    {own - best:+.2f} dB above the best rival")


def main(argv=None):
    """Measure what is missing, and print everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("alphas", nargs="*", type=int, default=[], help="default: 1 2 3")
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n-jobs", type=int, help="number of parallel jobs")
    parser.add_argument("--csv", type=Path, help="where to keep the rows")
    args = parser.parse_args(argv)
    rows = list(read_table(args.csv).rows()) if args.csv and args.csv.is_file() else []
    for alpha in args.alphas or (1, 2, 3):
        start = time.perf_counter()
        there = [row["n_images"] for row in rows if row["images"] == f"alpha {alpha}"]
        if there and there[0] != args.images:
            parser.error(f"{args.csv} has {there[0]} images of alpha {alpha}; choose another file")
        if not there:
            rows += measure(alpha, args)
            if args.csv:
                Table.from_rows(rows).to_csv(args.csv)
        show(Table.from_rows(rows), alpha)
        print(f"  {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
