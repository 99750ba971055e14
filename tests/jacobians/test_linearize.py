"""Jacobians as operators: networks, stacks, bad input."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.sparse.linalg import LinearOperator
from sklearn.pipeline import make_pipeline

from gahb_sk.analysis import effective_dimension, eigenbasis, singular_basis, sure
from gahb_sk.denoisers import FunctionDenoiser, OracleShrinkage, WaveletShrinkage
from gahb_sk.jacobians import jacobian, linearize, linearize_stack
from tests.instances import make_denoiser, smooth_images

# Networks --------------------------------------------------------------------------------------


def test_networks_are_homogeneous_and_their_products_adjoint(networks, rng):
    image = rng.rand(15, 18)
    for denoiser in networks:
        before = {k: v.clone() for k, v in denoiser.network_.state_dict().items()}
        operator = linearize(denoiser, image)
        f = denoiser.transform(image[None])[0].ravel()
        assert np.linalg.norm(operator @ image.ravel() - f) < 1e-5 * np.linalg.norm(f)
        V, U = rng.randn(2, 270, 5)
        assert_allclose(np.vdot(operator.matmat(V), U), np.vdot(V, operator.rmatmat(U)), rtol=1e-10)
        assert all(torch.equal(v, before[k]) for k, v in denoiser.network_.state_dict().items())
        assert not any(p.requires_grad for p in denoiser.network_.parameters())
        basis = eigenbasis(denoiser, image, 3)
        assert basis.homogeneity_error < 1e-5


def test_precision_is_that_asked_for(networks, rng):
    image, V = rng.rand(16, 16), rng.randn(256, 3)
    double, single = (linearize(networks[0], image, dtype=t) for t in ("float64", "float32"))
    assert double.matmat(V).dtype == np.float64 and single.matmat(V).dtype == np.float32
    difference = np.abs(double.matmat(V) - single.matmat(V)).max()
    assert 0 < difference < 1e-4
    with pytest.raises(ValueError, match="dtype: expected one of.*Half precision"):
        linearize(networks[0], image, dtype="float16")


# Stacks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "NetworkDenoiser",
        "WaveletShrinkage",
        "FunctionDenoiser",
        "WienerDenoiser",
        "OracleShrinkage",
    ],
)
def test_a_stack_multiplies_as_its_images_do(name, rng):
    clean = smooth_images(3, (16, 16))
    noisy = clean + 0.1 * rng.randn(*clean.shape)
    denoiser = make_denoiser(name).fit(clean)
    sigma = np.array([0.05, 0.1, 0.2])
    stack = linearize_stack(denoiser, noisy, sigma, clean=clean)
    V = rng.randn(3, 256, 2)
    assert stack.shape == (3, 256, 256) and len(stack) == 3
    for i in range(3):
        one = linearize(denoiser, noisy[i], sigma[i], clean=clean[i])
        assert_allclose(stack.matmat(V)[i], one.matmat(V[i]), atol=1e-8)
    assert_allclose(np.vdot(stack.matmat(V), V), np.vdot(V, stack.rmatmat(V)), rtol=1e-6)
    with pytest.raises(ValueError, match="V: expected vectors of shape"):
        stack.matmat(V[:2])


# Bad input -------------------------------------------------------------------------------------


def poisoned(image):
    return image * np.where(image > 2, np.nan, 1.0)


def test_bad_input(networks, rng):
    image = rng.rand(8, 8)
    wavelets = WaveletShrinkage().fit(image[None])
    with pytest.raises(ValueError, match="one image"):
        eigenbasis(wavelets, np.zeros((2, 8, 8)), 3, sigma=0.1)
    with pytest.raises(ValueError, match="n_components: expected an int between 1 and 64"):
        eigenbasis(wavelets, image, 65, sigma=0.1)
    with pytest.raises(ValueError, match="Unknown method 'lanzcos'.*'lanczos'"):
        eigenbasis(wavelets, image, 3, sigma=0.1, method="lanzcos")
    with pytest.raises(TypeError, match="clean: OracleShrinkage is an oracle"):
        eigenbasis(OracleShrinkage().fit(image[None]), image, 3, sigma=0.1)
    with pytest.raises(ValueError, match="NaN or infinity"):
        eigenbasis(FunctionDenoiser(poisoned).fit(image[None]), image + 3, 3)
    state = networks[0].network_.state_dict()
    key = next(iter(state))
    kept = state[key].clone()
    state[key].fill_(np.nan)
    try:
        with pytest.raises(ValueError, match="NaN or infinity"):
            eigenbasis(networks[0], image, 3)
    finally:
        state[key].copy_(kept)
    assert isinstance(linearize(networks[0], image), LinearOperator)


def test_what_is_no_denoiser(rng):
    X = rng.rand(2, 8, 8)
    pipeline = make_pipeline(WaveletShrinkage()).fit(X)
    for function in (linearize, eigenbasis, singular_basis, jacobian):
        with pytest.raises(TypeError, match=r"denoiser: expected a.*denoiser.*pipeline\[-1\]"):
            function(pipeline, X[0], sigma=0.1)
    for function in (linearize_stack, effective_dimension, sure):
        with pytest.raises(TypeError, match=r"denoiser: expected a.*denoiser.*pipeline\[-1\]"):
            function(pipeline, X, 0.1)
    for function in (linearize, jacobian):
        with pytest.raises(TypeError, match=r"expected a fitted denoiser.*as_denoiser"):
            function(np.tanh, X[0], sigma=0.1)


def test_analysis_takes_what_stands_for_a_denoiser(rng):
    X = rng.rand(2, 6, 6)

    def half(image):
        return image / 2

    assert_allclose(eigenbasis(half, X[0], 3).values, 0.5, atol=1e-6)
    assert_allclose(singular_basis(half, X[0], 3).values, 0.5, atol=1e-6)
    assert_allclose([one.value for one in effective_dimension(half, X)], 18, atol=1e-4)
    assert_allclose(sure(half, X, 0.1).mse, (X**2).mean(axis=(1, 2)) / 4, atol=1e-6)


def test_oracles_need_as_many_clean_images(rng):
    X = rng.rand(3, 8, 8)
    oracle = OracleShrinkage().fit(X)
    with pytest.raises(ValueError, match="clean: expected images of the shape of X"):
        linearize_stack(oracle, X, 0.1, clean=X[:2])
    with pytest.raises(TypeError, match="clean: OracleShrinkage is an oracle"):
        oracle.linearize(X[0], 0.1, clean=None)
    with pytest.raises(ValueError, match="'block' parameter of jacobian must be an int"):
        jacobian(oracle, X[0], 0.1, clean=X[0], block=0)


def test_operators_of_a_stack_are_made_once(rng):
    X = rng.rand(2, 8, 8)
    denoiser = WaveletShrinkage().fit(X)
    stack = linearize_stack(denoiser, X, 0.1)
    assert stack[0] is stack[-2] and stack[0] is not stack[1]
    with pytest.raises(IndexError, match="expected an image below 2, got 2"):
        stack[2]


def test_the_matrix_takes_two_calls_a_column(rng):
    calls = []

    def tanh(image):
        calls.append(image)
        return np.tanh(image)

    denoiser = FunctionDenoiser(tanh).fit(rng.rand(1, 8, 8))
    found = eigenbasis(denoiser, rng.rand(8, 8), 3)
    assert found.n_products == 64
    # Two calls a column; then the homogeneity, and a random direction that checks the differences.
    assert len(calls) == 2 * 64 + 2 + 2 + 1
