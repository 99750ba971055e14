"""Figure 3: the adaptive basis at a photograph; how close it is to bandlets added."""

import numpy as np

from gahb_sk.datasets import load_sample_patches
from gahb_sk.experiments import Table, basis_alignment, basis_spectra
from gahb_sk.experiments._basis_alignment import default_references
from gahb_sk.reproduce import _bases
from gahb_sk.reproduce._bases import NETWORK
from gahb_sk.reproduce._paper_figure import Check, Outcome, PaperFigure

SIGMA = 0.15
SIZE = 80  # the paper's, so that its k mean the same here
PAPER = {5: 1.244, 41: 1.008, 125: 0.758, 245: 0.51}
# Measured here on the bias-free networks that were published, at 30x30.
PUBLISHED_ASYMMETRY = (0.39, 0.43)
KS = (5, 10, 20, 50, 100)
_JUDGED = 50  # vectors
FIXED = "oracle Fourier"  # a basis that does not follow contours
_WITHIN = 0.25
_LARGE, _SMALL, _VECTORS = 4, 12, 250
_SHOWN = (0, 1, 2, 4, 9, 19, 29, 40, 59, 79, 99, 124, 159, 199, 244)
_KEPT = (1, 2, 5, 10, 20, 41, 80, 125, 160, 200, 245)
_COLUMNS = ("denoiser", "reference", "sigma", "k", "factor", "factor_se", "coefficient",
            "harmonicity", "harmonicity_se", "adaptivity", "overlap", "overlap_se", "chance",
            "chance_high", "n_images")  # fmt: skip


def run(setup):
    """Bases at photographs of 80x80 for the factors, at patches of 40x40 for the alignment."""
    n = _LARGE if setup.n_images is None else min(setup.n_images, _LARGE)
    large = load_sample_patches(SIZE, split="test", n_patches=n, random_state=setup.stream(3))
    network = setup.load("photograph-patches")
    common = setup.options(_bases.NOISE)
    spectra = basis_spectra({NETWORK: network}, large, [SIGMA], _VECTORS, **common)
    small = _bases.test_images(setup, "photograph-patches", _SMALL, 3)
    overlaps = basis_alignment({NETWORK: network}, small, [SIGMA], KS, **common)
    compared = {NETWORK: network, **default_references()}
    harmonics = basis_spectra(compared, small, [SIGMA], max(KS), **common)
    shown = int(large.std((1, 2)).argmax())
    one = _bases.example(setup, network, large, shown, SIGMA, _VECTORS)
    tables = {
        "factors at 80x80": _bases.thinned(spectra, _KEPT),
        "bases at 40x40": _bases.thinned(harmonics, (1, *KS)),
        "overlaps at 40x40": overlaps,
    }
    return Outcome(
        _bases.joined(tables, _COLUMNS),
        _pictures(one, spectra, overlaps, harmonics),
        _checks(spectra, harmonics, one.basis),
        _notes(overlaps, harmonics, one.basis),
    )


def _checks(spectra, harmonics, basis):
    checks = [
        Check(f"factor {k} of {SIZE * SIZE}, mean over photographs",
              float(spectra["factor"][k - 1]), value - _WITHIN, value + _WITHIN, f"{value:g}")
        for k, value in PAPER.items()
    ]  # fmt: skip
    own, fixed = (_judged(harmonics, name) for name in (NETWORK, FIXED))
    adapted = own["adaptivity"].mean() - np.nanmean(fixed["adaptivity"])
    return [
        *checks,
        Check(f"mean harmonicity of the first {_JUDGED} vectors (chance 0)",
              float(own["harmonicity"].mean()), 0.5, paper="harmonics, by eye"),
        Check("what the geometry adds to it, beyond what it adds for Fourier vectors",
              float(adapted), 0.0, paper="along contours, by eye"),
        Check("asymmetry of the Jacobian, |J - J'| / |J|", basis.asymmetry, None,
              PUBLISHED_ASYMMETRY[1], "nearly symmetric"),
    ]  # fmt: skip


def _judged(harmonics, name):
    return _bases.thinned(harmonics.where(denoiser=name), range(1, _JUDGED + 1))


