"""Train the networks that come with the package, one after the other; started again, it goes on.

    python benchmarks/reproduce/train_zoo.py                      # all of them, as shipped
    python benchmarks/reproduce/train_zoo.py c-alpha-2 disks
    python benchmarks/reproduce/train_zoo.py c-alpha-2 --scale paper --engine fabric --devices 8

A network that has a card in ``--output`` is done and left alone; ``--again`` trains it anew.
"""

import argparse
from pathlib import Path

import torch

from gahb_sk.zoo import PLANS, read_card, train_pretrained
from gahb_sk.zoo._pretrained import CARD, WEIGHTS


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PLANS)}")
    parser.add_argument("--scale", choices=["cpu", "paper"], default="cpu")
    parser.add_argument("--output", default=str(WEIGHTS), metavar="DIR")
    parser.add_argument("--max-images", type=int, help="length of the training (default: plan's)")
    parser.add_argument("--test-images", type=int, default=256)
    parser.add_argument("--threads", type=int, help="of torch")
    parser.add_argument("--engine", choices=["local", "fabric"], default="local")
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--again", action="store_true")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    changes = {} if args.max_images is None else {"max_images": args.max_images}
    for name in args.names or PLANS:
        folder = Path(args.output) / name
        if args.again or not (folder / CARD).exists():
            train_pretrained(
                name, args.output, scale=args.scale, n_test_images=args.test_images, verbose=True,
                engine=args.engine, devices=args.devices, **changes,
            )  # fmt: skip
        card = read_card(str(folder))
        levels = "  ".join(f"{value:6.2f}" for value in card["psnr"]["network"])
        print(f"{name:22s} {levels}  {card['images_seen']} images, {card['minutes']} min")


if __name__ == "__main__":
    main()
