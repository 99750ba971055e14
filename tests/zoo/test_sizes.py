"""Shipped networks on images larger than those they were trained on."""

import numpy as np
import pytest

from gahb_sk import add_gaussian_noise, psnr
from gahb_sk.datasets import load_sample_patches, make_c_alpha_images
from gahb_sk.transforms import to_opponent
from gahb_sk.zoo import list_pretrained, load_pretrained, read_card

SIDES, N_IMAGES = (64, 128, 256), 4
LARGEST = 256  # up to which cards say that networks were tested
CARDS = {name: read_card(name) for name in list_pretrained() if name != "photographs-color"}
CASES = [name for name, card in CARDS.items() if card.get("sides_tested", [0, 0])[1] == LARGEST]


def images(name, side):
    if name.startswith("c-alpha"):
        return make_c_alpha_images(N_IMAGES, side, alpha=float(name[-1]), random_state=1)
    n_channels = load_pretrained(name).image_channels_
    return load_sample_patches(side, color=n_channels > 1, n_patches=N_IMAGES, random_state=1)


def psnr_of(name, clean, denoised):
    """Of the opponent colours alone, where the luminance is left to another network."""
    if name == "photographs-chroma":
        clean, denoised = (to_opponent(one)[:, 1:] for one in (clean, denoised))
    return psnr(clean, denoised)


def by_tiles(denoiser, noisy, side):
    """Denoise squares of the training size that overlap by half; keep the middle of each."""
    step, out = side // 2, np.empty_like(noisy)
    starts = [*range(0, noisy.shape[-1] - side, step), noisy.shape[-1] - side]
    for top in starts:
        for left in starts:
            tile = denoiser.transform(noisy[..., top : top + side, left : left + side])
            first = [0 if start == 0 else side // 4 for start in (top, left)]
            kept = tile[..., first[0] :, first[1] :]
            out[..., top + first[0] : top + side, left + first[1] : left + side] = kept
    return out


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("side", SIDES)
def test_an_image_is_denoised_as_well_as_its_tiles(name, side):
    denoiser, clean = load_pretrained(name), images(name, side)
    tile = min(CARDS[name]["sides_tested"][0], side)
    losses = []
    for sigma in (0.05, 0.1, 0.3):
        noisy = add_gaussian_noise(clean, sigma, 0)
        tiles = by_tiles(denoiser, noisy, tile)
        whole = denoiser.transform(noisy)
        losses.append(np.mean(psnr_of(name, clean, tiles) - psnr_of(name, clean, whole)))
    assert max(losses) < 0.1, losses
