"""Time to quality: our recipe and the paper's published one, for the same minutes of training.

Fresh C^2 images of 40x40, as many minutes of one core's time as the name of a case says. The
schedules know how long they have, so each length is a training of its own.
"""

from functools import partial

import numpy as np

from gahb_sk import NetworkDenoiser, add_gaussian_noise, psnr
from gahb_sk.datasets import FreshImages, make_c_alpha_images
from gahb_sk.denoisers import BM3DDenoiser
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.networks import UNet

SIDE, N_TEST = 40, 64
LEVELS = (0.03, 0.1, 0.3)
MINUTES = (0.25, 0.5, 1)
# The published recipe is Adam with batches of 512 images on the UNet of 64 channels. In minutes of
# a core that network sees too few images, so it is measured on 16 channels, too.
RECIPES = {
    "ours": ("residual_unet", "fast"),
    "the paper's": (UNet(64), "paper"),
    "the paper's, 16 channels, batches of 32": (UNet(16), {"base": "paper", "batch_size": 32}),
}


def trained(network, recipe, minutes):
    """Return a network that was trained for so long, and how many images it saw."""
    denoiser = NetworkDenoiser(
        network, recipe=recipe, time_budget=60 * minutes, max_images=None, random_state=0
    ).fit(FreshImages(CAlphaImages(SIDE, alpha=2), random_state=0))
    return denoiser, denoiser.n_images_seen_


def training_rows(name, made):
    """Return the row of PSNRs on test images of a denoiser and the images it saw."""
    denoiser, n_images = made
    recipe, _, minutes = name.rpartition(", ")
    return [{"case": name, "recipe": recipe, "minutes": float(minutes.split()[0]),
             "images": n_images, **psnrs(denoiser)}]  # fmt: skip


def psnrs(denoiser):
    """Return the PSNR on the test images at each level, with standard errors."""
    clean = make_c_alpha_images(N_TEST, SIDE, 2.0, random_state=1).astype(np.float32)
    found = {}
    for sigma in LEVELS:
        noisy = add_gaussian_noise(clean, sigma, random_state=7)
        values = psnr(clean, denoiser.denoise(noisy, sigma))
        found[f"psnr {sigma}"] = values.mean()
        found[f"se {sigma}"] = values.std(ddof=1) / np.sqrt(N_TEST)
    return found


CASES = {
    f"{name}, {minutes:g} minutes": partial(trained, *RECIPES[name], minutes)
    for name in RECIPES
    for minutes in MINUTES
}
CASES["BM3D, 0 minutes"] = lambda: (BM3DDenoiser(), 0)
