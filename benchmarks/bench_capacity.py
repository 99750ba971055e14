"""How many images it takes to generalise, by the size of the images and of the network.

    python -m benchmarks.bench_capacity --folder runs/capacity

Fashion-MNIST (--path: folder of its four files) at full size, and averaged to a half and a quarter
of it, by networks of --channels. Writes capacity.csv and capacity.png into --output and prints the
table. Interrupted, the same command goes on; the fitted networks stay in --folder.
"""

import argparse
from pathlib import Path

from benchmarks.bench_generalization import fashion
from gahb_sk import NetworkDenoiser
from gahb_sk.experiments import capacity_curve
from gahb_sk.networks import ResidualUNet
from gahb_sk.plots import CapacityDisplay

SIGMAS = (0.05, 0.15, 0.5)


def averaged(images, factor):
    """Return images of averages over factor x factor pixels."""
    *head, height, width = images.shape
    blocks = images.reshape(*head, height // factor, factor, width // factor, factor)
    return blocks.mean(axis=(-3, -1))


def experiment(args):
    """Fit what is missing, measure, and return the table."""
    images = fashion(args)
    stacks = {f"{28 // k}x{28 // k}": averaged(images, k) for k in (4, 2, 1)}
    networks = {
        f"{channels} channels": NetworkDenoiser(
            ResidualUNet(channels, n_blocks=2), max_images=args.max_images
        )
        for channels in args.channels
    }
    return capacity_curve(
        networks, stacks, args.n_train, sigma=SIGMAS, n_test=args.n_test, folder=args.folder,
        random_state=args.seed, verbose=True,
    )  # fmt: skip


def main(argv=None):
    """Run the experiment."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--path", help="folder of Fashion-MNIST (default: where Debian puts it)")
    add("--n-train", type=int, nargs="+", default=[10, 30, 100, 1000])
    add("--n-test", type=int, default=200)
    add("--max-images", type=int, default=10_000, help="seen in training (default 10,000)")
    add("--channels", type=int, nargs="+", default=[4, 8])
    add("--seed", type=int, default=0)
    add("--folder", default="runs/capacity", help="of the fitted networks")
    add("--output", default="runs/capacity-results", help="of table and picture")
    args = parser.parse_args(argv)
    table = experiment(args)
    folder = Path(args.output)
    table.to_csv(folder / "capacity.csv")
    print(", ".join(table))
    for row in table.rows():
        shown = (f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values())
        print("  ", "  ".join(shown))
    CapacityDisplay.from_table(table).plot().figure_.savefig(folder / "capacity.png", dpi=110)


if __name__ == "__main__":
    main()
