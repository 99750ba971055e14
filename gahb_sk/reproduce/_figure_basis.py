"""The optimum's own adaptive basis beside the network's, the bandlets' and a fixed one."""

import numpy as np

from gahb_sk.experiments._basis_alignment import default_references
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.reproduce import _bases
from gahb_sk.reproduce._bases import NETWORK
from gahb_sk.reproduce._paper_figure import Check, Outcome, PaperFigure
from gahb_sk.reproduce._plans import AREA_TIMES, area_plan

# At alpha 2, sigma .1 a hundred dimensions are left to the posterior: too many for its draws.
ALPHA, SIGMA, SIZE, IMAGES = 3, 0.3, 32, 4
OPTIMUM, AGAIN, FIXED = "optimum", "optimum, sampled again", "oracle Fourier"
BANDLETS = "oracle bandlets"
EFFORT = {"n_particles": 48, "n_final": 128, "tolerance": np.inf}  # for the draws behind it
KS = (2, 5, 10, 20, 40)
_JUDGED = 20  # vectors
_TIMES = 16  # of 8,000 images, the least training of a network
_KEY = 23  # of the stream of seeds
_SHOWN = (0, 1, 2, 4, 6, 9, 14, 19)
_COLUMNS = ("denoiser", "reference", "sigma", "k", "factor", "factor_se", "harmonicity",
            "harmonicity_se", "adaptivity", "overlap", "overlap_se", "chance", "chance_high",
            "n_images")  # fmt: skip


def run(setup):
    """Compare bases at the same noisy images."""
    law = CAlphaImages(SIZE, alpha=float(ALPHA), antialias="area")
    X = law.sample(IMAGES if setup.n_images is None else setup.n_images, setup.stream(_KEY))
    optimum, again = (law.posterior_mean(**EFFORT, random_state=k).fit(X) for k in (0, 1))
    oracles = {name: one.fit(X) for name, one in default_references().items()}
    network = setup.load(_network(setup))
    compared = {OPTIMUM: optimum, NETWORK: network, **oracles}
    others = {AGAIN: again, NETWORK: network, **oracles}
    found = _bases.at_each_image(setup, others | compared, X, [SIGMA], max(KS))
    spectra = _bases.spectra(setup, found, compared, max(KS))
    overlaps = _bases.alignment(setup, found, others, KS)
    tables = {"bases": _bases.thinned(spectra, (1, *KS)), "overlaps": overlaps}
    examples = {
        name: _bases.example_of(found[0], name, compared[name])
        for name in (OPTIMUM, NETWORK, BANDLETS)
    }
    return Outcome(
        _bases.joined(tables, _COLUMNS),
        _pictures(examples, spectra, overlaps),
        _checks(spectra, overlaps),
        [f"The network is {_network(setup)}.", *_notes(spectra, overlaps)],
    )


def _network(setup):
    """Return the name of the longest training that is there."""
    names = [area_plan(ALPHA, times) for times in AREA_TIMES]
    return [name for name in names if setup.has(name)][-1]


def _overlap(overlaps, name):
    return float(overlaps.where(denoiser=OPTIMUM, reference=name, k=_JUDGED)["overlap"][0])


def _mean(spectra, name, column):
    part = spectra.where(denoiser=name)
    return float(np.nanmean(part[column][part["k"] <= _JUDGED]))


def _checks(spectra, overlaps):
    best = max(_overlap(overlaps, name) for name in default_references())
    added = _mean(spectra, OPTIMUM, "adaptivity") - _mean(spectra, FIXED, "adaptivity")
    return [
        Check(f"overlap of two samplings of the optimum's first {_JUDGED} vectors",
              _overlap(overlaps, AGAIN), 0.8),
        Check(f"mean harmonicity of the optimum's first {_JUDGED} vectors (chance 0)",
              _mean(spectra, OPTIMUM, "harmonicity"), 0.5, paper="harmonics, by eye"),
        Check("what the geometry adds to it, beyond what it adds for Fourier vectors", added, 0.0,
              paper="along contours, by eye"),
        Check("the network's overlap with the optimum, less that of the best oracle basis",
              _overlap(overlaps, NETWORK) - best, 0.0),
    ]  # fmt: skip


def _notes(spectra, overlaps):
    notes = []
    own = overlaps.where(denoiser=OPTIMUM)
    for name in dict.fromkeys(own["reference"].tolist()):
        listed = ", ".join(
            f"{row['overlap']:.2f} for {row['k']} (chance {row['chance']:.2f})"
            for row in own.where(reference=name).rows()
        )
        notes.append(f"Overlap of the optimum's first k vectors with {name}: {listed}.")
    for name in (OPTIMUM, NETWORK, BANDLETS):
        part = spectra.where(denoiser=name)
        listed = ", ".join(f"{part['factor'][k - 1]:.2f} ({k})" for k in (1, *KS))
        notes.append(f"Shrinkage factors of {name}: {listed}.")
    return notes


def _pictures(examples, spectra, overlaps):
    from gahb_sk.plots import AlignmentDisplay, SpectrumDisplay

    curves, axes = _bases.panels(2)
    SpectrumDisplay.from_table(spectra).plot(axes[0])
    AlignmentDisplay(overlaps, denoiser=OPTIMUM).plot(axes[1])
    return {
        "Leading eigenvectors at one noisy image, with their factors.": _bases.draw_examples(
            examples, _SHOWN
        ),
        "Mean shrinkage factors, and overlap of the first k vectors with the optimum's.": curves,
    }


FIGURE = PaperFigure(
    number="basis",
    title="The optimum's adaptive basis",
    paper=(
        "The network's eigenvectors are harmonics along contours and in smooth regions, and the "
        "paper asks why. Whether the optimal denoiser has such a basis is not shown."
    ),
    criterion=(
        f"On C^alpha images of 32x32 (alpha 3, sigma .3), the optimum's first {_JUDGED} vectors "
        "overlap by .8 between two samplings, have a harmonicity of at least .5 (chance 0), to "
        "which the contours add more than they add for Fourier vectors, and are closer to the "
        "network's than to those of oracles in bandlets, wavelets or Fourier."
    ),
    run=run,
    networks=(area_plan(ALPHA, _TIMES),),  # ten minutes of a core
    optional=tuple(area_plan(ALPHA, times) for times in AREA_TIMES if times != _TIMES),
    keys=("quantity", "denoiser", "reference", "sigma", "k"),
    tolerances={"factor": 0.05, "harmonicity": 0.05, "overlap": 0.05},
)
