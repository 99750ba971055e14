"""A torch module of the user's own, trained, cloned, resumed, saved and loaded like ours."""

import json

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from torch import nn

from gahb_sk import NetworkDenoiser, add_gaussian_noise
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.networks import BiasFreeCNN
from tests.denoisers.learned.test_saved import OFTEN, _interrupted, assert_same_weights
from tests.instances import smooth_images


class Plain(nn.Module):
    """Everything that ours do without: biases, batch normalisation, dropout."""

    def __init__(self, width=6):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Conv2d(width, 1, 3, padding=1),
        )

    def forward(self, images):
        return self.layers(images)


class Given(Plain):
    """Is given the noise level, and returns clean images."""

    def forward(self, images, sigma):
        return images - sigma[:, None, None, None] * self.layers(images)


class Halves(Plain):
    """Takes images of even sides only, and says so."""

    multiple = 2

    def forward(self, images):
        small = nn.functional.avg_pool2d(images, 2)
        return nn.functional.interpolate(self.layers(small), scale_factor=2.0)


def make(network=Plain, **parameters):
    recipe = {"batch_size": 4}
    return NetworkDenoiser(
        network, **{"recipe": recipe, "max_epochs": 2, "random_state": 0, **parameters}
    )


def seeded(cls, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return cls()


def test_a_class_is_drawn_from_random_state_alone():
    X, state = smooth_images(8), torch.get_rng_state()
    first = make().fit(X)
    torch.rand(1)
    assert_same_weights(first, make().fit(X))
    torch.set_rng_state(state)
    make().fit(X)
    assert torch.equal(torch.get_rng_state(), state)
    other = make(random_state=1).fit(X).transform(X)
    assert not np.allclose(other, first.transform(X))


def test_a_module_is_trained_from_its_weights_and_left_as_it_is():
    module = seeded(Plain)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    still = make(module, recipe={"learning_rate": 1e-30}).fit(smooth_images(8))
    for name, value in still.network_.module.named_parameters():
        assert_allclose(value, before[name], atol=1e-6)
    trained = make(module).fit(smooth_images(8)).network_.module.state_dict()
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert not torch.equal(trained["layers.0.weight"], before["layers.0.weight"])
    assert trained["layers.1.num_batches_tracked"] == 4  # the counts are those of the last step


@pytest.mark.parametrize("network", [Plain, Halves, lambda: Plain(4)])
def test_any_size_and_blindness(network, rng):
    denoiser = make(network).fit(smooth_images(8))
    y = rng.rand(2, 9, 7)
    assert denoiser.transform(y).shape == y.shape and denoiser.blind
    assert denoiser.linearize(y[0]).step is None


def test_a_module_that_is_given_the_level_and_returns_clean_images(rng):
    denoiser = make(Given, blind=False, predicts="clean").fit(smooth_images(8))
    y = rng.rand(3, 8, 8)
    out = denoiser.transform(y, sigma=[0.0, 0.1, 0.3])
    assert_allclose(out[0], y[0], atol=1e-6)
    residual = denoiser.network_.module.layers(torch.from_numpy(y[:, None]).float())
    assert_allclose(out[2], y[2] - 0.3 * residual[2, 0].detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("network", [Plain, seeded(Plain)], ids=["class", "module"])
def test_saved_and_loaded_without_pickle(network, tmp_path, rng):
    denoiser = make(network).fit(smooth_images(8))
    denoiser.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["parameters"]["network"] == {"class": f"{__name__}.Plain"}
    y = rng.rand(2, 9, 8)
    for given in (Plain, seeded(Plain, 1)):
        loaded = NetworkDenoiser.load(tmp_path, network=given)
        assert_array_equal(loaded.transform(y), denoiser.transform(y))
    with pytest.raises(ValueError, match=r"load\(folder, network=Plain\)"):
        NetworkDenoiser.load(tmp_path)
    with pytest.raises(ValueError, match="of shape"):
        NetworkDenoiser.load(tmp_path, network=lambda: Plain(7))


def test_resumed_bit_by_bit(tmp_path):
    """Dropout too: what it draws depends on the step, not on what was drawn before."""
    X, threads = smooth_images(10), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        whole = make(max_epochs=3).fit(X)
        part = make(max_epochs=3, checkpoint_dir=tmp_path, machine=OFTEN)
        for steps in (2, 5):
            _interrupted(tmp_path, steps, lambda: part.fit(X))
        assert_same_weights(part.fit(X), whole)
    finally:
        torch.set_num_threads(threads)


def test_warm_start_and_partial_fit():
    X = smooth_images(8)
    denoiser = make(warm_start=True).fit(X)
    before = denoiser.network_.module.layers[0].weight.clone()
    denoiser.set_params(recipe={"learning_rate": 1e-30}).fit(X)
    assert_allclose(denoiser.network_.module.layers[0].weight, before, atol=1e-6)
    assert denoiser.partial_fit(X).n_images_seen_ == 40


def test_cloned_in_scikit_learn():
    X = smooth_images(12)
    denoiser = make(seeded(Plain))
    assert clone(denoiser).network is not denoiser.network
    scores = cross_validate(denoiser, X, cv=2)["test_score"]
    assert np.isfinite(scores).all()
    grid = {"network": [Plain, lambda: Plain(3)], "recipe": ["fast", {"batch_size": 2}]}
    search = GridSearchCV(make(), grid, cv=2).fit(X)
    assert search.best_estimator_.transform(X).shape == X.shape
    sizes = GridSearchCV(make(BiasFreeCNN(2, 3)), {"network__channels": [2, 3]}, cv=2).fit(X)
    assert sizes.best_params_["network__channels"] in (2, 3)


class Chain(nn.Sequential):
    """The layers of ``BiasFreeCNN(8, 5)`` with torch's own norm, and biases."""

    def __init__(self, width=8, depth=5):
        layers = [nn.Conv2d(1, width, 3, padding=1), nn.ReLU()]
        for _ in range(depth - 2):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
        super().__init__(*layers, nn.Conv2d(width, 1, 3, padding=1))


@pytest.mark.slow
def test_it_learns_as_well_as_a_network_of_the_same_size():
    X = make_c_alpha_images(1200, image_size=32, random_state=0)
    test = make_c_alpha_images(40, image_size=32, random_state=1)
    settings = {"recipe": {}, "max_epochs": None, "max_images": 12_000}
    levels = (0.05, 0.1, 0.3)
    ours, theirs = (
        np.mean([make(network, **settings).fit(X).score(test, sigma=sigma) for sigma in levels])
        for network in (BiasFreeCNN(8, 5), Chain)
    )
    assert theirs > ours - 0.3


@pytest.mark.parametrize(
    ("network", "error", "message"),
    [
        (nn.ReLU, ValueError, "ReLU has no weights to train"),
        (dict, TypeError, "got dict from"),
        (lambda: nn.Conv2d(1, 1, 3), ValueError, r"Conv2d must return a tensor of the shape"),
        (lambda: Given(), TypeError, "sigma"),
    ],
)
def test_what_is_no_network(network, error, message):
    with pytest.raises(error, match=message):
        make(network).fit(smooth_images(4))


def test_it_is_denoised_in_threads(rng):
    """The network is never moved nor switched, so transforms can run side by side."""
    from joblib import Parallel, delayed

    denoiser = make().fit(smooth_images(8))
    noisy = [add_gaussian_noise(smooth_images(4, seed=k), 0.1, k) for k in range(6)]
    alone = [denoiser.transform(y) for y in noisy]
    beside = Parallel(n_jobs=4, backend="threading")(delayed(denoiser.transform)(y) for y in noisy)
    for one, other in zip(alone, beside, strict=True):
        assert_array_equal(one, other)
    assert not denoiser.network_.training
