import dataclasses

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import NetworkDenoiser
from gahb_sk.images import as_images
from gahb_sk.networks import UNet
from gahb_sk.training import (
    FLIPS,
    LOSS_WEIGHTS,
    RECIPES,
    Balance,
    Recipe,
    StackSource,
    Trainer,
    batches,
    draw_noise_levels,
    loss_weights,
    resolve_recipe,
)
from tests.instances import smooth_images


def make(**parameters):
    return NetworkDenoiser(UNet(4, 1), **{"max_epochs": 1, "random_state": 0, **parameters})


def test_a_dict_changes_single_settings():
    recipe = resolve_recipe({"base": "paper", "schedule": "cosine", "clip": None})
    assert recipe.schedule == "cosine" and recipe.noise_law == "uniform_squared"
    assert resolve_recipe({}) == resolve_recipe("fast") == RECIPES["fast"]


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"base": "papre"}, "Did you mean 'paper'"),
        ({"noise_lwa": "uniform"}, "Did you mean 'noise_law'"),
        ({"noise_law": "normal"}, "log_uniform"),
        ({"noise_law": [0.1]}, "at least two"),
        ({"noise_law": [0.2, 0.1]}, "ascending"),
        ({"noise_law": [0.001, 0.1]}, "noise_range: expected to hold the quantiles"),
        ({"loss_weight": [(0.1, 1.0), (0.1, 2.0)]}, "ascending in sigma"),
        ({"loss_weight": [(0.1, -1.0)]}, "positive"),
        ({"averaging": 1}, r"\[0, 1\)"),
        ({"learning_rate": 0}, "positive number"),
        ({"learning_rate": float("nan")}, "positive number"),
        ({"batch_size": 1.5}, "whole number"),
        ({"stratified": 1}, "True or False"),
        ({"flips": "all"}, "horizontal"),
    ],
)
def test_bad_recipes(recipe, message):
    with pytest.raises(ValueError, match=message):
        make(recipe=recipe).fit(smooth_images(4))


def test_every_setting_is_checked():
    assert {field.name for field in dataclasses.fields(Recipe)} == set(Recipe._legal)
    for name in Recipe._legal:
        with pytest.raises(ValueError, match=f"^{name}: expected"):
            Recipe(**{name: object()})


def test_a_recipe_is_a_recipe():
    recipe = Recipe(noise_law=[0.01, 0.1])
    assert resolve_recipe(recipe) is recipe and recipe.noise_law == (0.01, 0.1)
    with pytest.raises(TypeError, match="a dict or a Recipe"):
        resolve_recipe(3)


def test_own_quantiles(global_random_seed):
    law = (0.01, 0.02, 0.5)  # half of the levels below 0.02
    rng = np.random.default_rng(global_random_seed)
    sigma = draw_noise_levels(law, (0.004, 1.0), 1000, rng)
    assert sigma.min() >= 0.00999 and sigma.max() <= 0.50001
    assert_allclose(np.quantile(sigma, [0.25, 0.5, 0.75]), [0.0141, 0.02, 0.1], rtol=2e-2)


def test_weights_by_noise_level():
    sigma, error = torch.tensor([0.1, 0.2, 0.4]), torch.ones(3)

    def weights(rule):
        return loss_weights(rule, Balance((0.01, 1.0), "cpu"), sigma, error).numpy()

    assert_allclose(weights("equal"), [1, 1, 1])
    assert_allclose(weights("inverse"), [10, 5, 2.5])
    assert_allclose(weights("inverse_square"), [100, 25, 6.25])
    # Log-log interpolation: a power law through two points is met everywhere between them.
    assert_allclose(weights(((0.1, 100.0), (0.4, 6.25))), [100, 25, 6.25], rtol=1e-5)
    assert_allclose(weights(((0.2, 3.0),)), [3, 3, 3], rtol=1e-5)


