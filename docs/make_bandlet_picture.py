"""Draw the picture of the guide to bandlets: ``python docs/make_bandlet_picture.py``."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from gahb_sk import BandletShrinkage, add_gaussian_noise
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.plots import GeometryDisplay
from gahb_sk.transforms import best_bandlets

SIGMA = 0.1


def directed_vector(basis, image):
    """Return the vector of a square with a direction, not its mean, that the image needs most."""
    inside = np.zeros(basis.shape, bool)
    for square in basis.squares():
        if square.angle is not None and square.side > 4:
            bands = [b for b in basis.subbands() if b.orientation == square.orientation]
            band = next(b for b in bands if b.scale == square.scale)
            rows = slice(square.top, square.top + square.side)
            columns = slice(square.left, square.left + square.side)
            view = band.of(inside)[rows, columns]
            view[...] = True
            view[0, 0] = False
    size = np.abs(basis.forward(image)) * inside
    return basis.vectors([size.argmax()])[0]


def main():
    """Write ``images/bandlets.png``."""
    clean = make_c_alpha_images(1, image_size=64, alpha=3, random_state=0)
    noisy = add_gaussian_noise(clean, SIGMA, random_state=1)
    on_pixels = best_bandlets(clean[0], SIGMA, wavelet=None)
    on_wavelets = best_bandlets(clean[0], SIGMA / 4, wavelet="db4")
    found = BandletShrinkage().fit(clean).find_bandlets(noisy, SIGMA)[0]
    figure, axes = plt.subplots(1, 4, figsize=(11, 3.1), layout="constrained")
    GeometryDisplay(on_pixels.squares(), clean[0]).plot(axes[0])
    GeometryDisplay(found.squares(), noisy[0]).plot(axes[1])
    for axis, basis in zip(axes[2:], (on_pixels, on_wavelets), strict=True):
        vector = directed_vector(basis, clean[0])
        top = np.abs(vector).max()
        axis.imshow(vector, cmap="RdBu_r", vmin=-top, vmax=top)
        axis.set(xticks=[], yticks=[])
    titles = (
        "basis of least risk, clean image",
        "basis estimated from the noisy image",
        "a bandlet on pixels",
        "a bandlet on db4 wavelets",
    )
    for axis, title in zip(axes, titles, strict=True):
        axis.set_title(title, fontsize=9)
    figure.savefig(Path(__file__).parent / "images" / "bandlets.png", dpi=110)


if __name__ == "__main__":
    main()
