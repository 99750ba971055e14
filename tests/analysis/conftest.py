"""Fixtures of this room."""

import pytest

from gahb_sk.denoisers import BiasFreeCNNDenoiser, UNetDenoiser
from tests.instances import smooth_images


@pytest.fixture(scope="module")
def networks():
    X = smooth_images(8, (16, 16))
    settings = {"channels": 4, "max_epochs": 1, "batch_size": 4, "random_state": 0}
    return [
        UNetDenoiser(n_blocks=1, **settings).fit(X),
        BiasFreeCNNDenoiser(**settings).fit(X),
    ]
