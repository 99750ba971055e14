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
from gahb_sk.reproduce import _slopes, get_figure, read_table
from gahb_sk.reproduce._shipped import shipped_table

DOCS = Path(__file__).parent
SIGMA, N_VECTORS = 0.04, 7
BOUNDS = {"disks": "posterior mean"}


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


def main():
    """Write them all."""
    pictures = {"figure_4": slopes, "figure_5": disks, "pairs_sizes": sizes, "capacity": capacity}
    for name, draw in pictures.items():
        draw().savefig(DOCS / "images" / f"{name}.png", dpi=100)


if __name__ == "__main__":
    main()
