"""Log densities of noisy images: closed forms, their gradients, and the integral of errors."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk import OracleShrinkage, WaveletShrinkage, add_gaussian_noise
from gahb_sk.denoisers import GaussianPosteriorMean
from gahb_sk.image_classes import (
    DiskImages,
    GaussianImages,
    RayImages,
    ShuffledImages,
    SineImages,
)
from gahb_sk.sampling import score_samples

_i = np.arange(6)
SMOOTH = 0.05 * np.exp(-np.abs(_i[:, None] - _i) / 3.0)
CLASSES = {
    "gaussian": GaussianImages(np.full((6, 6), 0.5), np.kron(SMOOTH, SMOOTH) / 0.05),
    "ray": RayImages(6),
    "sines": SineImages(6),
    "disks": DiskImages(12),
    "shuffled": ShuffledImages(SineImages(6)),
}


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("sigma", [0.05, 0.5])
def test_the_gradient_is_the_score(name, sigma, rng):
    """Tweedie: the denoiser moves an image by sigma^2 times the gradient of its log density."""
    law = CLASSES[name]
    denoiser = law.posterior_mean()
    noisy = add_gaussian_noise(law.sample(3, random_state=0, dtype=np.float64), sigma, 1)
    move = rng.randn(*noisy.shape)
    h = 1e-3 * sigma
    up, down = (denoiser.score_samples(noisy + sign * h * move, sigma) for sign in (1, -1))
    score = (denoiser.transform(noisy, sigma=sigma) - noisy) / sigma**2
    expected = (score * move).sum(axis=(1, 2))
    assert_allclose((up - down) / (2 * h), expected, rtol=2e-3, atol=2e-2 / sigma)


@pytest.mark.parametrize("name", CLASSES)
def test_it_is_the_mean_density_of_the_noise(name):
    """p(y) is the mean over clean images x of the density of noise at y - x."""
    law, sigma = CLASSES[name], 1.0
    clean = law.sample(20_000, random_state=2, dtype=np.float64).reshape(20_000, -1)
    noisy = add_gaussian_noise(law.sample(4, random_state=0, dtype=np.float64), sigma, 1)
    squares = np.square(noisy.reshape(4, 1, -1) - clean).sum(axis=2)
    logs = -squares / 2 - clean.shape[1] * np.log(2 * np.pi) / 2
    top = logs.max(axis=1)
    ratios = np.exp(logs - top[:, None])
    error = ratios.std(axis=1) / ratios.mean(axis=1) / np.sqrt(20_000)
    found = law.posterior_mean().score_samples(noisy, sigma)
    assert (np.abs(found - top - np.log(ratios.mean(axis=1))) < 5 * error + 1e-3).all()


def test_the_integral_of_errors_is_the_density():
    """Of a normal law, against another one as the reference."""
    law = CLASSES["gaussian"]
    noisy = add_gaussian_noise(law.sample(30, random_state=0), 0.1, 1)
    denoiser = law.posterior_mean()
    white = GaussianImages(law.mean, 0.05 * np.eye(36)).posterior_mean()
    options = {"reference": white, "n_draws": 8}
    found = score_samples(denoiser, noisy, 0.1, sigma_max=20.0, **options)
    exact = score_samples(denoiser, noisy, 0.1)
    assert np.corrcoef(found, exact)[0, 1] > 0.9
    assert abs((found - exact).mean()) < 1.5
    assert abs((score_samples(white, noisy, 0.1) - exact).mean()) > 10


def test_what_has_no_density():
    X = CLASSES["gaussian"].sample(20, random_state=0)
    with pytest.raises(TypeError, match="OracleShrinkage needs the clean image"):
        score_samples(OracleShrinkage(), X, 0.1, reference=GaussianPosteriorMean().fit(X))
    with pytest.raises(ValueError, match="reference: WaveletShrinkage has no density of its own"):
        score_samples(WaveletShrinkage(), X, 0.1)
