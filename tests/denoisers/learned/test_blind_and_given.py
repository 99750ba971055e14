"""Networks that are given the noise level, and the theorems that each architecture obeys."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import NetworkDenoiser, add_gaussian_noise, estimate_sigma
from gahb_sk.networks import BiasFreeCNN, ResidualUNet, UNet
from tests.instances import smooth_images

NETWORKS = {
    "residual_unet": ResidualUNet(channels=4, n_blocks=1),
    "unet": UNet(channels=4, n_blocks=1),
    "bias_free_cnn": BiasFreeCNN(channels=4, depth=4),
    "smooth": ResidualUNet(channels=4, n_blocks=1, activation="smooth"),
}


def make(name="residual_unet", **parameters):
    return NetworkDenoiser(NETWORKS[name], **{"max_epochs": 2, "random_state": 0, **parameters})


@pytest.fixture(scope="module", params=NETWORKS)
def given(request):
    return make(request.param, blind=False).fit(smooth_images(20))


@pytest.mark.parametrize("n_blocks", [1, 2, 3, 4])
@pytest.mark.parametrize("image_channels", [1, 3])
@pytest.mark.parametrize("training", [True, False])
def test_homogeneous(n_blocks, image_channels, training, global_random_seed):
    """In training as well: there are no norms."""
    generator = torch.Generator().manual_seed(global_random_seed)
    network = ResidualUNet(2, n_blocks).build(image_channels, generator=generator).train(training)
    x = torch.randn(2, image_channels, 32, 16, generator=generator)
    with torch.no_grad():
        out = network(x)
        assert out.shape == x.shape and not [n for n in network.state_dict() if "bias" in n]
        for a in (1e-3, 7.0):
            assert_allclose(network(a * x) / a, out, rtol=1e-4, atol=1e-5)


def test_number_of_parameters():
    assert sum(p.numel() for p in ResidualUNet().build().parameters()) == 319_632


def test_equal_to_its_jacobian_times_its_input(rng):
    denoiser = make().fit(smooth_images(10))
    y = rng.rand(1, 10, 7)
    product = denoiser.linearize(y[0]).matvec(y.ravel())
    assert_allclose(product.reshape(10, 7), denoiser.transform(y)[0], atol=1e-5)


def test_given_homogeneous_in_image_and_level_together(given, rng):
    y = rng.rand(3, 13, 9)
    sigma = np.array([0.05, 0.1, 0.4])
    out = given.transform(y, sigma=sigma)
    for a in (0.01, 30.0):
        assert_allclose(given.transform(a * y, sigma=a * sigma), a * out, atol=1e-5 * a)
    assert not np.allclose(given.transform(y, sigma=2 * sigma), out, atol=1e-4)


def test_the_level_is_estimated_if_it_is_not_given(given):
    y = add_gaussian_noise(smooth_images(3), 0.1, random_state=0)
    assert_allclose(given.transform(y), given.transform(y, sigma=estimate_sigma(y)), atol=1e-7)


def test_given_jacobian_holds_the_level(given, rng):
    y, v = rng.rand(2, 8, 8)
    operator = given.linearize(y, sigma=0.2)
    assert operator.step is None
    h = 1e-3
    up, down = given.transform(np.stack([y + h * v, y - h * v]), sigma=0.2)
    assert_allclose(operator.matvec(v.ravel()), ((up - down) / (2 * h)).ravel(), atol=2e-2)
    u = rng.randn(64)
    assert_allclose(u @ operator.matvec(v.ravel()), operator.rmatvec(u) @ v.ravel(), rtol=1e-6)


def test_given_is_saved_and_loaded(given, tmp_path, rng):
    given.save(tmp_path)
    loaded = type(given).load(tmp_path)
    y = rng.rand(2, 9, 8)
    assert_array_equal(loaded.transform(y, sigma=0.3), given.transform(y, sigma=0.3))
    assert loaded.blind is False


def test_given_colour_and_crops(rng):
    X = rng.rand(6, 3, 12, 12)
    denoiser = make(blind=False, recipe={"patch_size": 8, "early_stopping": True}).fit(X)
    assert denoiser.transform(X, sigma=0.1).shape == X.shape


@pytest.mark.parametrize("name", NETWORKS)
def test_output_does_not_depend_on_the_chunks(name, monkeypatch):
    denoiser = make(name).fit(smooth_images(20))
    noisy = add_gaussian_noise(smooth_images(13, (20, 24), seed=1), 0.1, random_state=0)
    whole = denoiser.transform(noisy)
    seen = []
    forward = type(denoiser.network_).forward
    monkeypatch.setattr(
        type(denoiser.network_), "forward", lambda self, x: seen.append(len(x)) or forward(self, x)
    )
    for n in (1, 4, 5):
        denoiser.set_params(machine={"pixels_at_once": n * 20 * 24})
        assert_allclose(denoiser.transform(noisy), whole, atol=1e-6)
        assert max(seen) == n and sum(seen) == 13
        seen.clear()
