"""Averages of two denoisers by Stein's estimate."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import add_gaussian_noise, load_pretrained
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.denoisers import (
    FunctionDenoiser,
    OracleShrinkage,
    SureAverage,
    WaveletShrinkage,
)
from gahb_sk.metrics import mse

RNG = np.random.default_rng(0)


def scaled(factor):
    return FunctionDenoiser(lambda image: factor * image)


def constant(image):
    return np.full_like(image, image.mean())


@pytest.mark.parametrize("sigma", [0.0, 0.2, 0.9])
def test_the_weight_is_steins(sigma):
    y = RNG.standard_normal((3, 2, 8, 9))
    d, power = y[0].size, np.square(y).sum((1, 2, 3))
    # The best factor c of c y is 1 - d sigma^2 / |y|^2, as of James and Stein.
    factor = 1 - d * sigma**2 / power
    average = SureAverage(scaled(0.0), scaled(1.0))
    assert_allclose(average.weights(y, sigma), np.clip(factor, 0, 1), atol=1e-6)
    expected = np.clip(factor, 0, 1)[:, None, None, None] * y
    assert_allclose(average.denoise(y, sigma), expected, atol=1e-6)


def test_each_image_gets_what_suits_it():
    stripes = np.tile(np.sin(np.arange(64.0)), (64, 1))
    clean = np.stack([stripes, np.full((64, 64), 0.5)])
    noisy = add_gaussian_noise(clean, 0.5, random_state=0)
    kept, flat = FunctionDenoiser(lambda image: image), FunctionDenoiser(constant)
    average = SureAverage(kept, flat)
    w = average.weights(noisy, 0.5)
    assert w[0] < 0.5 and w[1] > 0.95
    errors = [mse(clean, denoiser.denoise(noisy, 0.5)) for denoiser in (kept, flat, average)]
    assert (errors[2] < np.minimum(errors[0], errors[1]) + 1e-3).all()


def test_two_that_err_differently_are_better_together():
    clean = make_c_alpha_images(6, 64, 1.0, random_state=3)
    noisy = add_gaussian_noise(clean, 0.1, random_state=4)
    f, g = load_pretrained("c-alpha-2"), WaveletShrinkage(n_shifts=16)
    errors = [mse(clean, one.denoise(noisy, 0.1)).mean() for one in (f, g, SureAverage(f, g))]
    assert errors[2] < min(errors[:2])


def test_one_denoiser_twice_is_itself():
    y = RNG.random((2, 16, 16))
    one = WaveletShrinkage()
    both = SureAverage(one, one)
    assert_array_equal(both.denoise(y, 0.1), one.denoise(y, 0.1))
    assert_array_equal(both.weights(y, 0.1), 0)


def test_the_noise_level_is_estimated_when_it_is_not_given():
    y = add_gaussian_noise(make_c_alpha_images(2, 64, random_state=0), 0.1, random_state=1)
    average = SureAverage(load_pretrained("c-alpha-2"), WaveletShrinkage())
    level = average.noise_level(y)
    assert_allclose(level, 0.1, rtol=0.1)
    assert_array_equal(average.denoise(y), average.denoise(y, level))


@pytest.mark.parametrize("name", ["denoiser", "other"])
def test_what_does_not_fit_is_refused(name):
    parts = {"denoiser": WaveletShrinkage(), "other": WaveletShrinkage()}
    X = RNG.random((1, 16, 16))
    with pytest.raises(TypeError, match=f"{name}: .* got the oracle OracleShrinkage"):
        SureAverage(**{**parts, name: OracleShrinkage()}).fit(X)
    with pytest.raises(ValueError, match=f"'{name}' parameter .* must be an object implementing"):
        SureAverage(**{**parts, name: "photographs"}).denoise(X, 0.1)
    with pytest.raises(ValueError, match=f"{name}: expected image_shape=None"):
        SureAverage(**{**parts, name: WaveletShrinkage(image_shape=(16, 16))}).fit(X)
