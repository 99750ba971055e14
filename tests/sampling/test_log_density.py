"""Log-density ratios by integrals of errors, against Gaussians whose ratio is known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk.denoisers import BaseDenoiser, OracleShrinkage
from gahb_sk.sampling import kl_bound, log_density_ratio

SHAPE = (3, 3)
D = 9


class GaussianDenoiser(BaseDenoiser):
    """The exact denoiser of N(mean, variance Id), on a whole stack at once."""

    kind = "optimal"

    def __init__(self, variance, mean=0.0, image_shape=None):
        self.variance, self.mean, self.image_shape = variance, mean, image_shape

    def _denoise(self, noisy, sigma):
        factor = self.variance / (self.variance + sigma.reshape(-1, 1, 1, 1) ** 2)
        return self.mean + (noisy - self.mean) * factor


def log_normal(x, variance, mean=0.0):
    squares = np.square(x.reshape(len(x), -1) - mean).sum(axis=1)
    return -squares / (2 * variance) - D * np.log(variance) / 2


SAME_WIDTH = pytest.param(1.0, 0.4, marks=pytest.mark.slow)
LEVELS = np.geomspace(1e-3, 300.0, 60)


@pytest.mark.parametrize(("variance", "mean"), [(0.3, 0.0), (2.0, -0.3), SAME_WIDTH])
def test_ratio_of_two_gaussians_at_each_image(variance, mean, rng):
    x = rng.standard_normal((10, *SHAPE))
    p, q = GaussianDenoiser(1.0), GaussianDenoiser(variance, mean)
    ratio = log_density_ratio(p, q, x, LEVELS, n_draws=40)
    expected = log_normal(x, 1.0) - log_normal(x, variance, mean)
    assert_allclose(ratio.values, expected, atol=0.35 + 0.1 * np.abs(expected).max())
    assert np.corrcoef(ratio.values, expected)[0, 1] > 0.97


def test_mean_over_the_class_is_the_divergence(rng):
    x = rng.standard_normal((1500, *SHAPE))
    variance = 0.5
    bound = kl_bound(GaussianDenoiser(variance), GaussianDenoiser(1.0), x, LEVELS)
    divergence = D * (1 / variance - 1 + np.log(variance)) / 2
    assert abs(bound.mean - divergence) < 5 * bound.standard_error + 0.02
    assert bound.standard_error < 0.1 * divergence
    assert_allclose(np.trapezoid(bound.integrand, np.log(bound.sigma)), bound.mean)


def test_swapping_changes_the_sign(rng):
    x = rng.standard_normal((5, *SHAPE))
    p, q = GaussianDenoiser(1.0), GaussianDenoiser(0.3)
    assert_allclose(log_density_ratio(p, q, x).values, -log_density_ratio(q, p, x).values)
    assert_allclose(log_density_ratio(p, p, x).values, 0)


@pytest.mark.parametrize("sigma", [[0.1], [0.2, 0.1], [0.0, 1.0], [0.1, np.inf], 0.1])
def test_bad_levels(sigma, rng):
    p = GaussianDenoiser(1.0)
    with pytest.raises(ValueError, match="sigma: expected at least two"):
        log_density_ratio(p, p, rng.standard_normal((2, *SHAPE)), sigma)


def test_oracles_are_refused(rng):
    x = rng.standard_normal((2, 8, 8))
    oracle = OracleShrinkage().fit(x)
    p = GaussianDenoiser(1.0)
    with pytest.raises(TypeError, match="q: OracleShrinkage needs the clean image"):
        log_density_ratio(p, oracle, x)
