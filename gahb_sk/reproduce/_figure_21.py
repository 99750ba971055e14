"""Figure 21: photographs with one fixed permutation of their pixels."""

import dataclasses

import numpy as np
from sklearn.frozen import FrozenEstimator

from gahb_sk.datasets import PixelShuffle
from gahb_sk.denoisers import WienerDenoiser
from gahb_sk.experiments import Table, compare_denoisers
from gahb_sk.reproduce import PLANS, _bases
from gahb_sk.reproduce._bases import NETWORK
from gahb_sk.reproduce._paper_figure import Check, Outcome, PaperFigure
from gahb_sk.reproduce._plans import TRAINING_SEED

DOMAINS = {"photographs": "photograph-patches", "shuffled": "photographs-shuffled"}  # plans
SIGMAS = (0.03, 0.1, 0.3)
LINEAR = "best linear"
_IMAGES, _BASES, _VECTORS = 128, 8, 100
_EVERY = 3  # training patches of the best linear denoiser, which overlap
_KEPT = (1, 2, 3, 5, 10, 20, 50, 100)
_COLUMNS = ("images", "denoiser", "sigma", "k", "psnr", "psnr_se", "factor", "factor_se",
            "n_images")  # fmt: skip


def run(setup):
    """Measure both networks, each where it was trained, on the same patches."""
    measured = {domain: _measure(setup, plan) for domain, plan in DOMAINS.items()}
    means, spectra = (
        _bases.stacked({domain: tables[k] for domain, tables in measured.items()}, "images")
        for k in (0, 1)
    )
    examples = {
        f"{domain}, sigma {SIGMAS[-1]:g}" + " (pixels put back)" * (domain == "shuffled"): tables[2]
        for domain, tables in measured.items()
    }
    tables = {"psnr": means, "factor": _bases.thinned(spectra, _KEPT)}
    return Outcome(
        _bases.joined(tables, _COLUMNS),
        _pictures(examples, means, spectra),
        _checks(means),
        _notes(means, spectra),
    )


def _measure(setup, plan):
    """PSNR table, spectra and an example in one domain, the example with its pixels in place."""
    X, network = _bases.test_images(setup, plan, _IMAGES, 21), setup.load(plan)
    few = X[:_BASES]
    found = _bases.at_each_image(setup, {NETWORK: network}, few, SIGMAS[1:], _VECTORS)
    spectra = _bases.spectra(setup, found, [NETWORK], _VECTORS)
    shown = found[-len(few) :][_bases.typical(few)]  # of the last level
    one = _bases.example_of(shown, NETWORK, network)
    return psnrs(setup, plan, network, X), spectra, _put_back(one) if PLANS[plan].shuffled else one


def psnrs(setup, plan, network, X):
    """Return the PSNRs of a network and of the best linear denoiser of its training images."""
    linear = WienerDenoiser().fit(PLANS[plan].training_images()[::_EVERY])
    denoisers = {NETWORK: FrozenEstimator(network), LINEAR: FrozenEstimator(linear)}
    folds = [(np.arange(1), np.arange(len(X)))]
    noise = setup.stream(_bases.NOISE)
    return compare_denoisers(
        denoisers, X, SIGMAS, cv=folds, random_state=noise, n_jobs=setup.n_jobs
    ).means()


def _put_back(example):
    """Return an example of shuffled images with all pixels where they were."""
    shuffle = PixelShuffle(random_state=TRAINING_SEED).fit(example.clean[None])
    images = shuffle.inverse_transform(np.stack(example[:3]))
    vectors = shuffle.inverse_transform(example.basis.vectors)
    return _bases.Example(*images, dataclasses.replace(example.basis, vectors=vectors))


def _psnr(means, domain, denoiser, sigma):
    return float(means.where(images=domain, denoiser=denoiser, sigma=sigma)["psnr"][0])


def _losses(means, denoiser, sigma):
    before, after = (_psnr(means, domain, denoiser, sigma) for domain in DOMAINS)
    return before - after


def _checks(means):
    below = [
        Check(f"network: dB lost by shuffling at sigma {sigma:g}",
              _losses(means, NETWORK, sigma), 3.0, paper="far worse" * (sigma == 0.3))
        for sigma in SIGMAS[1:]
    ]  # fmt: skip
    same = max(abs(_losses(means, LINEAR, sigma)) for sigma in SIGMAS)
    return [
        *below,
        Check("best linear denoiser: dB that shuffling changes, at most", same, None, 0.1,
              "the optimum is the same"),
    ]  # fmt: skip


def _notes(means, spectra):
    listed = ", ".join(f"{_losses(means, NETWORK, sigma):.2f} at {sigma:g}" for sigma in SIGMAS)
    notes = [f"Loss of the network by shuffling in dB, by sigma: {listed}."]
    for domain in DOMAINS:
        ahead = ", ".join(
            f"{_psnr(means, domain, NETWORK, s) - _psnr(means, domain, LINEAR, s):.2f} at {s:g}"
            for s in SIGMAS
        )
        part = _bases.thinned(spectra.where(images=domain, sigma=SIGMAS[-1]), _KEPT)
        factors = ", ".join(f"{row['factor']:.2f} ({row['k']})" for row in part.rows())
        notes.append(
            f"{domain}: the network is {ahead} dB above the best linear denoiser; its factors at "
            f"sigma {SIGMAS[-1]:g} are {factors}."
        )
    return notes


def _pictures(examples, means, spectra):
    from gahb_sk.plots import ComparisonDisplay, SpectrumDisplay

    def labelled(table):
        pairs = zip(table["images"], table["denoiser"], strict=True)
        return Table({**table, "denoiser": [f"{domain}, {who}" for domain, who in pairs]})

    figure, axes = _bases.panels(3, 4.2)
    ComparisonDisplay(labelled(means)).plot(axes[0])
    for ax, sigma in zip(axes[1:], SIGMAS[1:], strict=True):
        SpectrumDisplay.from_table(labelled(spectra), sigma=sigma).plot(ax)
        ax.set_title(f"sigma {sigma:g}", fontsize=10)
    return {
        "The same photograph as both networks denoise it, with their leading eigenvectors.": (
            _bases.draw_examples(examples, range(9))
        ),
        "Output against input PSNR, and mean shrinkage factors with two standard errors.": figure,
    }


FIGURE = PaperFigure(
    number=21,
    title="Photographs whose pixels are shuffled",
    paper=(
        "A UNet trained on faces with one fixed permutation of their pixels denoises far worse at "
        "sigma .3 than one trained on the faces, though the optimum is the same: its bias towards "
        "geometry does not fit these images."
    ),
    criterion=(
        "On the same patches of photographs the network for shuffled ones is at least 3 dB below "
        "that for unshuffled ones at sigma .1 and .3, while the best linear denoiser, which has no "
        "bias towards geometry, moves by less than .1 dB."
    ),
    run=run,
    networks=("photograph-patches", "photographs-shuffled"),
    keys=("quantity", "images", "denoiser", "sigma", "k"),
    tolerances={"psnr": 0.05, "factor": 0.02},
)
