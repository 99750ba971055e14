"""Figures 1, 2 and 15, from tiny networks that take seconds."""

import dataclasses

import numpy as np
import pytest

from gahb_sk.experiments import generalization_curve, images_needed
from gahb_sk.reproduce import PAIRS, Setup, get_figure, load_pair_images, reproduce, train_pairs
from gahb_sk.zoo import load_pairs
from tests.instances import few_rivals

N = (1, 4, 16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Replacements of all pairs: with 2 channels, trained on 64 images each."""
    folder = tmp_path_factory.mktemp("networks")
    with few_rivals():
        for plan in PAIRS.values():
            sizes = {**plan.sizes, "channels": 2}
            train_pairs(
                dataclasses.replace(plan, n_train=N, n_test=8, sizes=sizes, max_images=64), folder
            )
    return folder


@pytest.fixture(scope="module")
def setup(folder, global_random_seed):
    return Setup(n_images=4, networks=folder, random_state=global_random_seed)


@pytest.fixture(scope="module")
def outcomes(setup):
    """What came out, by the number of the figure."""
    return {number: reproduce(get_figure(number), setup).outcome for number in (1, 2, 15)}


@pytest.fixture
def one(outcomes):
    return outcomes[1]


def test_figure_1_has_a_row_for_each_number_kind_and_level(one):
    table = one.table
    assert table.n_rows == len(N) * 2 * 15 < 200
    assert sorted(set(table["n_train"])) == list(N)
    np.testing.assert_allclose(
        table["input_psnr"], -20 * np.log10(table["sigma"]), atol=0.002, rtol=0
    )


def test_figure_1_has_the_means_of_both_networks(one, folder, setup):
    pairs, X = load_pairs(folder / "pairs-32x32"), load_pair_images(folder / "pairs-32x32")
    sigmas = [sigma for sigma in np.unique(one.table["sigma"])]
    curve = generalization_curve(
        pairs, X, (4,), sigma=sigmas[:2], n_test=4, n_samples=0, random_state=setup.stream(1)
    )
    wanted = curve.psnr.where(images="train", sigma=sigmas[0])["psnr"].mean()
    found = one.table.where(n_train=4, images="train", sigma=sigmas[0])["psnr"]
    np.testing.assert_allclose(found, wanted, atol=0.002)


def test_figure_1_says_how_far_from_the_optimum_of_one_image(one):
    part = one.table.where(n_train=1, images="train")
    below = part["input_psnr"] + 10 * np.log10(1024) - part["psnr"]
    assert f"N = 1: {below.mean():.1f} dB below the optimum" in one.notes[1]
    (display,) = one.pictures.values()
    labels = [line.get_label() for line in display.axes[0].lines]
    assert "optimum, N = 1" in labels


def test_figure_2_has_all_cosines_or_says_what_is_left_out(outcomes):
    outcome = outcomes[2]
    table = outcome.table
    assert table.n_rows == len(N) * 3 * 2
    assert (table["n_samples"] + table["n_diverged"] == 4).all()
    left_out = table.where(measure="pair", centered=True)["n_diverged"].sum()
    assert (left_out > 0) == any("left out" in note for note in outcome.notes)
    assert len(outcome.checks) == 6


def test_figure_15_has_the_gap_of_each_size_on_the_same_images(outcomes):
    table = outcomes[15].table
    assert table.n_rows == 3 * len(N)
    assert set(zip(table["images"], table["denoiser"], strict=True)) == {
        ("8x8", "1 block"), ("16x16", "2 blocks"), ("32x32", "3 blocks"),
    }  # fmt: skip
    np.testing.assert_allclose(table["gap"], table["train_psnr"] - table["test_psnr"], atol=0.002)
    weights = [table.where(images=size)["n_weights"][0] for size in ("8x8", "16x16", "32x32")]
    assert weights == sorted(weights) and table["n_values"].max() == 1024


@pytest.mark.parametrize("number", [1, 2, 15])
def test_the_same_setup_gives_the_same_table(number, setup, outcomes):
    one, two = outcomes[number], reproduce(get_figure(number), setup).outcome
    for name in one.table:
        np.testing.assert_array_equal(one.table[name], two.table[name])
    assert [check.value for check in one.checks if check.value == check.value] == [
        check.value for check in two.checks if check.value == check.value
    ]


def test_images_needed_lie_on_a_line_in_the_logarithm():
    numbers = (1, 10, 100, 1000)
    gaps = np.array([9.0, 3.0, 0.5, 0.0])
    n = images_needed(numbers, gaps, 1.0)
    np.testing.assert_allclose(np.interp(np.log(n), np.log(numbers), gaps), 1.0)
    assert 10 < n < 100
    assert images_needed(numbers, gaps, 0.25) > images_needed(numbers, gaps, 2.0)


@pytest.mark.parametrize(
    ("gaps", "needed"),
    [
        ([0.9, 0.5, 0.1], 1),
        ([9.0, 5.0, 1.1], np.inf),
        ([9.0, 1.0, 0.1], 10),
        ([0.5, 2.0, 1.0], 100),
        ([9.0, 5.0, np.nan], np.inf),
    ],
)
def test_images_needed_at_the_ends(gaps, needed):
    assert images_needed((1, 10, 100), gaps, 1.0) == pytest.approx(needed)
