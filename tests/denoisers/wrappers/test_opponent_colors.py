"""Colour images through denoisers of grey ones."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import load_pretrained
from gahb_sk.denoisers import FunctionDenoiser, OpponentColors, Tiled, WaveletShrinkage
from gahb_sk.metrics import psnr
from gahb_sk.noise import add_gaussian_noise

RNG = np.random.default_rng(0)


def zero(image, sigma):
    return np.zeros_like(image)


def test_planes_are_denoised_as_wavelets_do_it():
    noisy = RNG.random((2, 3, 24, 20))
    own = WaveletShrinkage(color="opponent").denoise(noisy, 0.1)
    assert_allclose(OpponentColors(WaveletShrinkage()).denoise(noisy, 0.1), own, atol=1e-12)


def test_grey_images_are_left_to_the_denoiser():
    noisy = RNG.random((2, 24, 20))
    expected = WaveletShrinkage().denoise(noisy, 0.1)
    wrapped = OpponentColors(WaveletShrinkage(), FunctionDenoiser(zero))
    assert_array_equal(wrapped.denoise(noisy, 0.1), expected)


def test_luminance_is_of_one_denoiser_and_colors_of_the_other():
    noisy = RNG.random((2, 3, 24, 20))
    grey = OpponentColors(WaveletShrinkage(), FunctionDenoiser(zero)).denoise(noisy, 0.1)
    assert_allclose(grey, np.broadcast_to(grey[:, :1], grey.shape), atol=1e-12)
    whole = OpponentColors(WaveletShrinkage()).denoise(noisy, 0.1)
    assert_allclose(grey.sum(axis=1), whole.sum(axis=1), atol=1e-12)

    dark = OpponentColors(FunctionDenoiser(zero), WaveletShrinkage()).denoise(noisy, 0.1)
    assert_allclose(dark.sum(axis=1), 0, atol=1e-12)
    assert_allclose(grey + dark, whole, atol=1e-12)


def test_levels_belong_to_their_images():
    noisy, sigma = RNG.random((3, 3, 16, 16)), np.array([0.05, 0.1, 0.4])
    denoiser = OpponentColors(WaveletShrinkage())
    alone = [denoiser.denoise(y[None], s)[0] for y, s in zip(noisy, sigma, strict=True)]
    assert_allclose(denoiser.denoise(noisy, sigma), alone, atol=1e-12)


def test_tiles_give_what_the_whole_image_gives():
    noisy = RNG.random((1, 3, 150, 130), dtype=np.float32)
    denoiser = OpponentColors(load_pretrained("disks"))
    whole = denoiser.denoise(noisy)
    assert_allclose(Tiled(denoiser, tile=48).denoise(noisy), whole, atol=1e-5)


def test_it_pays_on_a_photograph():
    pixels = pytest.importorskip("skimage.data").chelsea()[60:188, 100:228]
    clean = pixels.transpose(2, 0, 1).astype(np.float32) / 255
    noisy = add_gaussian_noise(clean[None], 15 / 255, random_state=0)
    network = load_pretrained("photographs")
    separate = network.denoise(noisy[0])[None]  # the channels as three grey images
    together = OpponentColors(network).denoise(noisy)
    assert psnr(clean[None], together)[0] > psnr(clean[None], separate)[0] + 1
