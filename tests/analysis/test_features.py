import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from gahb_sk import NetworkDenoiser
from gahb_sk.analysis import NetworkFeatures, feature_spread
from gahb_sk.datasets import make_disk_images, make_sine_images
from gahb_sk.denoisers import WienerDenoiser
from gahb_sk.networks import BiasFreeCNN, ResidualUNet, UNet
from gahb_sk.zoo import load_pairs


@pytest.fixture(scope="module")
def network():
    return load_pairs("pairs-8x8")[1000][0]


@pytest.fixture
def X(rng):
    return rng.uniform(size=(7, 8, 8)).astype(np.float32)


def test_features_are_means_of_rectified_activations(network, X):
    """By hand, through the layers of the coarse scale."""
    net = network.network_
    with torch.no_grad():
        x = net.first(torch.from_numpy(X)[:, None])
        x = net.down[0](net.encoder[0](x))
        expected = net.middle.branch[0](x).relu().mean((2, 3))
    found = NetworkFeatures(network).fit(X)
    assert found.layer_ == "middle.branch.1"
    assert_allclose(found.transform(X), expected, rtol=1e-5, atol=1e-7)
    assert found.transform(X).shape == (7, found.n_features_out_)
    assert list(found.get_feature_names_out()[:2]) == ["middle.branch.1.0", "middle.branch.1.1"]


def test_features_of_a_bias_free_network_scale_with_the_image(network, X):
    features = NetworkFeatures(network).fit(X)
    assert_allclose(features.transform(3 * X), 3 * features.transform(X), rtol=1e-4, atol=1e-6)
    spread = feature_spread(features.transform(X))
    assert_allclose(feature_spread(features.transform(3 * X)), spread, rtol=1e-4)


def test_a_batch_is_its_images_and_hooks_are_gone(network, X, monkeypatch):
    features = NetworkFeatures(network).fit(X)
    whole = features.transform(X)
    monkeypatch.setattr("gahb_sk.analysis._features._IMAGES", 2)
    assert_allclose(features.transform(torch.from_numpy(X)), whole, rtol=1e-5, atol=1e-7)
    assert not any(module._forward_hooks for module in network.network_.modules())


@pytest.mark.parametrize(
    "architecture",
    [ResidualUNet(channels=4, n_blocks=2), UNet(channels=4, n_blocks=1), BiasFreeCNN(4, depth=5)],
    ids=lambda one: type(one).__name__,
)
@pytest.mark.parametrize("blind", [True, False])
def test_every_architecture_has_a_middle(architecture, blind, X):
    denoiser = NetworkDenoiser(architecture, blind=blind, max_images=8, random_state=0).fit(X)
    features = NetworkFeatures(denoiser, sigma=None if blind else 0.3).fit(X)
    found = features.transform(X)
    assert found.shape[0] == 7 and found.shape[1] >= 4 and (found >= 0).all()
    assert np.ptp(found, axis=0).max() > 0
    if not blind:
        with pytest.raises(ValueError, match="sigma: expected a noise level"):
            NetworkFeatures(denoiser).fit(X)


def test_in_a_pipeline_it_tells_classes_apart(network, global_random_seed):
    images = [make(60, 8, random_state=global_random_seed)
              for make in (make_disk_images, make_sine_images)]  # fmt: skip
    X, y = np.concatenate(images), np.repeat([0, 1], 60)
    for one in (network, FrozenEstimator(network)):
        pipeline = make_pipeline(NetworkFeatures(one), LogisticRegression(C=1e4, max_iter=3000))
        assert cross_val_score(clone(pipeline), X, y, cv=3).mean() > 0.7


def test_spread_has_its_limits(rng):
    assert_allclose(feature_spread(np.full((2, 9), 3.0)), 0, atol=1e-12)
    assert_allclose(feature_spread(np.eye(9)), np.sqrt(8) / 9)
    assert_array_equal(feature_spread(np.zeros((1, 4))), 0)
    between = feature_spread(rng.uniform(size=(20, 9)))
    assert (between > 0).all() and (between < np.sqrt(8) / 9).all()


def test_what_has_no_network_is_refused(X, network):
    with pytest.raises(ValueError, match="expected one with a trained network, got WienerDenoiser"):
        NetworkFeatures(WienerDenoiser().fit(X)).fit(X)
    with pytest.raises(ValueError, match="Fit it first"):
        NetworkFeatures(NetworkDenoiser()).fit(X)
    with pytest.raises(ValueError, match="Unknown layer 'midle'"):
        NetworkFeatures(network, layer="midle").fit(X)
