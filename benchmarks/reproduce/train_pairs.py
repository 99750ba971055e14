"""Train the pairs of networks for figures 1, 2 and 15; started again, it goes on.

    python benchmarks/reproduce/train_pairs.py                      # all of them, as shipped
    python benchmarks/reproduce/train_pairs.py pairs-32x32
    python benchmarks/reproduce/train_pairs.py pairs-32x32 --scale paper --engine fabric --devices 8

Networks that lie in ``--output`` are done and left alone.
"""

import argparse

import torch

from gahb_sk.zoo import PAIRS, train_pairs
from gahb_sk.zoo._pretrained import WEIGHTS


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PAIRS)}")
    parser.add_argument("--scale", choices=["cpu", "paper"], default="cpu")
    parser.add_argument("--output", default=str(WEIGHTS), metavar="DIR")
    parser.add_argument("--max-images", type=int, help="length of a training (default: plan's)")
    parser.add_argument("--threads", type=int, help="of torch")
    parser.add_argument("--engine", choices=["local", "fabric"], default="local")
    parser.add_argument("--devices", type=int, default=1)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    changes = {} if args.max_images is None else {"max_images": args.max_images}
    for name in args.names or PAIRS:
        card = train_pairs(
            name, args.output, scale=args.scale, verbose=True, engine=args.engine,
            devices=args.devices, **changes,
        )  # fmt: skip
        print(f"{name}: {card['images_seen']} images each, {card['minutes']} min")
        for n, train, test in zip(
            card["n_train"], card["train_psnr"], card["test_psnr"], strict=True
        ):
            print(f"  N = {n:6d}   train {train:6.2f} dB   test {test:6.2f} dB")


if __name__ == "__main__":
    main()
