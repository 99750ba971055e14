"""Classes that are manifolds of few dimensions: a network's basis beside the posterior mean's."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from gahb_sk.denoisers import TangentProjection
from gahb_sk.experiments import optimality_gap
from gahb_sk.metrics import psnr_slope
from gahb_sk.reproduce import PLANS, _bases
from gahb_sk.reproduce._bases import NETWORK
from gahb_sk.reproduce._paper_figure import Check, Outcome, PaperFigure

SIGMA = 0.04  # the paper's, for eigenvectors of disks
SIGMAS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
SMALL = SIGMAS[:3]  # noise that slopes are fitted to
OPTIMUM = "posterior mean"
_KEYS = ("quantity", "denoiser", "reference", "sigma", "k")
_TOLERANCES = {"psnr": 0.05, "gap": 0.05, "factor": 0.02, "harmonicity": 0.02, "overlap": 0.02}
_COLUMNS = ("denoiser", "reference", "sigma", "k", "psnr", "optimum_psnr", "gap", "gap_se",
            "factor", "factor_se", "harmonicity", "overlap", "overlap_se", "chance")  # fmt: skip
_VECTORS, _SHOWN = 20, 9


@dataclass(frozen=True)
class Manifold:
    """A network trained on a manifold, a plan of the zoo; the paper's numbers by check.

    ``n_images`` are for PSNR, ``n_bases`` for bases.
    """

    number: int
    plan: str
    paper: dict
    n_images: int = 64
    n_bases: int = 16


def manifold_figure(manifold, **texts):
    """Return the figure of a manifold, with its ``title``, ``paper`` and ``criterion``."""
    return PaperFigure(
        number=manifold.number,
        run=partial(outcome, manifold),
        networks=(manifold.plan,),
        keys=_KEYS,
        tolerances=_TOLERANCES,
        **texts,
    )


def outcome(manifold, setup):
    """Measure the network and the optimum, judge and draw."""
    X = _bases.test_images(setup, manifold.plan, manifold.n_images, manifold.number)
    law = PLANS[manifold.plan].image_class
    best, network = law.posterior_mean().fit(X), setup.load(manifold.plan)
    tangents = TangentProjection(law).fit(X)
    few, noise = X[: manifold.n_bases], setup.stream(_bases.NOISE)
    gaps = optimality_gap(
        {NETWORK: network, "tangents": tangents}, best, X, SIGMAS, random_state=noise
    )
    both, references = {NETWORK: network, OPTIMUM: best}, {OPTIMUM: best, "tangents": tangents}
    found = _bases.at_each_image(setup, references | both, few, [SIGMA], _VECTORS)
    spectra = _bases.spectra(setup, found, both, _VECTORS)
    overlaps = _bases.alignment(setup, found, references, [law.dimension])
    shown = found[_bases.typical(few)]
    examples = {
        f"{name}, eigenvectors with their factors": _bases.example_of(shown, name, denoiser)
        for name, denoiser in both.items()
    }
    tables = {"psnr": gaps, "factor": spectra, "overlap": overlaps}
    return Outcome(
        _bases.joined(tables, _COLUMNS),
        _pictures(examples, gaps, spectra),
        _checks(law.dimension, manifold.paper, gaps, spectra, overlaps, X[0].size),
        _notes(law.dimension, gaps, spectra, overlaps),
    )


def _checks(n, paper, gaps, spectra, overlaps, n_pixels):
    own, best = (spectra.where(denoiser=name)["factor"] for name in (NETWORK, OPTIMUM))
    gaps = gaps.where(denoiser=NETWORK)
    small = np.isin(gaps["sigma"], SMALL)
    slopes = {
        name: float(psnr_slope(gaps["sigma"][small], gaps[name][small]))
        for name in ("psnr", "optimum_psnr")
    }
    lowest = gaps["optimum_mse"][0] * n_pixels / gaps["sigma"][0] ** 2
    extra = spectra.where(denoiser=NETWORK)["harmonicity"][n : n + 10]
    overlap = overlaps.where(denoiser=NETWORK, reference=OPTIMUM)["overlap"]
    near_one = min(0.8, float(best[:n].min())), max(1.25, float(best[:n].max()))
    checks = [
        Check(f"network: least of the factors 1 to {n}", float(own[:n].min()), *near_one),
        Check(f"network: largest of the factors 1 to {n}", float(own[:n].max()), *near_one),
        Check(f"network: factor {n + 1} above the posterior mean's", float(own[n] - best[n]), 0.1),
        Check(f"network: mean harmonicity of vectors {n + 1} to {n + 10} (chance 0)",
              float(extra.mean()), 0.5),
        Check("network: slope of PSNR at sigma .01 to .04", slopes["psnr"], None, 0.98),
        Check("posterior mean: slope of PSNR at sigma .01 to .04", slopes["optimum_psnr"],
              0.95, 1.05),
        Check("posterior mean: squared error at sigma .01 in sigma^2 (theory "
              f"{n})", float(lowest), 0.75 * n, 1.25 * n),
        Check(f"overlap of the network's first {n} vectors with the posterior mean's",
              float(overlap[0]) if len(overlap) else np.nan, 0.7),
    ]  # fmt: skip
    names = ("least", "largest", "extra", "harmonicity", "slope", "optimal slope", "error",
             "overlap")  # fmt: skip
    return [
        Check(one.text, one.value, one.low, one.high, paper.get(name, ""))
        for name, one in zip(names, checks, strict=True)
    ]


def _notes(n, gaps, spectra, overlaps):
    own = gaps.where(denoiser=NETWORK)
    listed = ", ".join(
        f"{gap:.2f} at {sigma:g}" for gap, sigma in zip(own["gap"], own["sigma"], strict=True)
    )
    factors = {
        name: ", ".join(f"{x:.3f}" for x in spectra.where(denoiser=name)["factor"][:10])
        for name in (NETWORK, OPTIMUM)
    }
    tangent = overlaps.where(denoiser=NETWORK, reference="tangents")
    return [
        f"Gap of the network to the posterior mean in dB, by sigma: {listed}.",
        *(f"Mean factors of the {name} at sigma {SIGMA:g}: {text}." for name, text in
          factors.items()),
        f"The network's first {n} vectors overlap the tangents at the clean image by "
        f"{np.nanmean(tangent['overlap']):.2f} (chance {tangent['chance'][0]:.4f}).",
    ]  # fmt: skip


def _pictures(examples, gaps, spectra):
    from gahb_sk.plots import HarmonicityDisplay, OptimalityDisplay, SpectrumDisplay

    curves, axes = _bases.panels(2)
    OptimalityDisplay(gaps, quantity="psnr").plot(axes[0])
    OptimalityDisplay(gaps).plot(axes[1])
    bases, axes = _bases.panels(2)
    SpectrumDisplay.from_table(spectra).plot(axes[0])
    HarmonicityDisplay.from_table(spectra).plot(axes[1])
    return {
        f"Leading eigenvectors at one image, sigma {SIGMA:g}.": _bases.draw_examples(
            examples, range(_SHOWN)
        ),
        "Output against input PSNR, and the gap to the optimum. The tangents know the clean image: "
        "their error is that of the optimum at small noise, at any noise.": curves,
        "Shrinkage factors and harmonicity of the vectors, means over images with two standard "
        "errors.": bases,
    }
