"""Fixtures of this room."""

import pytest

from gahb_sk.denoisers import NetworkDenoiser
from gahb_sk.networks import BiasFreeCNN, UNet
from tests.instances import smooth_images


@pytest.fixture(scope="module")
def networks():
    X = smooth_images(8, (16, 16))
    settings = {"max_epochs": 1, "recipe": {"batch_size": 4}, "random_state": 0}
    return [
        NetworkDenoiser(UNet(channels=4, n_blocks=1), **settings).fit(X),
        NetworkDenoiser(BiasFreeCNN(channels=4), **settings).fit(X),
    ]
