"""Time to quality: the paper's published recipe, and ours, in minutes of one core.

Fresh C^2 images of 40x40. Schedules know how long they have, so each length is a training of its
own, of as many images as the core handles in that processor time: what else runs on the machine
changes nothing.
"""

from functools import cache, partial
from time import process_time

import numpy as np

from gahb_sk import NetworkDenoiser, add_gaussian_noise, psnr
from gahb_sk.datasets import FreshImages, make_c_alpha_images
from gahb_sk.experiments import Table
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.networks import UNet

SIDE, N_TEST = 40, 64
LEVELS = (0.03, 0.1, 0.3)
MINUTES = (0.25, 0.5, 1, 2, 4)
# As published: Adam at 1e-3, halved after each tenth of the training, 64 channels, batches of 512
# images, 488,000 steps. Here the network is a quarter as wide, for both, and the batches a
# sixteenth: of 512 images a core takes a hundred steps in four minutes.
PAPER = "the paper's"
BOUNDS = {"": ("", ""), "less": ("< ", "> "), "more": ("> ", "< ")}  # of minutes and of ratios
RECIPES = {
    PAPER: (UNet(16), {"base": "paper", "batch_size": 32}),
    "ours, the same network": (UNet(16), "fast"),
    "ours": ("residual_unet", "fast"),
}


def fit(recipe, n_images):
    """Return a network trained on so many fresh images, and the seconds of processor time."""
    network, settings = RECIPES[recipe]
    start = process_time()
    denoiser = NetworkDenoiser(
        network, recipe=settings, max_images=n_images, random_state=0
    ).fit(FreshImages(CAlphaImages(SIDE, alpha=2), random_state=0))  # fmt: skip
    return denoiser, process_time() - start


@cache
def images_per_minute(recipe, n=640):
    """Return how many images a core trains on, the start left out."""
    return 60 * n / (fit(recipe, 2 * n)[1] - fit(recipe, n)[1])


def trained(recipe, minutes):
    """Return a recipe, the network it trains in about so many minutes, and its seconds."""
    return recipe, *fit(recipe, round(minutes * images_per_minute(recipe)))


def training_rows(name, made):
    """Return the row of PSNRs on test images of a denoiser and what it took."""
    recipe, denoiser, seconds = made
    return [{"case": name, "recipe": recipe, "minutes": seconds / 60,
             "images": denoiser.n_images_seen_, **psnrs(denoiser)}]  # fmt: skip


def psnrs(denoiser):
    """Return the PSNR on the test images at each level, and its mean, with standard errors."""
    clean = make_c_alpha_images(N_TEST, SIDE, 2.0, random_state=1).astype(np.float32)
    scores = {}
    for sigma in LEVELS:
        noisy = add_gaussian_noise(clean, sigma, random_state=7)
        scores[f"{sigma}"] = psnr(clean, denoiser.denoise(noisy, sigma))
    scores["mean"] = np.mean([*scores.values()], axis=0)
    found = {}
    for level, values in scores.items():
        found[f"psnr {level}"] = values.mean()
        found[f"se {level}"] = values.std(ddof=1) / np.sqrt(N_TEST)
    return found


def time_to_quality(table):
    """Return the minutes in which each recipe reaches what the paper's does, and their ratios.

    Between two lengths the mean PSNR is taken for linear in the logarithm of the minutes.
    """
    curves = {
        recipe: curve(table.where(recipe=recipe))
        for recipe in dict.fromkeys(table["recipe"].tolist())
    }
    rows = []
    for minutes, level in zip(*curves.pop(PAPER, ((), ())), strict=True):
        row = {"PSNR": f"{level:.2f}", f"{PAPER}, minutes": f"{minutes:.2f}"}
        for recipe, (took, levels) in curves.items():
            own = np.exp(np.interp(level, levels, np.log(took)))
            # Beyond the shortest and the longest training only a bound is known.
            side = "less" if level < levels[0] else "more" if level > levels[-1] else ""
            row[f"{recipe}, minutes"] = BOUNDS[side][0] + f"{own:.2f}"
            row[f"{recipe}, times faster"] = BOUNDS[side][1] + f"{minutes / own:.1f}"
        rows.append(row)
    return Table.from_rows(rows)


def curve(table):
    """Return the minutes of a recipe, ascending, and the best mean PSNR within each."""
    order = np.argsort(table["minutes"])
    return table["minutes"][order], np.maximum.accumulate(table["psnr mean"][order])


CASES = {
    f"{name}, {minutes:g} minutes": partial(trained, name, minutes)
    for minutes in MINUTES
    for name in RECIPES
}
