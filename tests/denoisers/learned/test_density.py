"""Log densities of energies, against normal images, whose density is known."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import NetworkDenoiser, PretrainedDenoiser, add_gaussian_noise
from gahb_sk.image_classes import GaussianImages
from gahb_sk.networks import Architecture, Energy, ResidualUNet
from tests.instances import smooth_images

SIDE, NOISE_RANGE = 8, (0.02, 2.0)
VARIANCES = np.linspace(0.005, 0.3, SIDE * SIDE)
LAW = GaussianImages(np.zeros((SIDE, SIDE)), np.diag(VARIANCES))


class IndependentPixels(torch.nn.Module):
    """r of the energy of normal images: ``sigma^2 / (v + sigma^2) y``, v learned at each pixel."""

    blind, multiple = False, 1

    def __init__(self):
        super().__init__()
        self.log_v = torch.nn.Parameter(torch.full((1, 1, SIDE, SIDE), -2.0))

    def forward(self, x):
        images, variance = x[:, :1], x[:, 1:] ** 2
        return variance / (self.log_v.exp() + variance) * images


class Exact(Architecture):
    activation = "smooth"

    def build(self, image_channels=1, *, blind=True, generator=None):
        return IndependentPixels()


@pytest.fixture(scope="module")
def fitted():
    recipe = {"learning_rate": 0.1, "batch_size": 64}
    denoiser = NetworkDenoiser(
        Energy(Exact()), blind=False, recipe=recipe, max_epochs=40, noise_range=NOISE_RANGE,
        random_state=0,
    )  # fmt: skip
    return denoiser.fit(LAW.sample(512, random_state=0))


def log_normal(noisy, sigma):
    variance = VARIANCES + sigma**2
    return -0.5 * (
        noisy.reshape(len(noisy), -1) ** 2 / variance + np.log(2 * np.pi * variance)
    ).sum(1)


@pytest.mark.parametrize("sigma", [0.02, 0.11, 0.5, 2.0])
def test_the_density_is_that_of_the_class(fitted, sigma):
    noisy = add_gaussian_noise(LAW.sample(200, random_state=1), sigma, 2)
    found, exact = fitted.score_samples(noisy, sigma), log_normal(noisy, sigma)
    assert found.shape == (200,)
    constants = fitted.normalization_
    error = np.interp(np.log(sigma), np.log(constants.sigma), constants.by_derivative_se)
    bias = (found - exact).mean()
    assert abs(bias) < 4 * error + 0.01 * SIDE**2
    assert (found - exact).std() < 0.02 * SIDE**2
    if sigma > 0.05:
        assert np.corrcoef(found, exact)[0, 1] > 0.98


def test_both_estimates_of_the_constant_agree(fitted):
    constants = fitted.normalization_
    gap = np.subtract(constants.by_errors, constants.by_derivative)
    error = np.hypot(constants.by_errors_se, constants.by_derivative_se)
    assert (np.abs(gap) < 4 * error + 0.3).all()


def test_the_gradient_is_the_score(fitted, rng):
    """Tweedie; the log density is quadratic here, so that central differences are exact."""
    sigma, move = 0.3, rng.randn(5, SIDE, SIDE)
    noisy = add_gaussian_noise(LAW.sample(5, random_state=1), sigma, 2)
    up, down = (fitted.score_samples(noisy + sign * 0.1 * move, sigma) for sign in (1, -1))
    score = (fitted.transform(noisy, sigma=sigma) - noisy) / sigma**2
    assert_allclose((up - down) / 0.2, (score * move).sum(axis=(1, 2)), rtol=1e-3, atol=1e-2)


def test_one_level_per_image(fitted):
    levels = np.array([0.05, 0.2, 1.0])
    noisy = add_gaussian_noise(LAW.sample(3, random_state=1), levels, 2)
    together = fitted.score_samples(noisy, levels)
    alone = [fitted.score_samples(noisy[i : i + 1], levels[i])[0] for i in range(3)]
    assert_allclose(together, alone, rtol=1e-6)
    assert np.isfinite(fitted.score_samples(noisy)).all()


def test_saved_and_loaded_with_its_constants(tmp_path):
    shape = Energy(ResidualUNet(channels=4, n_blocks=1, activation="smooth"))
    X = smooth_images(12)
    denoiser = NetworkDenoiser(shape, max_epochs=1, random_state=0).fit(X)
    denoiser.save(tmp_path)
    expected = denoiser.score_samples(X, 0.1)
    assert_array_equal(NetworkDenoiser.load(tmp_path).score_samples(X, 0.1), expected)
    assert_array_equal(PretrainedDenoiser(tmp_path).fit(X).score_samples(X, 0.1), expected)


def test_what_has_no_density(fitted):
    with pytest.raises(ValueError, match=r"sigma: expected levels from 0\.02 to 2, .* got 3\."):
        fitted.score_samples(np.zeros((1, SIDE, SIDE)), 3.0)
    with pytest.raises(ValueError, match=r"of the shape of the training, \(8, 8\)"):
        fitted.score_samples(np.zeros((1, 8, 9)), 0.1)
    other = NetworkDenoiser(ResidualUNet(channels=4, n_blocks=1), max_epochs=1)
    other.fit(smooth_images(4))
    assert not hasattr(other, "score_samples")
