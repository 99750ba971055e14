"""Denoisers that are gradients of energies: symmetric, homogeneous, networks like others."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from gahb_sk import NetworkDenoiser, PretrainedDenoiser
from gahb_sk.denoisers import Tiled
from gahb_sk.jacobians import jacobian, leading_eigenpairs, linearize, linearize_stack
from gahb_sk.networks import Energy, ResidualUNet
from tests.instances import smooth_images

SHAPE = Energy(ResidualUNet(channels=4, n_blocks=1, activation="smooth"))


def make(**parameters):
    settings = {"max_epochs": 2, "random_state": 0, "recipe": {"batch_size": 8}}
    return NetworkDenoiser(SHAPE, **{**settings, **parameters})


@pytest.fixture(scope="module", params=[True, False], ids=["blind", "given"])
def fitted(request):
    return make(blind=request.param).fit(smooth_images(24))


@pytest.mark.parametrize("size", [(12, 12), (11, 9)])
def test_the_jacobian_is_symmetric_and_the_derivative(fitted, size, rng):
    y, v = rng.rand(2, *size)
    operator = linearize(fitted, y, 0.2)
    J = operator.matmat(np.eye(y.size))
    assert operator.symmetric
    assert np.abs(J - J.T).max() < 1e-6
    h = 1e-3
    up, down = fitted.transform(np.stack([y + h * v, y - h * v]), sigma=0.2)
    assert_allclose(J @ v.ravel(), ((up - down) / (2 * h)).ravel(), atol=1e-3)
    assert_allclose(operator.rmatvec(v.ravel()), operator.matvec(v.ravel()))


def test_the_eigenbasis_is_that_of_the_matrix(fitted, rng):
    y = rng.rand(10, 10)
    pairs = leading_eigenpairs(linearize(fitted, y, 0.2), 4, tolerance=1e-8)
    values = np.linalg.eigvalsh(jacobian(fitted, y, 0.2))
    top = values[np.argsort(-np.abs(values))][:4]
    assert_allclose(np.sort(pairs.values), np.sort(top), atol=1e-6)
    assert_allclose(pairs.vectors.T @ pairs.vectors, np.eye(4), atol=1e-10)


def test_products_at_several_images(fitted, rng):
    X, V = rng.rand(2, 8, 8), rng.randn(2, 64, 5)
    stack = linearize_stack(fitted, X, 0.2)
    for i in range(2):
        assert_allclose(stack.matmat(V)[i], jacobian(fitted, X[i], 0.2) @ V[i], atol=1e-10)
    assert_array_equal(stack.matmat(V), stack.rmatmat(V))


def test_homogeneous_in_image_and_level_together(fitted, rng):
    y, sigma = rng.rand(3, 13, 9), np.array([0.05, 0.1, 0.4])
    out = fitted.transform(y, sigma=sigma)
    for a in (1e-3, 30.0):
        assert_allclose(fitted.transform(a * y, sigma=a * sigma), a * out, atol=1e-5 * a)


def test_blind_it_is_its_jacobian_times_its_input(rng):
    denoiser, y = make().fit(smooth_images(8)), rng.rand(9, 10)
    product = linearize(denoiser, y).matvec(y.ravel())
    assert_allclose(product, denoiser.transform(y[None]).ravel(), atol=1e-5)


def test_the_energy_is_homogeneous_of_degree_two(fitted, rng):
    """Euler: U = <y, grad U> / 2, where the level takes part if there is one."""
    network = fitted.network_
    x = torch.from_numpy(rng.rand(2, 1 + (not network.blind), 9, 10)).float()
    U = network.energy(x)
    assert U.shape == (2,)
    assert_allclose(network.energy(3 * x), 9 * U, rtol=1e-4)
    if network.blind:
        with torch.no_grad():
            assert_allclose((x * network(x)).sum(dim=(1, 2, 3)) / 2, U, rtol=1e-4)


def test_images_without_contrast(fitted):
    """Derivatives of the smooth unit are finite where all channels are 0."""
    flat = np.stack([np.zeros((8, 8)), np.full((8, 8), 0.5)])
    assert np.isfinite(fitted.transform(flat, sigma=0.1)).all()
    assert np.isfinite(jacobian(fitted, flat[0], 0.1, dtype="float32")).all()


def test_symmetric_after_a_training_in_half_precision(rng):
    X = smooth_images(24)
    denoiser = make(machine={"precision": "bf16-mixed"}).fit(X)
    J = jacobian(denoiser, rng.rand(9, 8))
    assert np.abs(J - J.T).max() < 1e-12
    wide = make().fit(X)
    assert abs(denoiser.score(X, sigma=0.2) - wide.score(X, sigma=0.2)) < 0.3


@pytest.mark.slow
@pytest.mark.parametrize("blind", [True, False])
def test_it_learns_to_denoise(blind):
    X = smooth_images(32)
    denoiser = make(blind=blind, max_epochs=20).fit(X)
    assert denoiser.score(X, sigma=0.2) > -20 * np.log10(0.2) + 3


def test_saved_loaded_and_cloned(fitted, tmp_path, rng):
    fitted.save(tmp_path)
    loaded, y = NetworkDenoiser.load(tmp_path), rng.rand(2, 9, 7)
    assert_array_equal(loaded.transform(y, sigma=0.1), fitted.transform(y, sigma=0.1))
    assert repr(loaded) == repr(fitted) == repr(clone(fitted))
    assert loaded.set_params(network__network__channels=8).network.network.channels == 8


def test_tiles_are_the_whole_image(fitted, tmp_path, rng):
    fitted.save(tmp_path)
    noisy = rng.rand(1, 121, 90)
    whole = fitted.transform(noisy, sigma=0.2)
    tiled = Tiled(PretrainedDenoiser(tmp_path), tile=40).denoise(noisy, sigma=0.2)
    assert_allclose(tiled, whole, atol=1e-5)


def test_a_gradient_that_jumps_is_refused():
    with pytest.raises(ValueError, match=r'Energy\(ResidualUNet\(activation="smooth"\)\)'):
        NetworkDenoiser(Energy(ResidualUNet())).fit(smooth_images(4))
