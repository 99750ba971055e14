"""Patches: where they come from, and that photographs are never shared."""

import importlib.util

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gahb_sk.datasets import extract_patches, load_photographs, load_sample_patches


@pytest.fixture
def photographs(rng):
    """Photograph k has values in [k, k + 1)."""
    return [k + rng.uniform(size=(20 + 3 * k, 35 - 2 * k)) for k in range(6)]


def test_a_grid_without_overlap_tiles_the_photograph(rng):
    photograph = rng.uniform(size=(24, 30))
    patches = extract_patches([photograph], (8, 10))
    tiles = patches.reshape(3, 3, 8, 10).swapaxes(1, 2).reshape(24, 30)
    assert_array_equal(tiles, photograph)


def test_a_stride_of_one_gives_every_position(rng):
    photograph = rng.uniform(size=(3, 9, 8))
    patches = extract_patches([photograph], 4, stride=1)
    assert patches.shape == (6 * 5, 3, 4, 4)
    assert_array_equal(patches[7], photograph[:, 1:5, 2:6])


@pytest.mark.parametrize("positions", ["grid", "random"])
def test_groups_name_the_photograph(photographs, positions, global_random_seed):
    patches, groups = extract_patches(
        photographs, 8, positions=positions, n_patches=30, return_groups=True,
        random_state=global_random_seed,
    )  # fmt: skip
    assert patches.shape == (30, 8, 8)
    assert_array_equal(np.floor(patches.mean((1, 2))), groups)


@pytest.mark.parametrize("positions", ["grid", "random"])
def test_training_and_test_photographs_are_disjoint(photographs, positions, global_random_seed):
    options = {"positions": positions, "random_state": global_random_seed, "return_groups": True}
    options["n_patches"] = 12
    train = extract_patches(photographs, 8, split="train", **options)[1]
    test = extract_patches(photographs, 8, split="test", **options)[1]
    assert not set(train) & set(test)
    assert len(set(test)) <= 2  # a quarter of six, rounded


def test_random_patches_are_windows_shared_out_by_size(global_random_seed, rng):
    small, large = rng.uniform(size=(20, 20)), rng.uniform(size=(40, 48))
    patches, groups = extract_patches(
        [small, large], 8, positions="random", n_patches=100, return_groups=True,
        random_state=global_random_seed,
    )  # fmt: skip
    assert abs((groups == 0).mean() - 169 / (169 + 33 * 41)) < 0.01
    windows = np.lib.stride_tricks.sliding_window_view(small, (8, 8)).reshape(-1, 8, 8)
    for patch in patches[groups == 0]:
        assert (windows == patch).all((1, 2)).any()


def test_flat_patches_are_left_out(rng):
    photograph = np.full((16, 32), 0.5)
    photograph[:, 16:] += rng.choice([-0.1, 0.1], size=(16, 16))
    assert len(extract_patches([photograph], 8)) == 8
    assert len(extract_patches([photograph], 8, min_deviation=0.05)) == 4
    random = extract_patches(
        [photograph], 8, positions="random", n_patches=40, min_deviation=0.05, random_state=0
    )
    assert random.std((1, 2)).min() >= 0.05
    with pytest.raises(ValueError, match="at most 0"):
        extract_patches([photograph], 8, positions="random", n_patches=3, min_deviation=0.4)


def test_the_choice_is_random_and_seeded(photographs):
    every = extract_patches(photographs, 8)
    chosen = extract_patches(photographs, 8, n_patches=10, random_state=5)
    assert all((every == patch).all((1, 2)).any() for patch in chosen)
    assert_array_equal(chosen, extract_patches(photographs, 8, n_patches=10, random_state=5))
    assert not np.array_equal(chosen, extract_patches(photographs, 8, n_patches=10, random_state=6))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patch_size": 100}, "patch_size"),
        ({"patch_size": 0}, "patch_size: expected an int"),
        ({"n_patches": 10_000}, "n_patches: expected at most"),
        ({"positions": "random"}, "n_patches"),
        ({"positions": "spiral"}, "positions"),
        ({"min_deviation": -1}, "min_deviation"),
        ({"photographs": []}, "photographs"),
        ({"photographs": [np.zeros(9)]}, "photographs"),
        ({"photographs": [np.zeros((9, 9)), np.zeros((3, 9, 9))]}, "photographs"),
        ({"photographs": [np.zeros((20, 20))], "split": "test"}, "split"),
    ],
)
def test_bad_input_is_named(photographs, options, message):
    with pytest.raises(ValueError, match=message):
        extract_patches(**{"photographs": photographs, "patch_size": 8, **options})


def test_integers_are_refused():
    with pytest.raises(TypeError, match="255"):
        extract_patches([np.zeros((20, 20), np.uint8)], 8)


def test_halving_averages_and_drops_the_odd_line(rng, tmp_path):
    image = rng.uniform(size=(7, 9)).astype(np.float32)
    np.save(tmp_path / "photograph.npy", image)
    (halved,) = load_photographs(tmp_path, halve_photographs=True)
    expected = image[:6, :8].reshape(3, 2, 4, 2).mean((1, 3))
    np.testing.assert_allclose(halved, expected, rtol=1e-6)


def test_sample_patches_of_the_core_photographs():
    patches, groups = load_sample_patches(40, source="sklearn", return_groups=True)
    assert patches.shape[1:] == (40, 40) and patches.dtype == np.float32
    assert 150 < len(patches) <= 320 and set(groups) == {0, 1}
    assert 0 <= patches.min() and patches.max() <= 1
    assert patches.std((1, 2)).min() >= 8 / 255 - 1e-6
    color = load_sample_patches(40, source="sklearn", color=True)
    np.testing.assert_allclose(color.mean(1), patches, atol=1e-6)


@pytest.mark.parametrize("source", ["auto", "sklearn"])
def test_sample_patches_split_by_photograph(source):
    parts = [
        load_sample_patches(32, source=source, split=split, return_groups=True)
        for split in ("train", "test", None)
    ]
    (train, in_train), (test, in_test), (every, in_every) = parts
    assert len(train) + len(test) == len(every)
    assert not set(in_train) & set(in_test)
    assert set(in_train) | set(in_test) == set(in_every)


def test_sample_patches_choice():
    chosen = load_sample_patches(16, n_patches=7, source="sklearn", random_state=1)
    assert_array_equal(
        chosen, load_sample_patches(16, n_patches=7, source="sklearn", random_state=1)
    )
    with pytest.raises(ValueError, match="at most"):
        load_sample_patches(80, n_patches=10_000, source="sklearn")


def test_sample_patches_of_scikit_image():
    pytest.importorskip("skimage")
    patches, groups = load_sample_patches(80, source="skimage", return_groups=True)
    assert len(set(groups)) == 10 and len(patches) > 300


def test_without_scikit_image_the_error_says_so(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "skimage" else find(name, *a)
    )
    with pytest.raises(ImportError, match="scikit-image"):
        load_sample_patches(40, source="skimage")
    groups = load_sample_patches(40, return_groups=True)[1]
    assert set(groups) == {0, 1}
