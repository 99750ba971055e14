"""Figure 1: PSNR on training and on test images as the training set grows."""

import numpy as np

from gahb_sk.experiments import Table, generalization_curve
from gahb_sk.metrics import input_psnr, psnr_slope
from gahb_sk.reproduce import _pairs
from gahb_sk.reproduce._paper_figure import Check, Outcome, PaperFigure

# Those of the paper.
SIGMAS = tuple(np.logspace(0.3, 2.4, 15) / 255)


def run(setup):
    """Measure the pairs of networks on their own images and on new ones."""
    pairs, X, n_test = _pairs.load(setup, "pairs-32x32")
    options = {"n_test": n_test, "n_samples": 0, **setup.options(1)}
    curve = generalization_curve(pairs, X, sigma=SIGMAS, **options)
    return Outcome(_table(curve), _pictures(curve), _checks(curve), _notes(curve))


def _table(curve):
    """Means over both networks of an N."""
    rows = []
    for n in curve.n_train:
        for images in ("train", "test"):
            part = curve.psnr.where(n_train=n, images=images)
            for sigma in np.unique(part["sigma"]):
                own = part.where(sigma=sigma)
                head = {"n_train": n, "images": images, "sigma": round(float(sigma), 6)}
                psnrs = {name: round(float(own[name].mean()), 3) for name in ("input_psnr", "psnr")}
                rows.append(head | psnrs)
    return Table.from_rows(rows)


def _psnrs(curve, n, images):
    """Noise levels, and the mean PSNR of both networks at each."""
    part = curve.psnr.where(n_train=n, images=images)
    sigmas = np.unique(part["sigma"])
    return sigmas, np.array([part.where(sigma=sigma)["psnr"].mean() for sigma in sigmas])


def _checks(curve):
    few = [n for n in curve.n_train if n <= 10]
    largest, gaps = curve.n_train[-1], curve.gap["gap"]
    at_best = curve.gap["test_psnr"][-1]
    checks = []
    for n in few:
        train, test = (float(psnr_slope(*_psnrs(curve, n, kind))) for kind in ("train", "test"))
        poor = float(at_best - curve.gap.where(n_train=n)["test_psnr"][0])
        checks += [
            Check(f"slope on training images, N = {n}", train, 0.9, 1.1, "1"),
            Check(f"slope on test images, N = {n}", test, None, 0.3, "flat"),
            Check(f"test PSNR below that of N = {largest:,}, N = {n} (dB)", poor, 5, None, "poor"),
        ]
    rise = float(np.max(np.diff(gaps), initial=-np.inf))
    return [
        *checks,
        Check("largest rise of the gap from one N to the next (dB)", rise, None, 0.1, "falls"),
        Check(f"train minus test PSNR, N = {largest:,} (dB)", float(gaps[-1]), -0.3, 0.3, "0"),
    ]


def _pictures(curve):
    from gahb_sk.plots import GeneralizationDisplay
    from gahb_sk.plots._style import canvas

    return {
        "PSNR on the networks' own training images (left) and on images that they have not seen "
        "(right), for both networks of each N. Dotted: the optimum for N = 1, input PSNR + "
        "10 log10 d.": GeneralizationDisplay(curve).plot(canvas(9, 4.2)).figure_
    }


def _notes(curve):
    gaps = ", ".join(
        f"{gap:.2f} ({error:.2f}) at N = {n:,}"
        for n, gap, error in zip(curve.n_train, curve.gap["gap"], curve.gap["gap_se"], strict=True)
    )
    notes = [f"Gap in dB, mean over the noise levels: {gaps}."]
    if 1 in curve.n_train:
        sigma, psnrs = _psnrs(curve, 1, "train")
        below = input_psnr(sigma) + 10 * np.log10(curve.n_values) - psnrs
        notes.append(
            f"N = 1: {below.mean():.1f} dB below the optimum in the mean, {below.min():.1f} to "
            f"{below.max():.1f} by noise level."
        )
    return notes


FIGURE = PaperFigure(
    number=1,
    title="From memorisation to generalisation: PSNR",
    paper=(
        "UNets trained on N photographs of faces, 80x80. For N = 1 and 10 PSNR on the training "
        "images has slope 1 and that on test images is poor and flat; around N = 1,000 lies the "
        "transition; at N = 100,000 both are equal."
    ),
    criterion=(
        "On C^alpha images of 32x32 (alpha 2), means of two networks: for N = 1 and 10 the slope "
        "is within .1 of 1 on training images and below .3 on test images, whose mean PSNR is at "
        "least 5 dB below that at the largest N; the gap does not rise with N (.1 dB allowed) and "
        "is within .3 dB of 0 at the largest."
    ),
    run=run,
    networks=("pairs-32x32",),
    keys=("n_train", "images", "sigma"),
    tolerances={"psnr": 0.1},
)
