import dataclasses

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk._random import seed_sequence
from gahb_sk.images import as_images
from gahb_sk.networks import UNet
from gahb_sk.training import NOISE_LAWS, RECIPES, Training, draw_noise_levels, train
from gahb_sk.training._schedules import SCHEDULES
from gahb_sk.training._sources import StackSource


def images(n=12):
    rng = np.random.RandomState(0)
    return torch.from_numpy(rng.rand(n, 1, 8, 8).astype(np.float32))


def Stack(X):
    return StackSource(as_images(X))


def run(recipe="fast", limits=None, batch_size=4, seed=0, X=None, **arguments):
    X = images() if X is None else X
    network = UNet(4, 1, generator=torch.Generator().manual_seed(0))
    training = Training(
        network, RECIPES[recipe], (0.05, 0.5), seed_sequence(seed), limits or {"epochs": 2}
    )
    train(training, Stack(X), batch_size, **arguments)
    return training


@pytest.mark.parametrize("law", NOISE_LAWS)
def test_laws_stay_in_their_range(law):
    rng = np.random.default_rng(0)
    for stratified in (True, False):
        sigma = draw_noise_levels(law, (0.01, 0.7), 500, rng, stratified)
        assert sigma.min() >= 0.0099 and sigma.max() <= 0.7001


def test_stratified_levels_fill_every_stratum():
    sigma = draw_noise_levels("log_uniform", (0.01, 1.0), 16, np.random.default_rng(0))
    u = np.sort(np.log(sigma / 0.01) / np.log(100))
    assert_array_equal(np.floor(16 * u + 1e-4), np.arange(16))


@pytest.mark.parametrize("name", RECIPES)
def test_training_lowers_the_error(name, global_random_seed):
    recipe = dataclasses.replace(RECIPES[name], learning_rate=1e-2)
    X = torch.full((16, 1, 8, 8), 0.5)
    training = Training(
        UNet(4, 1, generator=torch.Generator().manual_seed(global_random_seed)),
        recipe,
        (0.1, 1.0),
        seed_sequence(global_random_seed),
        {"epochs": 100},
    )
    train(training, Stack(X), 4)
    network = training.finished_network()
    with torch.no_grad():
        noise = 0.8 * torch.randn(8, 1, 8, 8, generator=torch.Generator().manual_seed(1))
        left = noise - network(X[:8] + noise)
    assert left.square().mean() < 0.9 * noise.square().mean()


def test_limits():
    assert run(limits={"epochs": 3}).epochs == 3
    assert run(limits={"images": 20}).images == 20
    # Whichever comes first.
    assert run(limits={"images": 8, "epochs": 100}).images == 8
    assert run(limits={"seconds": 1e-9}).steps == 1


def test_the_sequence_depends_on_the_seed_alone():
    first, again, other = run(seed=1), run(seed=1), run(seed=2)
    for a, b in zip(
        first.network.state_dict().values(), again.network.state_dict().values(), strict=True
    ):
        assert torch.equal(a, b)
    assert first.losses != other.losses


def test_noise_of_an_image_does_not_depend_on_the_batch():
    training = Training(UNet(4, 1), RECIPES["fast"], (0.05, 0.5), seed_sequence(0), {"epochs": 1})
    whole = training.draw(0, 0, (6, 1, 8, 8))[0]
    assert_array_equal(training.draw(4, 2, (2, 1, 8, 8))[0], whole[4:])


def test_patches():
    seen = []

    class Spy(UNet):
        def forward(self, x):
            seen.append(tuple(x.shape))
            return super().forward(x)

    training = Training(Spy(4, 1), RECIPES["fast"], (0.05, 0.5), seed_sequence(0), {"epochs": 1})
    X = images()
    train(training, Stack(X), 6, patch_size=4)
    assert seen == [(6, 1, 4, 4)] * 2


def test_schedules():
    assert SCHEDULES["cosine"](0) == 1 and SCHEDULES["cosine"](1) < 1e-12
    assert [SCHEDULES["halving"](p) for p in (0, 0.1, 0.95, 1)] == [1, 0.5, 2**-9, 2**-9]


def test_weights_are_averaged():
    training = run()
    average, last = training.average.state_dict(), training.network.state_dict()
    assert any(not torch.equal(average[name], last[name]) for name in average)
    assert training.finished_network() is training.average
    assert run("paper").finished_network().training is False


def test_a_loss_that_is_not_finite_stops_training():
    recipe = dataclasses.replace(RECIPES["paper"], learning_rate=1e30)
    training = Training(UNet(4, 1), recipe, (0.05, 0.5), seed_sequence(0), {"epochs": 50})
    X = images()
    with pytest.raises(FloatingPointError, match="learning rate 1e"):
        train(training, Stack(X), 4)


def test_balance_gives_equal_weight_to_all_levels():
    training = run()
    sigma = torch.tensor([0.05, 0.5])
    error = torch.tensor([1.0, 100.0])
    for _ in range(500):
        weights = training.balance.update(sigma, error)
    assert_allclose(weights * error, [1, 1], rtol=1e-3)