def _notes(overlaps, harmonics, basis):
    notes = []
    for name in dict.fromkeys(overlaps["reference"].tolist()):
        part = overlaps.where(denoiser=NETWORK, reference=name)
        listed = ", ".join(
            f"{row['overlap']:.3f} for {row['k']} (chance {row['chance']:.3f})"
            for row in part.rows()
        )
        notes.append(f"Overlap of the first k vectors with {name}: {listed}.")
    between = overlaps.where(denoiser="oracle wavelets", reference="oracle bandlets")
    at = ", ".join(f"{row['overlap']:.3f} for {row['k']}" for row in between.rows())
    notes.append(f"For comparison, oracle wavelets with oracle bandlets: {at}.")
    means = {
        name: np.nanmean(harmonics.where(denoiser=name)["harmonicity"])
        for name in dict.fromkeys(harmonics["denoiser"].tolist())
    }
    listed = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
    # The vectors of an image move together: as if they did so wholly, an upper bound.
    adds = ", ".join(
        f"{name} {np.nanmean(part['adaptivity']):.4f} ({np.nanmean(part['adaptivity_se']):.4f})"
        for name in means
        for part in (_judged(harmonics, name),)
    )
    return [
        *notes,
        f"What the geometry adds to the harmonicity of the first {_JUDGED}, in brackets the most "
        f"its standard error over {harmonics['n_images'].max()} patches can be: {adds}.",
        f"Mean harmonicity of the first {max(KS)} vectors: {listed}.",
        f"At the photograph shown the effective dimension is {basis.effective_dimension:.0f} of "
        f"{SIZE * SIZE}.",
    ]


def _pictures(one, spectra, overlaps, harmonics):
    from gahb_sk.plots import AlignmentDisplay, HarmonicityDisplay, SpectrumDisplay

    title = f"Adaptive basis at a photograph, sigma {SIGMA:g}"
    curves, axes = _bases.panels(2)
    SpectrumDisplay.from_basis(one.basis, "photograph shown").plot(axes[0])
    SpectrumDisplay.from_table(spectra).plot(axes[1])
    axes[1].plot(list(PAPER), list(PAPER.values()), "kx", label="paper (a face)")
    axes[1].legend(fontsize="small")
    aligned, axes = _bases.panels(2)
    AlignmentDisplay(overlaps, denoiser=NETWORK).plot(axes[0])
    few = [harmonics.where(denoiser=name).rows() for name in (NETWORK, "oracle bandlets")]
    HarmonicityDisplay(Table.from_rows([row for rows in few for row in rows])).plot(axes[1])
    return {
        "Eigenvectors with their factors.": _bases.draw_examples({title: one}, _SHOWN, n_rows=2),
        "Factors and coefficients of the photograph shown, and mean factors over photographs with "
        "two standard errors.": curves,
        "Overlap with the bases of oracles, and harmonicity; dashed: without regard to contours. "
        "Means over 40x40 patches.": aligned,
    }


FIGURE = PaperFigure(
    number=3,
    title="The adaptive basis at a photograph",
    paper=(
        "At a face of 80x80 pixels and sigma .15 the factors fall slowly: the 5th is 1.244, the "
        "41st 1.008, the 125th .758, the 245th .51. The eigenvectors are harmonics along contours "
        "and in smooth regions; this is shown by eye."
    ),
    criterion=(
        "At photographs of 80x80 pixels the mean factors of those numbers are within .25 of the "
        "paper's. At 40x40 the first 50 vectors have a harmonicity of at least .5 (chance 0), to "
        "which the contours add more than they add for Fourier vectors. The Jacobian's asymmetry "
        f"is at most that of published bias-free networks, {PUBLISHED_ASYMMETRY[0]:g} to "
        f"{PUBLISHED_ASYMMETRY[1]:g} at 30x30: the paper calls them nearly symmetric."
    ),
    run=run,
    networks=("photograph-patches",),
    keys=("quantity", "denoiser", "reference", "sigma", "k"),
    tolerances={"factor": 0.02, "harmonicity": 0.02, "overlap": 0.02},
)
