"""Figure 15: the gap between training and test PSNR by number and size of images."""

from gahb_sk.experiments import capacity_curve, images_needed
from gahb_sk.reproduce import _pairs
from gahb_sk.reproduce._pair_plans import PAIRS
from gahb_sk.reproduce._paper_figure import Check, Outcome, PaperFigure

SIZES = {"pairs-8x8": "8x8", "pairs-16x16": "16x16", "pairs-32x32": "32x32"}
# A gap from which on a network counts as generalising, in dB.
_SMALL = 1.0


def run(setup):
    """Measure the pairs of all sizes on the same images, at three noise levels."""
    stacks, pairs, n_test = {}, {}, []
    for name, size in SIZES.items():
        fitted, stacks[size], left = _pairs.load(setup, name)
        pairs[size] = {_label(name): fitted}
        n_test.append(left)
    table = capacity_curve(
        None, stacks, pairs=pairs, n_test=min(n_test), **setup.options(15),
    )  # fmt: skip
    needed = {size: images_needed(*_gaps(table, size), _SMALL) for size in stacks}
    return Outcome(table.rounded(), _pictures(table), _checks(table, needed), _notes(needed))


def _label(name):
    blocks = PAIRS[name].sizes["n_blocks"]
    return f"{blocks} block" if blocks == 1 else f"{blocks} blocks"


def _gaps(table, size):
    part = table.where(images=size)
    return part["n_train"], part["gap"]


def _checks(table, needed):
    sizes = list(needed)
    checks = [
        Check(f"images needed, {large} over {small}", needed[large] / needed[small], 1.25, None,
              "more")
        for small, large in zip(sizes, sizes[1:], strict=False)
    ]  # fmt: skip
    for size in sizes:
        n_train, gaps = _gaps(table, size)
        text = f"gap at N = {n_train[-1]:,}, {size} (dB)"
        checks.append(Check(text, float(gaps[-1]), -0.3, 0.3, "0"))
    return checks


def _pictures(table):
    from gahb_sk.plots import CapacityDisplay
    from gahb_sk.plots._style import canvas

    return {
        "PSNR on training images minus PSNR on test images, mean over noise levels 0.03, 0.1 and "
        "0.3 and over two networks, against the number of training images.": (
            CapacityDisplay(table).plot(canvas(6.4, 4.2).subplots()).figure_
        )
    }


def _notes(needed):
    listed = ", ".join(f"{n:,.0f} of {size}" for size, n in needed.items())
    return [
        f"The gap falls to {_SMALL:g} dB (on a line in log N between two N) with {listed}.",
        "The three sizes are the same images, averaged over squares of pixels. The networks have "
        "one scale more for twice the side.",
    ]


FIGURE = PaperFigure(
    number=15,
    title="Larger images need more of them",
    paper=(
        "UNets of 1 to 4 blocks (360 thousand to 31 million weights) on images of 20x20 to "
        "160x160: the gap between training and test PSNR closes at larger N for larger "
        "images and networks."
    ),
    criterion=(
        "On the same C^alpha images (alpha 2) at 8x8, 16x16 and 32x32, with networks of 1, 2 and 3 "
        "blocks: the number of images that brings the gap down to 1 dB grows with the size, by a "
        "quarter at least from each to the next; at the largest N all gaps are within .3 dB of 0."
    ),
    run=run,
    networks=tuple(SIZES),
    keys=("images", "n_train"),
    tolerances={"gap": 0.2},
)
