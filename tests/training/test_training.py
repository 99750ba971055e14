import dataclasses

import numpy as np
import pytest
import torch
from numpy.random import SeedSequence
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import NetworkDenoiser
from gahb_sk.images import as_images
from gahb_sk.networks import UNet
from gahb_sk.training import (
    NOISE_LAWS,
    RECIPES,
    SCHEDULES,
    Recipe,
    StackSource,
    Trainer,
    draw_noise_levels,
    run as run_trainer,
)


def images(n=12):
    rng = np.random.RandomState(0)
    return torch.from_numpy(rng.rand(n, 1, 8, 8).astype(np.float32))


def Stack(X):
    return StackSource(as_images(X))


def small(seed=0):
    return UNet(4, 1).build(generator=torch.Generator().manual_seed(seed))


def run(recipe="fast", limits=None, seed=0, X=None):
    X = images() if X is None else X
    recipe = dataclasses.replace(RECIPES[recipe], batch_size=4)
    trainer = Trainer(small(), recipe, (0.05, 0.5), SeedSequence(seed), limits or {"epochs": 2})
    run_trainer(trainer, Stack(X))
    return trainer


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
    recipe = dataclasses.replace(RECIPES[name], learning_rate=1e-2, batch_size=4)
    X = torch.full((16, 1, 8, 8), 0.5)
    trainer = Trainer(
        small(global_random_seed),
        recipe,
        (0.1, 1.0),
        SeedSequence(global_random_seed),
        {"epochs": 100},
    )
    run_trainer(trainer, Stack(X))
    network = trainer.finished_network()
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
    trainer = Trainer(small(), RECIPES["fast"], (0.05, 0.5), SeedSequence(0), {"epochs": 1})
    whole = trainer.draw(0, 0, (6, 1, 8, 8))[0]
    assert_array_equal(trainer.draw(4, 2, (2, 1, 8, 8))[0], whole[4:])


def test_patches():
    seen = []

    network = small()
    network.register_forward_pre_hook(lambda module, inputs: seen.append(tuple(inputs[0].shape)))
    recipe = Recipe(patch_size=4, batch_size=6)
    trainer = Trainer(network, recipe, (0.05, 0.5), SeedSequence(0), {"epochs": 1})
    run_trainer(trainer, Stack(images()))
    assert seen == [(6, 1, 4, 4)] * 2


def test_schedules():
    assert SCHEDULES["cosine"](0) == 1 and SCHEDULES["cosine"](1) < 1e-12
    assert [SCHEDULES["halving"](p) for p in (0, 0.1, 0.95, 1)] == [1, 0.5, 2**-9, 2**-9]


def test_weights_are_averaged():
    trainer = run()
    average, last = trainer.average.state_dict(), trainer.network.state_dict()
    assert any(not torch.equal(average[name], last[name]) for name in average)
    assert trainer.finished_network() is trainer.average
    assert run("paper").finished_network().training is False


def test_a_loss_that_is_not_finite_stops_training():
    recipe = dataclasses.replace(RECIPES["paper"], learning_rate=1e30, batch_size=4)
    trainer = Trainer(small(), recipe, (0.05, 0.5), SeedSequence(0), {"epochs": 50})
    with pytest.raises(FloatingPointError, match="learning rate 1e"):
        run_trainer(trainer, Stack(images()))


def test_weights_that_the_last_step_ruined_are_not_kept():
    """A rate above single precision makes the weights infinite while the loss is still finite."""
    recipe = Recipe(learning_rate=1e39, warmup=0.0, clip=None, schedule="constant")
    trainer = Trainer(small(), recipe, (0.05, 0.5), SeedSequence(0), {"images": 4})
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    with pytest.raises(FloatingPointError, match="last good weights"):
        run_trainer(trainer, Stack(images()))
    for name, value in trainer.network.state_dict().items():
        assert torch.equal(value, before[name])


def test_weights_that_give_nan_after_the_last_step_are_not_kept():
    """The weights are finite, and no loss follows that would show what they give."""
    X = images()[:, 0].numpy()
    recipe = {"learning_rate": 1e30, "warmup": 0.0, "schedule": "constant"}
    denoiser = NetworkDenoiser(UNet(4, 1), recipe=recipe, max_images=4, random_state=0)
    with pytest.raises(FloatingPointError, match="last good weights"):
        denoiser.fit(X)
    assert np.isfinite(denoiser.transform(X)).all()


def test_balance_gives_equal_weight_to_all_levels():
    trainer = run()
    sigma = torch.tensor([0.05, 0.5])
    error = torch.tensor([1.0, 100.0])
    for _ in range(500):
        weights = trainer.balance.update(sigma, error)
    assert_allclose(weights * error, [1, 1], rtol=1e-3)
