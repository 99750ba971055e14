"""Poisson-Gaussian noise: its transformation, its estimate, and what they are worth."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from gahb_sk import metrics
from gahb_sk.denoisers import OracleShrinkage, VarianceStabilized, WaveletShrinkage
from gahb_sk.noise import estimate_count_noise
from gahb_sk.transforms import anscombe, inverse_anscombe


def counts(mean, gain=1.0, read_noise=0.0, offset=0.0, seed=0):
    rng = np.random.default_rng(seed)
    light = gain * rng.poisson(np.maximum(mean - offset, 0) / gain) + offset
    return light + read_noise * rng.standard_normal(mean.shape)


def steps(shape=(1, 256, 256), peak=20.0):
    """Squares of 64 pixels, of different brightness."""
    rows, columns = np.indices(shape[-2:]) // 64
    return np.broadcast_to(peak * ((5 * rows + 3 * columns) % 7 + 1) / 7, shape).astype(float)


@pytest.mark.parametrize("rate", [4.0, 20.0, 300.0])
@pytest.mark.parametrize("model", [(1.0, 0.0, 0.0), (3.0, 2.0, 10.0), (0.01, 0.02, -0.5)])
def test_the_noise_has_a_deviation_of_one(rate, model):
    gain, read_noise, offset = model
    mean = np.full(200_000, gain * rate + offset)
    assert_allclose(anscombe(counts(mean, *model), *model).std(), 1, atol=0.03)


@pytest.mark.parametrize("model", [(1.0, 0.0, 0.0), (1.0, 0.7, 0.0), (3.0, 2.0, 10.0)])
def test_the_inverse_is_unbiased(model):
    """E f(y), summed with great care, goes back to the mean of y, from dark to bright."""
    gain, read_noise, offset = model
    numbers = np.arange(3000)
    grid = np.linspace(-9, 9, 2001)
    of_count = (
        anscombe(gain * numbers[:, None] + offset + read_noise * grid, *model)
        @ stats.norm.pdf(grid)
        * (grid[1] - grid[0])
    )
    for rate in (0.0, 0.1, 0.5, 1.0, 3.0, 20.0, 63.0, 65.0, 500.0):
        mean = stats.poisson.pmf(numbers, rate) @ of_count
        back = (inverse_anscombe(np.array(mean), *model) - offset) / gain
        assert_allclose(back, rate, atol=2e-3, rtol=3e-4)


def test_what_is_darker_than_the_dark_is_dark():
    assert_allclose(inverse_anscombe(np.array([-5.0, 0.0]), 2.0, 0.5, 10.0), 10.0)


@pytest.mark.parametrize("peak", [1.0, 10.0, 100.0])
@pytest.mark.parametrize("gain", [1.0, 0.02])
def test_gain_and_read_noise_are_estimated(peak, gain):
    mean = gain * steps(peak=peak)
    for relative in (0.0, 0.3):
        read_noise = relative * np.sqrt(gain * mean.max())
        slopes, intercepts = estimate_count_noise(counts(mean, gain, read_noise))
        for brightness in (mean.max() / 2, mean.max()):
            variance = gain * brightness + read_noise**2
            assert_allclose(slopes * brightness + intercepts, variance, rtol=0.15)


def test_white_noise_is_the_limit_of_no_gain():
    rng = np.random.default_rng(0)
    clean = steps(peak=1.0)
    noisy = clean + 0.1 * rng.standard_normal(clean.shape)
    denoiser = WaveletShrinkage(n_shifts=4)
    stabilised = VarianceStabilized(denoiser).denoise(noisy)
    plain = denoiser.denoise(noisy, sigma=0.1)
    assert metrics.psnr(clean, stabilised)[0] > metrics.psnr(clean, plain)[0] - 0.1


@pytest.mark.parametrize("offset", [None, 100.0])
def test_units_and_offset_do_not_matter(offset):
    clean = steps(peak=20.0)
    noisy = counts(clean)
    denoiser = WaveletShrinkage()
    counted = VarianceStabilized(denoiser).denoise(noisy)
    moved = VarianceStabilized(denoiser, offset=offset).denoise(0.05 * noisy + 100.0)
    assert_allclose((moved - 100) / 0.05, counted, atol=0.2)


def test_images_of_a_stack_have_noise_of_their_own():
    clean = np.concatenate([steps(peak=5.0), steps(peak=80.0)])
    noisy = counts(clean)
    denoiser = VarianceStabilized(WaveletShrinkage())
    alone = [denoiser.denoise(one[None])[0] for one in noisy]
    assert_allclose(denoiser.denoise(noisy), alone)


def test_an_image_without_noise_is_left_alone():
    flat = np.full((2, 16, 16), [[[-3.0]], [[7.0]]])
    assert_allclose(VarianceStabilized(WaveletShrinkage()).denoise(flat), flat)


def test_an_oracle_is_refused():
    with pytest.raises(TypeError, match="oracle"):
        VarianceStabilized(OracleShrinkage()).fit(steps())


@pytest.mark.slow
@pytest.mark.parametrize(("peak", "read_noise"), [(1, 0.0), (5, 0.0), (5, 1.0), (20, 0.0)])
def test_photographs_as_counts(peak, read_noise):
    """Estimated parameters cost less than 0.1 dB; taking the noise for white costs more than 1."""
    pytest.importorskip("bm3d")
    from skimage import data

    from gahb_sk.denoisers import BM3DDenoiser

    clean = np.stack([data.camera()[:256, :256], data.astronaut()[:256, :256].mean(2)]) / 255
    noisy = counts(peak * clean, read_noise=read_noise)
    denoiser = BM3DDenoiser(exact=False)
    known = VarianceStabilized(denoiser, gain=1.0, read_noise=read_noise).denoise(noisy)
    unknown = VarianceStabilized(denoiser).denoise(noisy)
    white = denoiser.denoise(noisy)
    known, unknown, white = (metrics.psnr(clean, x / peak).mean() for x in (known, unknown, white))
    assert unknown > known - 0.1
    assert white < known - 1
