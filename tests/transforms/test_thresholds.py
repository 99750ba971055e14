"""Thresholding rules and the choice of thresholds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk.transforms import RULES, SLOPES, THRESHOLDS, stein_risk, universal_threshold

every_rule = pytest.mark.parametrize("rule", RULES)


@every_rule
def test_threshold_zero_is_the_identity(rule, rng):
    values = rng.randn(50)
    assert_array_equal(RULES[rule](values, 0.0), values)


@every_rule
def test_rules_are_odd_and_kill_what_is_small(rule, rng):
    values = 3 * rng.randn(200)
    out = RULES[rule](values, 1.0)
    assert_array_equal(RULES[rule](-values, 1.0), -out)
    assert_array_equal(out[np.abs(values) <= 1], 0)
    assert np.all(np.abs(out) <= np.abs(values)) and np.all(out * values >= 0)


@every_rule
def test_slopes_are_derivatives(rule, rng):
    values = 3 * rng.randn(200)
    values = values[np.abs(np.abs(values) - 1) > 1e-3]
    step = 1e-6
    expected = (RULES[rule](values + step, 1.0) - RULES[rule](values - step, 1.0)) / (2 * step)
    assert_allclose(SLOPES[rule](values, 1.0), expected, atol=1e-6)


@pytest.mark.parametrize("rule", ["soft", "garrote"])
def test_steins_estimate_has_the_risk_as_its_mean(rule, rng):
    clean = np.concatenate([np.zeros(300), 3 * rng.randn(100)])
    sigma, threshold = 0.7, 1.2
    noisy = clean + sigma * rng.randn(2000, 400)
    errors = ((RULES[rule](noisy, threshold) - clean) ** 2).sum(axis=1)
    difference = stein_risk(noisy, threshold, sigma, rule) - errors
    assert abs(difference.mean()) < 4.5 * difference.std() / np.sqrt(len(noisy))


def test_steins_estimate_is_refused_for_a_rule_with_a_jump():
    with pytest.raises(ValueError, match="rule must be continuous"):
        stein_risk(np.zeros((1, 4)), 1.0, 1.0, "hard")
    with pytest.raises(ValueError, match="Unknown rule"):
        stein_risk(np.zeros((1, 4)), 1.0, 1.0, "softer")


def test_universal_threshold_exceeds_nearly_all_noise(rng):
    noise = rng.randn(4096)
    threshold = universal_threshold(1.0, noise.size)
    assert_allclose(threshold, np.sqrt(2 * np.log(4096)))
    assert np.mean(np.abs(noise) > threshold) < 1e-3


@pytest.mark.parametrize("name", THRESHOLDS)
def test_each_image_has_its_own_threshold(name, rng):
    sigma = np.array([0.1, 1.0, 0.0])
    band = sigma[:, None, None] * rng.randn(3, 16, 16) + rng.laplace(size=(3, 16, 16))
    together = THRESHOLDS[name](band, sigma, 1024, "soft")
    alone = [THRESHOLDS[name](band[k : k + 1], sigma[k : k + 1], 1024, "soft")[0] for k in range(3)]
    assert together.shape == (3,) and np.all(together >= 0)
    assert_allclose(together, alone)
    assert together[2] == 0


@pytest.mark.parametrize("name", THRESHOLDS)
def test_thresholds_scale_with_the_image(name, rng):
    band = rng.laplace(size=(2, 16, 16)) + 0.5 * rng.randn(2, 16, 16)
    sigma = np.array([0.5, 0.5])
    once = THRESHOLDS[name](band, sigma, 256, "soft")
    assert_allclose(THRESHOLDS[name](7 * band, 7 * sigma, 256, "soft"), 7 * once)


def test_bayes_kills_a_band_of_less_power_than_the_noise(rng):
    band = 0.5 * rng.randn(1, 20, 20)
    threshold = THRESHOLDS["bayes"](band, np.ones(1), 400, "soft")
    assert_array_equal(RULES["soft"](band, threshold), 0)


def test_sure_is_near_the_best_threshold(rng):
    clean = np.where(rng.uniform(size=(1, 4096)) < 0.2, 4 * rng.randn(1, 4096), 0)
    noisy = clean + rng.randn(1, 4096)

    def error(threshold):
        return ((RULES["soft"](noisy, threshold) - clean) ** 2).mean()

    chosen = THRESHOLDS["sure"](noisy, np.ones(1), 4096, "soft")
    best = min(error(t) for t in np.linspace(0, 4, 81))
    assert error(chosen) < best + 0.05
