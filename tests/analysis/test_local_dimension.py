import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk.analysis import local_dimension
from gahb_sk.denoisers import (
    EmpiricalBayesDenoiser,
    OracleShrinkage,
    WienerDenoiser,
)
from gahb_sk.image_classes import CAlphaImages, DiskImages, GaussianImages, RayImages, SineImages
from gahb_sk.zoo import load_pairs

LAWS = [DiskImages(16), SineImages(16), RayImages(16)]
every_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)


@every_law
@pytest.mark.parametrize("method", ["clean", "trace"])
def test_the_limit_is_the_dimension_of_the_class(law, method, global_random_seed):
    X = law.sample(6, global_random_seed, dtype=np.float64)
    best = law.posterior_mean()
    found = local_dimension(best, X, 0.002, method=method, random_state=global_random_seed)
    assert_allclose(np.median(found.value), law.dimension, atol=0.05)
    assert_array_equal(found.standard_error, 0)


@every_law
def test_the_norm_gives_it_on_average(law, global_random_seed):
    X = law.sample(100, global_random_seed, dtype=np.float64)
    best = law.posterior_mean()
    found = local_dimension(best, X, 0.01, method="norm", random_state=global_random_seed)
    error = np.sqrt(2 * 256 / len(X))
    assert abs(found.value.mean() - law.dimension) < 5 * error + 0.2
    assert_allclose(found.standard_error.mean(), np.sqrt(2 * 256), rtol=0.05)


def test_directions_narrower_than_sigma_do_not_count(rng):
    """A Gaussian law in closed form: each variance v counts as v / (v + sigma^2)."""
    variances = np.r_[np.full(3, 4.0), np.full(5, 1e-6), np.zeros(8)]
    vectors = np.linalg.qr(rng.normal(size=(16, 16)))[0]
    law = GaussianImages(np.zeros((4, 4)), vectors * variances @ vectors.T)
    X = np.zeros((2, 4, 4))
    best = law.posterior_mean()
    assert_allclose(local_dimension(best, X, 0.1).value, 3, atol=0.02)
    assert_allclose(local_dimension(best, X, 1e-5).value, 8, atol=0.02)


def test_a_memoriser_has_dimension_0(global_random_seed):
    X = DiskImages(12).sample(20, global_random_seed, dtype=np.float64)
    memoriser = EmpiricalBayesDenoiser().fit(X)
    assert_allclose(local_dimension(memoriser, X[:3], 1e-4).value, 0, atol=1e-6)


def test_blind_networks_are_measured_with_noise():
    X = CAlphaImages(8).sample(4, random_state=1)
    network, _ = load_pairs("pairs-8x8")[10_000]
    found = local_dimension(network, X, 0.05)
    assert_array_equal(found.value, local_dimension(network, X, 0.05, method="trace").value)
    assert (found.value > 1).all() and (found.value < 63).all()
    with pytest.raises(ValueError, match="Choose 'trace' or 'norm'"):
        local_dimension(network, X, 0.05, method="clean")


def test_flat_rows_are_images(rng):
    X = rng.normal(size=(30, 6, 6))
    rows = WienerDenoiser(image_shape=(6, 6)).fit(X.reshape(30, -1))
    for method in ("clean", "trace", "norm"):
        assert_allclose(
            local_dimension(rows, X[:2].reshape(2, -1), 0.3, method=method).value,
            local_dimension(WienerDenoiser().fit(X), X[:2], 0.3, method=method).value,
        )


def test_what_has_no_dimension_is_refused(rng):
    X = rng.normal(size=(3, 8, 8))
    with pytest.raises(TypeError, match="needs the clean image"):
        local_dimension(OracleShrinkage().fit(X), X, 0.1)
    with pytest.raises(ValueError, match="positive noise levels"):
        local_dimension(WienerDenoiser().fit(X), X, 0.0)
