"""Colour: opponent colours of three channels."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk import add_gaussian_noise, metrics
from gahb_sk.datasets import load_sample_patches
from gahb_sk.denoisers import BandletShrinkage, BM3DDenoiser, WaveletShrinkage
from gahb_sk.transforms import from_opponent, to_opponent

DENOISERS = {
    "wavelets": WaveletShrinkage(),
    "hard, spun": WaveletShrinkage(rule="hard", threshold=3.0, n_shifts=4),
    "bandlets": BandletShrinkage(n_shifts=2),
    "bm3d": BM3DDenoiser(exact=False),
}
every_denoiser = pytest.mark.parametrize("name", DENOISERS)


@pytest.fixture(scope="module")
def clean():
    return load_sample_patches(64, color=True, n_patches=4, random_state=0).astype(np.float64)


def test_opponent_colours_are_orthonormal(clean):
    assert_allclose(np.linalg.norm(to_opponent(clean), axis=1), np.linalg.norm(clean, axis=1))
    assert_allclose(from_opponent(to_opponent(clean)), clean, atol=1e-12)
    grey = np.repeat(clean[:, :1], 3, axis=1)
    assert_allclose(to_opponent(grey)[:, 1:], 0, atol=1e-12)


@every_denoiser
def test_colours_gain_over_channel_by_channel(name, clean):
    denoiser = DENOISERS[name]
    noisy = add_gaussian_noise(clean, 0.1, random_state=1)
    psnrs = {
        color: metrics.psnr(clean, denoiser.set_params(color=color).denoise(noisy, sigma=0.1))
        for color in ("separate", "opponent")
    }
    assert psnrs["opponent"].mean() > psnrs["separate"].mean() + 0.3


@every_denoiser
def test_separate_channels_are_images_of_their_own(name, clean):
    denoiser = DENOISERS[name].set_params(color="separate")
    noisy = add_gaussian_noise(clean[:1, :, :24, :20], 0.1, random_state=1)
    assert_allclose(denoiser.denoise(noisy, sigma=0.1)[0], denoiser.denoise(noisy[0], sigma=0.1))


@every_denoiser
def test_other_numbers_of_channels_are_denoised_one_by_one(name, clean):
    denoiser = DENOISERS[name].set_params(color="opponent")
    noisy = add_gaussian_noise(clean[:1, :2, :24, :20], 0.1, random_state=1)
    assert_allclose(denoiser.denoise(noisy, sigma=0.1)[0], denoiser.denoise(noisy[0], sigma=0.1))


@pytest.mark.parametrize("name", ["wavelets", "hard, spun", "bandlets"])
def test_the_jacobian_of_colours_is_the_derivative(name, clean):
    denoiser = DENOISERS[name].set_params(color="opponent")
    noisy = add_gaussian_noise(clean[:1, :, :8, :9], 0.1, random_state=1)[0]
    operator = denoiser.linearize(noisy, sigma=0.1)
    U, V = np.random.default_rng(0).standard_normal((2, noisy.size, 2))
    step = 1e-6
    moved = [
        denoiser.denoise((noisy + sign * step * V[:, 0].reshape(noisy.shape))[None], sigma=0.1)[0]
        for sign in (1, -1)
    ]
    difference = (moved[0] - moved[1]).ravel() / (2 * step)
    assert_allclose(operator.matmat(V)[:, 0], difference, atol=1e-4)
    assert_allclose((U * operator.matmat(V)).sum(), (operator.rmatmat(U) * V).sum())


def test_the_spectrum_of_colours_is_known():
    """A plain basis with hard thresholding is a projector, in colours, too."""
    denoiser = WaveletShrinkage(rule="hard", threshold=3.0)
    noisy = np.random.default_rng(0).standard_normal((3, 8, 8))
    operator = denoiser.linearize(noisy, sigma=0.5)
    known = operator.spectrum
    vectors = known.vectors(np.arange(5))
    assert_allclose(operator.matmat(vectors), vectors * known.values[:5], atol=1e-10)
    assert_allclose(vectors.T @ vectors, np.eye(5), atol=1e-10)
