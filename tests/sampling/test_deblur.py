"""Blurring and deblurring."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.ndimage import convolve

from gahb_sk import add_gaussian_noise, load_pretrained, metrics
from gahb_sk.datasets import load_sample_patches
from gahb_sk.denoisers import FunctionDenoiser, OracleShrinkage, WaveletShrinkage
from gahb_sk.sampling import blur, deblur

KERNEL = np.outer([1, 3, 4, 3, 1], [1, 3, 4, 3, 1]).astype(float)


@pytest.fixture(scope="module")
def clean():
    return load_sample_patches(64, n_patches=2, random_state=0)


def keep(image, sigma):
    return image


def test_a_blur_is_a_convolution_of_the_reflected_image(clean):
    kernel = np.arange(15.0).reshape(3, 5)
    expected = [convolve(image, kernel / kernel.sum(), mode="reflect") for image in clean]
    assert_allclose(blur(clean, kernel), expected, atol=1e-5)
    assert_allclose(blur(clean, 7 * kernel), expected, atol=1e-5)
    colour = np.stack([clean[0]] * 3)[None]
    assert_allclose(blur(colour, kernel)[0, 1], expected[0], atol=1e-5)


def test_without_a_prior_the_data_are_explained(clean):
    blurred = blur(clean.astype(float), KERNEL)
    restored = deblur(blurred, KERNEL, FunctionDenoiser(keep), n_steps=100)
    before, after = (np.std(blur(x, KERNEL) - blurred) for x in (blurred, restored))
    assert after < 0.2 * before


@pytest.mark.parametrize("sigma", [2 / 255, 7 / 255])
@pytest.mark.parametrize("name", ["wavelets", "photographs"])
def test_deblurring_gains(clean, sigma, name):
    """Also for a blind network, which is not given the level."""
    denoiser = (
        WaveletShrinkage(n_shifts=4) if name == "wavelets" else load_pretrained(name).fit(clean)
    )
    noisy = add_gaussian_noise(blur(clean, KERNEL), sigma, 0).astype(np.float32)
    restored = deblur(noisy, KERNEL, denoiser, sigma=sigma)
    assert restored.shape == clean.shape and restored.dtype == noisy.dtype
    gain = metrics.psnr(clean, restored) - metrics.psnr(clean, noisy)
    assert gain.mean() > 0.5


def test_images_of_a_stack_are_restored_alone(clean):
    denoiser = load_pretrained("photographs").fit(clean)
    noisy = blur(clean, KERNEL)
    together = deblur(noisy, KERNEL, denoiser, n_steps=2)
    assert_allclose(together[:1], deblur(noisy[:1], KERNEL, denoiser, n_steps=2), atol=1e-5)


@pytest.mark.parametrize("kernel", [np.ones(3), -np.ones((3, 3)), np.full((3, 3), np.nan)])
def test_what_is_no_kernel(clean, kernel):
    with pytest.raises(ValueError, match="kernel: expected a finite array"):
        blur(clean, kernel)


def test_an_oracle_is_refused(clean):
    with pytest.raises(TypeError, match="OracleShrinkage"):
        deblur(clean, KERNEL, OracleShrinkage())