@pytest.mark.parametrize("rule", [*LOSS_WEIGHTS, ((0.01, 1.0), (1.0, 0.1))])
def test_every_weight_trains(rule):
    recipe = Recipe(loss_weight=rule, learning_rate=1e-2, batch_size=4)
    denoiser = make(max_epochs=12, recipe=recipe).fit(smooth_images(16))
    first, last = (np.mean(denoiser.history_[k]["train_psnr"][-2:]) for k in (0, -1))
    assert last > first + 1


@pytest.mark.parametrize("flips", FLIPS)
def test_flips(flips, global_random_seed):
    images = np.random.default_rng(global_random_seed).random((64, 2, 8, 10), np.float32)
    root = np.random.SeedSequence(global_random_seed)
    recipe = Recipe(flips=flips, batch_size=64)
    trainer = Trainer(UNet(2, 1).build(2), recipe, (0.1, 1.0), root, {"epochs": 1})
    ((batch, _, _),) = batches(trainer, StackSource(as_images(images)))
    allowed = [images]
    for axis in FLIPS[flips]:
        allowed += [np.flip(one, axis) for one in allowed]
    found = {image.numpy().tobytes() for image in batch}
    ways = [{image.tobytes() for image in one} for one in allowed]
    assert len(found) == 64 and found <= set.union(*ways)
    assert all(found & way for way in ways)  # each of 2 or 4 occurs among 64


def test_learning_curve():
    network, root = UNet(4, 1).build(), np.random.SeedSequence(0)
    curve = Trainer(network, Recipe(), (0.01, 1.0), root, {"epochs": 1}).curve
    levels = 0.01 * 100 ** ((np.arange(5) + 0.5) / 5)
    curve.update(torch.tensor([levels[0], levels[0], levels[3]]), torch.tensor([1e-2, 1e-4, 1e-1]))
    assert_allclose(curve.take()[0], 30, rtol=1e-5)
    assert curve.take() == [None] * 5  # starts anew


def test_history_holds_the_learning_curve():
    recipe = {"early_stopping": True, "patience": None}
    denoiser = make(max_epochs=3, recipe=recipe).fit(smooth_images(40))
    assert len(denoiser.history_) == 3
    for record in denoiser.history_:
        assert set(record) == {
            "images", "seconds", "waited", "loss", "sigma", "train_psnr", "psnr"
        }  # fmt: skip
        assert 0 <= record["waited"] <= record["seconds"]
        assert_allclose(np.diff(np.log(record["sigma"])), np.log(1.0 / 0.004) / 5)
        assert len(record["sigma"]) == len(record["psnr"]) == len(record["train_psnr"]) == 5
        assert np.all(np.diff(record["psnr"]) < 0)  # more noise, worse images
    assert denoiser.history_[-1]["train_psnr"][0] > denoiser.history_[0]["train_psnr"][0]


def test_batch_size_of_the_recipe():
    X = smooth_images(40)
    assert make().fit(X).n_iter_ == 3
    assert make(recipe="paper").fit(X).n_iter_ == 1
    assert make(recipe={"batch_size": 20}).fit(X).n_iter_ == 2
    assert make(recipe={"base": "paper", "batch_size": 10}).fit(X).n_iter_ == 4


def test_fused_optimiser_where_there_is_one():
    for name in ("fast", "paper"):  # of Muon there is none
        network = UNet(4, 1).build()
        trainer = Trainer(network, RECIPES[name], (0.1, 1.0), np.random.SeedSequence(0), {})
        assert trainer.optimizer.defaults["fused"]


@pytest.mark.parametrize("make_recipe", [dict, Recipe])
def test_saved_recipes_come_back(make_recipe, tmp_path):
    recipe = make_recipe(noise_law=(0.01, 0.1, 0.5), loss_weight=((0.01, 1.0), (0.5, 0.1)))
    denoiser = make(recipe=recipe).fit(smooth_images(6))
    denoiser.save(tmp_path)
    loaded = NetworkDenoiser.load(tmp_path)
    assert resolve_recipe(loaded.recipe) == resolve_recipe(recipe)
    assert_array_equal(loaded.transform(smooth_images(2)), denoiser.transform(smooth_images(2)))
