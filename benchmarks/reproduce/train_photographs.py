r"""Train the networks for photographs, and measure them; started again, it goes on.

    for name in lomiri-wallpapers-16.04 lomiri-wallpapers-20.04 mate-backgrounds \
            plasma-workspace-wallpapers palapeli-data gcompris-qt-data; do
        apt-get download $name && dpkg -x ${name}_*.deb packages/$name
    done
    train=benchmarks/reproduce/train_photographs.py
    python $train packages photographs-small
    python $train packages photographs --start networks/photographs-small
    python $train packages photographs-white --start networks/photographs-small
    python $train packages photographs-chroma-small --start networks/photographs-white
    python $train packages photographs-chroma --start networks/photographs-chroma-small

The packages are unpacked, not installed. BM3D takes most of the time of the measurement.
"""

import argparse

import torch

from gahb_sk.denoisers import NetworkDenoiser
from gahb_sk.reproduce._photograph_plan import (
    PHOTOGRAPH_PLANS,
    train_photographs,
    write_photograph_card,
)


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("packages", metavar="PACKAGES", help="folder of the unpacked packages")
    parser.add_argument("name", choices=PHOTOGRAPH_PLANS)
    parser.add_argument("--output", default="networks", metavar="DIR", help="default: networks")
    parser.add_argument("--start", metavar="DIR", help="network that this one begins as")
    parser.add_argument("--max-images", type=int, help="length of the training (default: plan's)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: 1)")
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    train_photographs(
        args.name,
        args.packages,
        args.output,
        start=NetworkDenoiser.load(args.start) if args.start else None,
        machine={"precision": "auto"},
        verbose=True,
        **({} if args.max_images is None else {"max_images": args.max_images}),
    )
    card = write_photograph_card(args.name, args.packages, args.output)
    for label, values in card["psnr"].items():
        print(f"{label:18s}", " ".join(f"{value:6.2f}" for value in values))


if __name__ == "__main__":
    main()
