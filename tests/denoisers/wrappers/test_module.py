"""ModuleDenoiser: any torch module, held to the contract."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone
from torch import nn

from gahb_sk.denoisers import ModuleDenoiser, Tiled


class Scale(nn.Module):
    """Multiplies by 0.75."""

    def forward(self, images):
        return 0.75 * images


class Lift(nn.Module):
    """Adds the noise level of each image."""

    def forward(self, images, sigma):
        return images + sigma[:, None, None, None]


class Returns(nn.Module):
    """Returns what the function makes of the images."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, images):
        return self.function(images)


def small_network(channels=1):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(channels, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Conv2d(6, channels, 3, padding=1, bias=False),
        )


def test_clean_or_noise(rng):
    images = rng.randn(3, 6, 5)
    clean = ModuleDenoiser(Scale()).fit(images)
    noise = ModuleDenoiser(Scale(), convention={"predicts": "noise"}).fit(images)
    assert_allclose(clean.transform(images), 0.75 * images, atol=1e-12)
    assert_allclose(noise.transform(images), 0.25 * images, atol=1e-12)


def test_each_image_has_its_own_level(rng):
    images = rng.randn(3, 2, 6, 5)
    sigma = np.array([0.1, 0.2, 0.5])
    denoiser = ModuleDenoiser(Lift()).fit(images)
    assert_allclose(
        denoiser.transform(images, sigma=sigma), images + sigma[:, None, None, None], atol=1e-12
    )


@pytest.mark.parametrize("training", [True, False])
def test_runs_in_evaluation_mode_and_hands_back_the_mode(training, rng):
    network = small_network().train(training)
    images = rng.randn(2, 8, 8)
    denoiser = ModuleDenoiser(network).fit(images)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    first, second = denoiser.transform(images), denoiser.transform(images)
    denoiser.linearize(images[0]).matmat(np.eye(64))
    assert network.training is training
    assert_allclose(first, second)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_works_in_the_precision_of_the_module(rng):
    images = rng.randn(2, 8, 8)
    single = ModuleDenoiser(small_network()).fit(images).transform(images)
    double = ModuleDenoiser(small_network().double()).fit(images).transform(images)
    assert single.dtype == double.dtype == np.float64
    assert_allclose(single, double, atol=1e-5)
    assert_allclose(single, single.astype(np.float32), atol=1e-12)


@pytest.mark.parametrize("predicts", ["clean", "noise"])
@pytest.mark.parametrize("channels", [1, 3])
def test_jacobian_is_exact(predicts, channels, rng):
    image = rng.randn(channels, 5, 4) if channels > 1 else rng.randn(5, 4)
    network = small_network(channels).double()
    denoiser = ModuleDenoiser(network, convention={"predicts": predicts}).fit(image[None])
    operator = denoiser.linearize(image)
    d, step = image.size, 1e-6
    jacobian = operator.matmat(np.eye(d))
    assert operator.step is None
    assert_allclose(operator.rmatmat(np.eye(d)), jacobian.T, atol=1e-12)
    moves = step * np.eye(d).reshape(d, *image.shape)
    change = denoiser.transform(image + moves) - denoiser.transform(image - moves)
    assert_allclose(jacobian.T, change.reshape(d, d) / (2 * step), atol=1e-6)


@pytest.mark.parametrize("predicts", ["clean", "noise"])
def test_a_module_that_writes_into_its_input(predicts, rng):
    images = rng.randn(2, 4, 4)
    before = images.copy()
    denoiser = ModuleDenoiser(
        nn.ReLU(inplace=True).double(), convention={"predicts": predicts}
    ).fit(images)
    positive = np.maximum(images, 0)
    expected = positive if predicts == "clean" else images - positive
    assert_allclose(denoiser.transform(torch.from_numpy(images)).numpy(), expected)
    assert_allclose(images, before)
    slopes = before[0].ravel() > 0 if predicts == "clean" else before[0].ravel() <= 0
    assert_allclose(denoiser.linearize(images[0]).matmat(np.eye(16)), np.diag(slopes * 1.0))


def test_jacobian_at_a_level(rng):
    image = rng.randn(4, 4)
    denoiser = ModuleDenoiser(Lift()).fit(image[None])
    assert_allclose(denoiser.linearize(image, sigma=0.3).matmat(np.eye(16)), np.eye(16), atol=1e-6)


def test_clone_copies_the_weights():
    network = small_network()
    copy = clone(ModuleDenoiser(network)).module
    assert copy is not network
    assert all(
        torch.equal(a, b) for a, b in zip(copy.parameters(), network.parameters(), strict=True)
    )


BAD_RESULTS = {
    "array": (lambda x: x.numpy(), TypeError, "must return a tensor .*, got ndarray"),
    "pair": (lambda x: (x, x), TypeError, "got tuple"),
    "shape": (lambda x: x[..., 1:], ValueError, r"\(2, 1, 4, 4\), got \(2, 1, 4, 3\)"),
    "nan": (lambda x: x / 0 * 0, ValueError, "NaN or infinity"),
}


@pytest.mark.parametrize("case", BAD_RESULTS)
def test_bad_results(case):
    function, error, message = BAD_RESULTS[case]
    images = np.ones((2, 4, 4))
    with pytest.raises(error, match=f"module: Returns .*{message}"):
        ModuleDenoiser(Returns(function)).fit(images).transform(images)


def test_bad_parameters():
    images = np.ones((2, 4, 4))
    with pytest.raises((TypeError, ValueError), match="module"):
        ModuleDenoiser("network.pt").fit(images)
    with pytest.raises(ValueError, match="predicts"):
        ModuleDenoiser(Scale(), convention={"predicts": "residual"}).fit(images)


def test_training_goes_on_in_other_threads(rng):
    network, images = small_network().train(), rng.randn(2, 8, 8)
    denoiser = ModuleDenoiser(network).fit(images)
    expected = denoiser.transform(images)
    seen = []
    network.register_forward_pre_hook(lambda *args: seen.append(args))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(denoiser.transform, [images] * 16))
    assert not seen and network.training
    assert_allclose(found, [expected] * 16)


def test_repr_names_the_module_without_its_layers():
    deep = nn.Sequential(*(nn.Conv2d(1, 1, 3) for _ in range(20)))
    wrapped = Tiled(ModuleDenoiser(deep, convention={"predicts": "noise"}))
    shown = repr(wrapped)
    assert "module=<Sequential>" in shown and "'predicts': 'noise'" in shown
    assert len(shown) < 120 and "Conv2d" not in shown
