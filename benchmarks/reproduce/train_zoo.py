"""Train the networks that come with the package, one after the other; started again, it goes on.

    python benchmarks/reproduce/train_zoo.py                      # all of them, as shipped
    python benchmarks/reproduce/train_zoo.py c-alpha-2 pairs-32x32
    python benchmarks/reproduce/train_zoo.py photograph-patches --photographs holiday zoo.zip
    python benchmarks/reproduce/train_zoo.py c-alpha-2 --scale paper --engine fabric --devices 8

A network that has a card in ``--output`` is done and left alone, or refused if it is of another
scale or length; ``--again`` trains it anew. Names that begin with "pairs" are of ten networks each,
on disjoint sets of 1 to 10,000 images. ``--photographs`` are folders or zip archives that the
networks of photographs learn from besides the sample photographs; the others do not see them.
"""

import argparse
import shutil
from pathlib import Path

import torch

from gahb_sk.reproduce import PAIRS, PLANS, train_pairs, train_pretrained
from gahb_sk.reproduce._plans import check_photographs


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [*PLANS, *PAIRS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--scale", choices=["cpu", "paper"], default="cpu")
    parser.add_argument("--output", default="networks", metavar="DIR", help="default: networks")
    parser.add_argument("--max-images", type=int, help="length of the training (default: plan's)")
    parser.add_argument("--test-images", type=int, default=256)
    parser.add_argument(
        "--photographs", nargs="+", default=[], metavar="DIR", help="after the names"
    )
    parser.add_argument("--threads", type=int, help="of torch")
    parser.add_argument("--engine", choices=["local", "fabric"], default="local")
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--again", action="store_true")
    args = parser.parse_args(argv)
    unknown = set(args.names) - set(names)
    if unknown:
        parser.error(f"unknown names: {', '.join(sorted(unknown))}")
    try:
        check_photographs(args.photographs, args.names or names)
    except ValueError as error:
        parser.error(str(error))
    if args.threads:
        torch.set_num_threads(args.threads)
    changes = {} if args.max_images is None else {"max_images": args.max_images}
    machine = {"engine": args.engine, "devices": args.devices}
    options = {"scale": args.scale, "verbose": True, "machine": machine, **changes}
    measured = {"n_test_images": args.test_images, "photographs": args.photographs}
    for name in args.names or names:
        folder = Path(args.output) / name
        if args.again:
            shutil.rmtree(folder, ignore_errors=True)
        if name in PAIRS:
            show_pairs(train_pairs(name, args.output, **options))
        else:
            show(train_pretrained(name, args.output, **measured, **options))


def show(card):
    levels = "  ".join(f"{value:6.2f}" for value in card["psnr"]["network"])
    print(f"{card['name']:22s} {levels}  {card['images_seen']} images, {card['minutes']} min")


def show_pairs(card):
    print(f"{card['name']:22s} {card['images_seen']} images each, {card['minutes']} min")
    for n, *psnrs in zip(card["n_train"], card["train_psnr"], card["test_psnr"], strict=True):
        print(f"{n:22,d} train {psnrs[0]:6.2f}  test {psnrs[1]:6.2f}")


if __name__ == "__main__":
    main()
