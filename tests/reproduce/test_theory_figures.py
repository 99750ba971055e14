"""Figures league and training, at a size that takes seconds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk.denoisers import EmpiricalBayesDenoiser
from gahb_sk.experiments import Table
from gahb_sk.image_classes import GaussianImages
from gahb_sk.reproduce import (
    Setup,
    _along_training as along,
    _figure_league as figure_league,
    _figure_training as figure_training,
    _league_cases as cases,
    get_figure,
    reproduce,
)


@pytest.fixture
def short_trainings(monkeypatch):
    monkeypatch.setattr(figure_training, "N_TRAIN", (8, 16))
    monkeypatch.setattr(figure_training, "_JUDGED", (8, 16))
    monkeypatch.setattr(figure_training, "STEPS", (2, 4))
    monkeypatch.setattr(figure_training, "_TEST", 6)
    monkeypatch.setattr(figure_training, "_FRESH", 50)


@pytest.mark.slow
def test_training_has_a_row_for_each_number_network_and_step(short_trainings, tmp_path):
    setup = Setup(n_images=6, kept=tmp_path)
    outcome = reproduce(get_figure("training"), setup).outcome
    table = outcome.table
    keys = zip(table["n_train"].tolist(), table["network"], table["steps"].tolist(), strict=True)
    assert [*keys] == [(n, k, s) for n in (8, 16) for k in ("first", "second") for s in (2, 4)]
    for name in ("nearer", "own", "copied"):
        assert (table[f"{name}_low"] <= table[name] + 1e-4).all()
        assert (table[name] <= table[f"{name}_high"] + 1e-4).all()
    assert_allclose(sum(table[f"decile_{k}"] for k in range(1, 11)), 1, atol=1e-3)
    again = reproduce(get_figure("training"), setup).outcome
    for name in table:
        assert_array_equal(again.table[name], table[name])


@pytest.fixture
def judged(global_random_seed):
    """Images of a Gaussian law, and denoisers that know five of them each."""
    places = np.indices((4, 4)).reshape(2, -1).T
    away = np.linalg.norm(places[:, None] - places[None], axis=-1)
    law = GaussianImages(np.full((4, 4), 0.5), 0.1 * np.exp(-away / 2))
    X = law.sample(600, global_random_seed, dtype=np.float64)
    optimum = law.posterior_mean().fit(X)
    images = along.Images((X[:5], X[5:10]), X[10:], X[300:], optimum)
    memorisers = [EmpiricalBayesDenoiser().fit(own) for own in (X[:5], X[5:10])]
    return images, memorisers, Setup(random_state=global_random_seed).stream(1)


def test_losses_are_relative_to_the_optimum(judged):
    images, (memoriser, other), seed = judged
    best = images.optimum
    checkpoints = {1: best, 2: memoriser}, {1: best, 2: other}
    (first, last), mirrored = along.loss_rows(checkpoints, images, seed)
    for name in ("train_excess", "test_excess", "test_distillation", "disagreement"):
        assert_allclose(first[name], 0, atol=1e-9)
    assert_allclose([first["test_loss"], first["test_loss_0.3"]], 1)
    assert first["above_least"] == 0 < last["above_least"] - 5 * last["above_least_se"]
    assert_allclose(last["above_least"], last["test_loss"] - 1)
    assert last["train_loss"] < 1 < last["test_loss"] and last["disagreement"] > 1
    assert mirrored[1]["train_loss"] < 1 and mirrored[1]["disagreement"] == last["disagreement"]
    assert last["train_excess"] < -1 and abs(last["test_excess"]) < 5 * last["test_excess_se"]


def drawn(denoisers, seed):
    return [along.draw(one, 12, (4, 4), seed) for one in denoisers]


def test_samples_of_memorisers_are_copies_of_their_own_set(judged):
    images, memorisers, seed = judged
    first, second = drawn(memorisers, seed)
    found = along.sample_columns(memorisers[0], first, second, images.sets, images.fresh, seed)
    assert found["own"] == found["memorized"] == found["copied"] == 1
    assert found["nearer"] > 0.9 and found["decile_1"] > 0.9 and found["pair_distance"] > 0.5
    assert np.isnan(found["spread_auc"])  # there is nothing else to tell copies from


def test_samples_of_the_optimum_know_no_set(judged):
    images, _, seed = judged
    first, second = drawn([images.optimum] * 2, seed)
    found, mirrored = (
        along.sample_columns(images.optimum, first, second, sets, images.fresh, seed)
        for sets in (images.sets, images.sets[::-1])
    )
    assert found["pair_distance"] == 0
    assert_allclose(found["own"] + mirrored["own"], 1)  # nearer to one is farther from the other
    assert abs(found["copied"] - found["copied_null"]) < 0.5


def test_what_both_networks_draw_is_near_to_no_set_in_the_mean(judged):
    """The same samples are nearer to one set by chance, but not to the own set of both networks."""
    images, _, seed = judged
    first, second = drawn([images.optimum] * 2, seed)
    rows = figure_training.paired([
        {"steps": 1, **along.sample_columns(
            images.optimum, first, second, sets, images.fresh, seed)}
        for sets in (images.sets, images.sets[::-1])
    ])  # fmt: skip
    assert_allclose([row["own"] for row in rows], 0.5)
    assert rows[0]["own_low"] <= 0.5 + 1e-9 and rows[0]["own_high"] >= 0.5 - 1e-9


def test_steps_are_interpolated_in_the_logarithm():
    part = {"steps": np.array([10, 100, 1000]), "copied": np.array([0.0, 0.2, 0.6])}
    assert_allclose(figure_training.onset(part, "copied", 0.4), 10**2.5)
    assert np.isnan(figure_training.onset(part, "copied", 0.7))
    assert figure_training.onset(part, "copied", 0.1, falling=True) == 10


def test_the_exponent_of_proportional_times_is_one():
    numbers = np.array([4, 4, 8, 8, 16, 16])
    slope, error = figure_training.power(numbers, 30.0 * numbers)
    assert_allclose([slope, error], [1, 0], atol=1e-6)
    slope, error = figure_training.power(numbers, 30.0 * numbers * np.tile([1.2, 1 / 1.2], 3))
    assert_allclose(slope, 1)
    assert error > 0.05
    slope, _ = figure_training.power([*numbers, 32], [*(30.0 * numbers), np.nan])
    assert_allclose(slope, 1)
    assert np.isnan(figure_training.power(numbers, [1.0] * 4 + [np.nan] * 2)).all()


def test_a_checkpoint_is_biased_only_while_the_test_loss_falls_beyond_chance():
    part = Table({
        "steps": [1, 2, 4, 8, 16], "test_loss": [9.0, 5.0, 3.0, 2.9, 4.0],
        "above_least": [6.1, 2.1, 0.1, 0.0, 1.1], "above_least_se": [0.1, 0.1, 0.1, 0.0, 0.1],
        "own_low": [0.4, 0.6, 0.7, 0.8, 0.9],
    })  # fmt: skip
    assert figure_training.biased(part, "own") == [2]


@pytest.mark.slow
def test_classes_of_the_league_that_are_not_there_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(cases, "N_TRAIN", (3, 4))
    monkeypatch.setattr(cases, "MAX_IMAGES", 32)
    monkeypatch.setattr(figure_league, "SIGMAS", (0.3,))
    monkeypatch.setattr(figure_league, "_SIZES", (3,))
    every = cases.all_images

    def some(setup):
        return [one for one in every(setup) if one.name.startswith(("disks", "Fashion"))]

    monkeypatch.setattr(figure_league, "all_images", some)
    monkeypatch.setattr("gahb_sk.datasets._fashion.DEBIAN_FOLDER", tmp_path / "none")
    outcome = reproduce(get_figure("league"), Setup(n_images=2, kept=tmp_path)).outcome
    assert not outcome.complete and "Fashion-MNIST 16x16 is left out" in outcome.notes[-1]
    table = outcome.table
    assert set(table["role"]) == {"theory", "optimum", "network"}
    assert table["n_train"].max() == 4 and (table["n_images"] == 2).all()
    again = reproduce(get_figure("league"), Setup(n_images=2, kept=tmp_path)).outcome
    assert_allclose(again.table["agreement"], table["agreement"])
