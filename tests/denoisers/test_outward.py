"""Our denoisers elsewhere: as torch modules, as functions of scikit-image, as scores, exported."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

import gahb_sk
from gahb_sk.denoisers import (
    GaussianPosteriorMean,
    ModuleDenoiser,
    NetworkDenoiser,
    OracleShrinkage,
    PretrainedDenoiser,
    WaveletShrinkage,
    export_module,
)
from gahb_sk.networks import BiasFreeCNN, Convention, ResidualUNet
from tests.instances import smooth_images

PAGE = Path(__file__).parents[2] / "docs" / "foreign.md"


class Given(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 3, padding=1)

    def forward(self, x):
        return self.conv(x).relu()


def network(architecture, blind=True):
    settings = {"max_images": 8, "recipe": {"batch_size": 4}, "random_state": 0, "blind": blind}
    return NetworkDenoiser(architecture, **settings).fit(smooth_images(8))


@pytest.fixture(scope="module")
def denoisers():
    given = ModuleDenoiser(Given(), convention=Convention("noise", (0, 255), "map", multiple=4))
    return {
        "shipped": PretrainedDenoiser("disks"),
        "given": network(ResidualUNet(4, 2), blind=False),
        "blind": network(BiasFreeCNN(4, 3)),
        "module": given.fit(smooth_images(2)),
        "classical": WaveletShrinkage(),
        "flat": WaveletShrinkage(image_shape=(16, 16)),
    }


NAMES = ["shipped", "given", "blind", "module", "classical", "flat"]
NETWORKS = NAMES[:4]


@pytest.mark.parametrize("name", NAMES)
def test_a_module_denoises_as_the_denoiser(name, denoisers, rng):
    denoiser, module = denoisers[name], denoisers[name].as_module()
    y = torch.from_numpy(rng.rand(2, 1, 16, 16).astype(np.float32))
    rows = y.flatten(1) if name == "flat" else y
    for sigma in (0.2, torch.tensor(0.2), torch.full((2, 1, 1, 1), 0.2)):
        expected = denoiser.denoise(rows, 0.2).view_as(y)
        assert_allclose(module(y, sigma).detach(), expected, atol=1e-6)
    if not denoiser.blind and name in NETWORKS:
        with pytest.raises(ValueError, match="sigma: expected the noise level"):
            module(y)


@pytest.mark.parametrize("name", ["given", "module", "classical", "flat"])
def test_its_gradient_is_the_transpose(name, denoisers, rng):
    denoiser, module = denoisers[name], denoisers[name].as_module().double()
    y, g = torch.from_numpy(rng.rand(2, 1, 1, 16, 16))
    y.requires_grad_()
    (module(y, 0.2) * g).sum().backward()
    image = y.detach().numpy()[0, 0]
    operator = denoiser.linearize(image.ravel() if name == "flat" else image, 0.2)
    assert_allclose(y.grad.flatten(), operator.rmatvec(g.numpy().ravel()), atol=1e-5)


def test_a_module_is_a_copy(denoisers, rng):
    denoiser = denoisers["blind"]
    y = rng.rand(1, 8, 8)
    before = denoiser.denoise(y)
    for weight in denoiser.as_module().parameters():
        weight.data.zero_()
    assert_allclose(denoiser.denoise(y), before)


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("given", "module")]


@pytest.mark.parametrize("name", ["blind", *SLOW])
def test_exported_for_any_number_and_size(name, denoisers, rng):
    denoiser = denoisers[name]
    program = export_module(denoiser).module()
    for shape in ((1, 1, 8, 24), (3, 1, 16, 8)):
        y = torch.from_numpy(rng.rand(*shape).astype(np.float32))
        level = () if denoiser.blind else (torch.full((len(y),), 0.3),)
        assert_allclose(program(y, *level).detach(), denoiser.denoise(y, 0.3), atol=1e-6)


def test_what_is_not_exported(denoisers):
    with pytest.raises(TypeError, match="expected a network, got WaveletShrinkage"):
        export_module(denoisers["classical"])
    with pytest.raises(ValueError, match="channels of its images are unknown"):
        export_module(ModuleDenoiser(Given(), convention={"level": "map"}))
    for form in ("as_module", "as_function", "as_score"):
        with pytest.raises(TypeError, match="oracle"):
            getattr(OracleShrinkage(), form)()


def test_scikit_image_calibrates_a_function(rng):
    """The level chosen without the clean image is better than those that are far off."""
    restoration = pytest.importorskip("skimage.restoration")
    clean = np.outer(np.sin(np.arange(32) / 5), np.cos(np.arange(32) / 7))
    noisy = clean + 0.2 * rng.standard_normal((32, 32))
    function = WaveletShrinkage().as_function()
    assert_allclose(function(noisy, 0.2), WaveletShrinkage().denoise(noisy[None], 0.2)[0])
    levels = [0.01, 0.2, 3.0]
    chosen = restoration.calibrate_denoiser(noisy, function, {"sigma": levels})
    errors = [np.mean((function(noisy, level) - clean) ** 2) for level in levels]
    assert np.mean((chosen(noisy) - clean) ** 2) < max(errors[0], errors[2])
    colour = rng.rand(16, 16, 3)
    expected = WaveletShrinkage().denoise(np.moveaxis(colour, 2, 0)[None], 0.1)[0]
    assert_allclose(function(colour, 0.1, channel_axis=2), np.moveaxis(expected, 0, 2))


def test_the_score_of_a_gaussian(rng):
    """Of N(m, C) with noise, -(C + sigma^2 I)^{-1} (y - m)."""
    from gahb_sk.image_classes import GaussianImages

    root = rng.randn(12, 12) / 4
    covariance, mean = root @ root.T, rng.rand(3, 4)
    score = GaussianPosteriorMean(GaussianImages(mean, covariance)).as_score()
    y, sigma = rng.randn(2, 3, 4), np.array([0.3, 0.7])
    expected = [
        -np.linalg.solve(covariance + s**2 * np.eye(12), (one - mean).ravel()).reshape(3, 4)
        for one, s in zip(y, sigma, strict=True)
    ]
    assert_allclose(score(y, sigma), expected, atol=1e-6)
    assert_allclose(score(torch.from_numpy(y), torch.from_numpy(sigma)), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["disks", "c-alpha-2"])
def test_saved_folders_are_read_without_the_library(name, tmp_path, rng):
    (block,) = re.findall(r"^```python standalone\n(.*?)^```", PAGE.read_text(), re.S | re.M)
    assert "gahb" not in block
    network(ResidualUNet(4, 2)).save(tmp_path / "own")
    y = rng.rand(2, 1, 16, 24).astype(np.float32)
    for folder in (Path(gahb_sk.__file__).parent / "zoo" / "weights" / name, tmp_path / "own"):
        place = {"folder": folder}
        exec(compile(block, str(PAGE), "exec"), place)
        expected = PretrainedDenoiser(folder).denoise(y)
        assert_allclose(place["denoise"](torch.from_numpy(y)), expected, atol=1e-5)
