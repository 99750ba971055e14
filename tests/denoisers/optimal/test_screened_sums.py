"""Single precision rules vectors out; double precision sums the others: the result is exact."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from gahb_sk import add_gaussian_noise
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.denoisers import EmpiricalBayesDenoiser
from gahb_sk.denoisers.optimal._screened_sums import ScreenedSums, rounding_bound


def make_problem(rng, d, n_queries=7, n_keys=300, offset=1.0):
    """Return centred queries, keys of a large mean, and their half norms."""
    keys = torch.from_numpy(rng.rand(n_keys, d) + offset)
    mean = keys.mean(0)
    queries = keys[:n_queries] + 0.1 * torch.from_numpy(rng.randn(n_queries, d)) - mean
    return queries, keys, 0.5 * (keys - mean).square().sum(1)


def norms(keys, half_norms):
    return float(keys.norm(dim=1).max()), float(half_norms.max())


@pytest.mark.parametrize("d", [1, 30, 3000])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_bound_holds(d, offset, rng):
    queries, keys, half_norms = make_problem(rng, d, offset=offset)
    bound = rounding_bound(d, queries.norm(dim=1), *norms(keys, half_norms))
    single = queries.float() @ keys.float().T - half_norms.float()
    error = (single.double() - (queries @ keys.T - half_norms)).abs().amax(1)
    assert (error <= bound).all()
    assert (error > 0).any()


@pytest.mark.parametrize("sigma", [1e-4, 0.05, 0.3])
def test_what_is_ruled_out_has_no_weight(sigma, rng):
    queries, keys, half_norms = make_problem(rng, 50)
    sums = ScreenedSums(queries, torch.full((7,), sigma), *norms(keys, half_norms), exact=True)
    for part in torch.arange(len(keys)).split(60):
        sums.add(keys[part], half_norms[part])
    weights = torch.softmax((queries @ keys.T - half_norms) / sigma**2, 1)
    assert_allclose(sums.mean(), weights @ keys, rtol=1e-11)
    kept = sums._candidates(keys, half_norms)
    lost = np.setdiff1d(np.arange(len(keys)), kept)
    assert (weights[:, lost] < 1e-16).all()
    if sigma < 0.1:
        assert len(lost) > len(keys) / 2


def test_exact_where_single_precision_is_not(global_random_seed):
    # Training images that differ by less than single precision can tell.
    image = make_c_alpha_images(1, 16, dtype=np.float64, random_state=global_random_seed)
    away = np.random.RandomState(global_random_seed).randn(40, 16, 16)
    training = (image + 1e-3 * away).astype(np.float32)
    noisy = add_gaussian_noise(training[:5], 3e-3, global_random_seed)
    log_weight = -np.square(noisy[:, None].astype(float) - training).sum((2, 3)) / (2 * 3e-3**2)
    weight = np.exp(log_weight - log_weight.max(1, keepdims=True))
    expected = np.tensordot(weight / weight.sum(1, keepdims=True), training, 1)
    denoised = EmpiricalBayesDenoiser().fit(training).transform(noisy, 3e-3)
    assert_allclose(denoised, expected, atol=2e-7)


@pytest.mark.parametrize("unit", [1e-20, 1e20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_units(unit, dtype, global_random_seed):
    X = make_c_alpha_images(30, 12, dtype=dtype, random_state=global_random_seed)
    unit = dtype(unit)
    Y = add_gaussian_noise(X[:4], 0.2, global_random_seed)
    expected = EmpiricalBayesDenoiser().fit(X).transform(Y, 0.2)
    scaled = EmpiricalBayesDenoiser().fit(unit * X).transform(unit * Y, unit * 0.2)
    assert_allclose(scaled / unit, expected, rtol=1e-9 if dtype == np.float64 else 1e-3)


def test_no_screening_where_products_are_rounded_further(rng):
    queries, keys, half_norms = make_problem(rng, 20)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        bound = rounding_bound(20, queries.norm(dim=1), *norms(keys, half_norms))
    finally:
        torch.set_float32_matmul_precision(before)
    assert bound.isinf().all()
