"""Draw the pictures of the guide that come from tables of results, and figure 5.

    python docs/make_figure_pictures.py

Nothing is trained or measured but the eigenvectors of figure 5, in half a minute.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from gahb_sk import add_gaussian_noise, load_pretrained
from gahb_sk.analysis import eigenbasis
from gahb_sk.image_classes import DiskImages
from gahb_sk.plots import CapacityDisplay, EigenvectorGridDisplay
from gahb_sk.plots._generalization import HISTOGRAMS
from gahb_sk.reproduce import _slopes, get_figure, read_table
from gahb_sk.reproduce._shipped import shipped_table

DOCS = Path(__file__).parent
SIGMA, N_VECTORS = 0.04, 7
BOUNDS = {"disks": "posterior mean"}
NETWORKS = {
    "network": "Two scales: samples agree",
    "network, four scales": "Four scales: copies, then agreement",
}
# Denoisers of the gap on Fashion-MNIST.
STYLES = {
    "network": {"label": "network, two scales", "color": "#0072B2", "marker": "o"},
    "network, four scales": {"label": "network, four scales", "color": "#D55E00", "marker": "s"},
    "wiener": {"label": "best linear (Wiener)", "color": "#009E73", "marker": "^"},
}
DASHES = {"pair": "-", "closest": "--", "other": ":"}


def slopes():
    """Return figure 4: gaps to the bound on each class."""
    table = shipped_table(get_figure(4))
    names = dict.fromkeys(table["images"].tolist())
    panels = [
        _slopes.Panel(name, np.empty(0), {}, BOUNDS.get(name, "oracle bandlets"), 0)
        for name in names
    ]
    return _slopes.draw_gaps(table, panels)


def disks():
    """Return figure 5: eigenvectors at a noisy disk, of the network and of the posterior mean."""
    law = DiskImages(40)
    clean = law.sample(8, random_state=5)[3:4]
    noisy = add_gaussian_noise(clean, SIGMA, random_state=5)
    denoisers = {
        "network trained on disks": load_pretrained("disks"),
        "posterior mean of disks, the optimum": law.posterior_mean().fit(clean),
    }
    figure = plt.figure(figsize=(10, 3.6), layout="constrained")
    for part, (name, one) in zip(figure.subfigures(2, 1), denoisers.items(), strict=True):
        part.suptitle(f"{name}: leading eigenvectors with their factors", fontsize=11)
        basis = eigenbasis(one, noisy[0], N_VECTORS, sigma=SIGMA)
        grid = EigenvectorGridDisplay(basis.vectors, basis.values, images={"noisy": noisy[0]})
        for ax in grid.plot(part, n_columns=1 + N_VECTORS).axes_.flat:
            ax.title.set_fontsize(10)
    return figure


def sizes():
    """Return figure 15 from its table."""
    return CapacityDisplay.from_table(shipped_table(get_figure(15))).plot().figure_


def capacity():
    """Return the picture of the benchmark of capacity from its table."""
    return CapacityDisplay.from_table(read_table(DOCS / "results/capacity.csv")).plot().figure_


def generalization():
    """Return gaps and similarities of networks of two sizes on Fashion-MNIST, from their tables."""
    gaps, similarities = (
        read_table(DOCS / f"results/generalization_{name}.csv") for name in ("gap", "similarity")
    )
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), layout="constrained")
    axes[1].sharey(axes[2])
    for name, style in STYLES.items():
        part = gaps.where(denoiser=name)
        axes[0].errorbar(part["n_train"], part["gap"], 2 * part["gap_se"], **style)
    axes[0].set(title="Networks stop memorising first", ylabel="train minus test PSNR (dB)")
    for ax, name in zip(axes[1:], NETWORKS, strict=True):
        for measure, label, colour, _ in HISTOGRAMS:
            part = similarities.where(denoiser=name, measure=measure, centered=True)
            errors = 2 * part["cosine_se"]
            ax.errorbar(part["n_train"], part["cosine"], errors, color=colour, marker="o",
                        linestyle=DASHES[measure], label=label)  # fmt: skip
        ax.set(title=NETWORKS[name], ylabel="mean correlation")
    for ax in axes:
        ax.set(xscale="log", xlabel="N, training images")
        ax.title.set_fontsize(11)
    axes[0].legend(fontsize=8)
    named = axes[2].get_legend_handles_labels()
    figure.legend(*named, loc="outside lower right", ncols=3, fontsize=8)
    return figure


def main():
    """Write them all."""
    pictures = {
        "figure_4": slopes,
        "figure_5": disks,
        "pairs_sizes": sizes,
        "capacity": capacity,
        "generalization": generalization,
    }
    for name, draw in pictures.items():
        draw().savefig(DOCS / "images" / f"{name}.png", dpi=100)


if __name__ == "__main__":
    main()
