"""Reproduce figures of the paper at reduced scale, from networks that come with the package.

FIGURE is a number, the name of a figure not in the paper, or "all", which are those of the paper.
For each there is a folder with the picture and the numbers, and one page says what the paper
reports, what came out here, whether that counts as reproduced, and what has changed since this
release. After an interruption the same command goes on. With --train the networks are trained
first, which takes hours.
"""

import sys
from pathlib import Path

from gahb_sk.cli._arguments import noise_level, positive_int, redo
from gahb_sk.cli._figures_page import write_figures_page
from gahb_sk.cli._page import check_output
from gahb_sk.denoisers.learned._shipped import how_to_get_more
from gahb_sk.reproduce import (
    PAIRS,
    Setup,
    figure_numbers,
    is_done,
    reproduce,
    write_reproduction,
)

EXAMPLE = "gahb-sk reproduce 2 --output report/figures"
ALL = "all"


def add_arguments(parser):
    """Add the arguments of ``gahb-sk reproduce``."""
    numbers = ", ".join(map(str, figure_numbers()))
    add = parser.add_argument
    add("figures", nargs="+", metavar="FIGURE", help=f"{numbers}, or all: those with a number")
    add("--output", default="report/figures", metavar="DIR",
        help="folder of the page (default report/figures)")  # fmt: skip
    add("--images", type=positive_int, metavar="N",
        help="test images of each class (default: as many as take minutes)")  # fmt: skip
    add("--image-size", type=positive_int, metavar="N",
        help="side of the images of figure gap and of its networks (default 32)")  # fmt: skip
    add("--sigma", nargs="+", type=noise_level, metavar="S",
        help="after the figures: noise levels of figure gap (default 0.1 0.3)")  # fmt: skip
    add("--networks", metavar="DIR", help="folder with networks that replace those of the package")
    add("--train", action="store_true", help="train the networks first, into --networks (default "
        "networks in --output)")  # fmt: skip
    add("--max-images", type=positive_int, metavar="N",
        help="length of each training (default: as shipped)")  # fmt: skip
    add("--photographs", nargs="+", metavar="DIR",
        help="after the figures, with --train: photographs to learn from besides")  # fmt: skip
    add("--again", action="store_true", help="also recompute finished figures")
    add("--seed", type=int, default=0, help="seed of images, noise and samples (default 0)")
    add("--n-jobs", type=int, default=-1, metavar="J",
        help="number of parallel jobs (default: one per core)")  # fmt: skip


def run(args):
    """Reproduce the figures, write the page, and say where it is."""
    figures = _chosen(args.figures)
    for name in ("max_images", "photographs"):
        if getattr(args, name) is not None and not args.train:
            option = f"--{name.replace('_', '-')}"
            raise ValueError(f"{option}: expected together with --train, got it alone.")
    for option, value in (("--image-size", args.image_size), ("--sigma", args.sigma)):
        if value is not None and not all(figure.scalable for figure in figures):
            raise ValueError(f"{option}: expected figure gap alone, got others. Leave it out.")
    folder = check_output(args.output, ["index.html"])
    setup = Setup(
        n_images=args.images,
        networks=_networks(args, folder),
        random_state=args.seed,
        image_size=args.image_size,
        sigma=args.sigma and tuple(args.sigma),
        kept=folder / "kept",
        n_jobs=args.n_jobs,
        verbose=True,
    )
    if args.train:
        changes = {"max_images": args.max_images, "image_size": args.image_size}
        changes = {name: value for name, value in changes.items() if value is not None}
        _train(figures, setup.networks, args.photographs or (), changes)
    left = []
    for figure in figures:
        if args.again or not is_done(folder, figure, setup):
            if figure.missing(setup):
                left.append(_missing(figure, setup))
                continue
            print(f"Figure {figure.number}: {figure.title}", file=sys.stderr)
            write_reproduction(folder, reproduce(figure, setup), setup)
            for rows in setup.kept.glob(f"{figure.number}-*.csv"):  # of a run that has ended
                rows.unlink()
        page = write_figures_page(folder, redo(args, "figures"))
    if len(left) == len(figures):
        raise ValueError(" ".join(left))
    for line in left:
        print(line, file=sys.stderr)
    print(f"The report is written to {page}")
    return 0


def _chosen(names):
    """Return the figures asked for, in the paper's order; all are those of the paper."""
    from gahb_sk.reproduce import all_figures, get_figure  # they import every figure

    numbers = {get_figure(name).number for name in names if name != ALL}
    return [
        figure for figure in all_figures()
        if figure.number in numbers or (ALL in names and isinstance(figure.number, int))
    ]  # fmt: skip


def _networks(args, folder):
    if args.networks is None:
        return folder / "networks" if args.train else None
    if not args.train and not Path(args.networks).is_dir():
        raise ValueError(f"--networks: expected a folder, got {args.networks!r}.")
    return Path(args.networks)


def _missing(figure, setup):
    return (
        f"figure {figure.number} is left out: the networks {', '.join(figure.missing(setup))} are "
        "not installed. Train them with --train, or give a folder with --networks."
        f"{how_to_get_more()}"
    )


def _train(figures, folder, photographs, changes):
    """Train what the figures need and has no card yet."""
    from gahb_sk.reproduce import train_pairs, train_pretrained  # they load torch
    from gahb_sk.reproduce._plans import check_photographs

    names = [name for figure in figures for name in (*figure.networks, *figure.optional)]
    check_photographs(photographs, list(dict.fromkeys(names)))
    for name in dict.fromkeys(names):
        if name in PAIRS:  # their card may lack some N; it is they who know what is done
            train_pairs(name, folder, verbose=True, **changes)
        else:
            print(f"Training {name}", file=sys.stderr)
            options = {"n_test_images": 64, "photographs": photographs, "verbose": True}
            train_pretrained(name, folder, **options, **changes)
