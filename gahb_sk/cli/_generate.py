"""Write images of a class whose optimum is known to a .npy file.

Image k depends on the seed and on k only. Memory is bounded whatever the number of images. When
the command is interrupted, the same command goes on where it stopped.
"""

import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from gahb_sk import datasets
from gahb_sk._files import check_writable
from gahb_sk._validation import check_name
from gahb_sk.cli._arguments import add_settings, parse_settings
from gahb_sk.cli._image_classes import CLASSES, parse_image_class

EXAMPLE = "gahb-sk generate c-alpha --n 100000 --image-size 80 --set alpha=2 --output train.npy"
ELSEWHERE = ("image_size", "image")


def add_arguments(parser):
    """Add the arguments of ``gahb-sk generate``."""
    parser.add_argument("class_", metavar="CLASS", help="one of: " + ", ".join(CLASSES))
    parser.add_argument("--n", type=int, required=True, metavar="N", help="number of images")
    parser.add_argument("--output", required=True, metavar="FILE.npy", help="file to write")
    parser.add_argument(
        "--image-size", type=int, nargs="+", default=[64], metavar="S",
        help="side in pixels, or height and width (default 64)",
    )  # fmt: skip
    add_settings(parser.add_argument, "alpha=1.5 or orientation=random of the class")
    parser.add_argument("--seed", type=int, default=0, help="seed of the images (default 0)")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--threads", type=int, default=2, help="threads (default 2)")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace FILE.npy, or start again if interrupted"
    )


def run(args):
    """Generate the file."""
    cls = CLASSES[check_name(args.class_, CLASSES, "class")]
    sides = args.image_size
    if len(sides) > 2:
        raise ValueError(f"--image-size: expected one or two numbers, got {len(sides)}.")
    law = parse_image_class(
        args.class_,
        tuple(sides) if len(sides) == 2 else sides[0],
        seed=args.seed,
        **parse_settings(args.set, cls, left_out=ELSEWHERE),
    )
    check_writable(Path(args.output).parent, "--output")
    stream = datasets.FreshImages(law, args.seed, dtype=np.dtype(args.dtype))
    with _Progress(args.n, args.class_) as progress:
        try:
            datasets.generate_file(
                stream, args.n, args.output, overwrite=args.overwrite, n_workers=args.threads,
                progress=progress,
            )  # fmt: skip
        except KeyboardInterrupt:
            progress.close()
            print(
                f"gahb-sk generate: interrupted after {progress.done} of {args.n} images; the "
                "same command goes on from there.",
                file=sys.stderr,
            )
            return 1
    print(f"{args.output}: {args.n} images {stream.shape_of_image}, {stream.dtype}")
    return 0


class _Progress:
    """A bar that appears with the first report, so that an error before it stands alone."""

    def __init__(self, total, name):
        self.total, self.name = total, name
        self.done, self.bar = 0, None

    def __call__(self, done):
        if self.bar is None:
            self.bar = tqdm(
                total=self.total, initial=done, unit="image", desc=self.name, file=sys.stderr
            )
        self.bar.update(done - self.bar.n)
        self.done = done

    def close(self):
        if self.bar is not None:
            self.bar.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
