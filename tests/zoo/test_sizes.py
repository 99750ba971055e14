"""Shipped networks on images larger than those they were trained on."""

import numpy as np
import pytest

from gahb_sk import add_gaussian_noise, psnr
from gahb_sk.datasets import load_sample_patches, make_c_alpha_images
from gahb_sk.zoo import load_pretrained

SIDE, N_IMAGES = 128, 6
# Trained on small crops with zeros beyond the border, which a network reads as its position.
ZEROS = pytest.mark.xfail(reason="trained with zero padding; to be retrained", strict=False)
NAMES = [
    pytest.param("c-alpha-1", marks=ZEROS),
    "c-alpha-2",
    "c-alpha-3",
    "c-alpha-4",
    "photographs",
]


def images(name):
    if name.startswith("c-alpha"):
        return make_c_alpha_images(N_IMAGES, SIDE, alpha=float(name[-1]), random_state=1)
    return load_sample_patches(SIDE, n_patches=N_IMAGES, random_state=1)


def by_tiles(denoiser, noisy, side):
    """Denoise squares of the training size that overlap by half; keep the middle of each."""
    step, out = side // 2, np.empty_like(noisy)
    starts = [*range(0, noisy.shape[-1] - side, step), noisy.shape[-1] - side]
    for top in starts:
        for left in starts:
            tile = denoiser.transform(noisy[:, top : top + side, left : left + side])
            first = [0 if start == 0 else side // 4 for start in (top, left)]
            kept = tile[:, first[0] :, first[1] :]
            out[:, top + first[0] : top + side, left + first[1] : left + side] = kept
    return out


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_large_image_is_denoised_as_well_as_its_tiles(name):
    denoiser, clean = load_pretrained(name), images(name)
    losses = []
    for sigma in (0.05, 0.1, 0.3):
        noisy = add_gaussian_noise(clean, sigma, 0)
        tiles = by_tiles(denoiser, noisy, denoiser.training_shape_[-1])
        losses.append(np.mean(psnr(clean, tiles) - psnr(clean, denoiser.transform(noisy))))
    assert max(losses) < 0.1, losses
