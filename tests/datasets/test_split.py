"""Disjoint halves and near duplicates."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gahb_sk.datasets import (
    ImageStack,
    make_c_alpha_images,
    make_disk_images,
    remove_near_duplicates,
    split_disjoint,
)
from gahb_sk.image_classes import DiskImages


def greedy(features, threshold):
    """The definition: an image goes if an earlier one that stayed is too much like it."""
    correlation = np.abs(np.nan_to_num(np.corrcoef(features)))
    kept = []
    for k in range(len(features)):
        if not kept or correlation[k, kept].max() <= threshold:
            kept.append(k)
    return kept


# In one block of correlations, and in two.
@pytest.mark.parametrize(("n", "threshold"), [(120, 0.5), (120, 0.8), (2100, 0.8)])
def test_what_stays_is_what_the_definition_says(n, threshold, global_random_seed):
    X = make_disk_images(n, 8, dtype=np.float64, random_state=global_random_seed)
    kept, indices = remove_near_duplicates(X, threshold=threshold, return_indices=True)
    expected = greedy(X.reshape(n, -1), threshold)
    assert 1 < len(expected) < n
    assert_array_equal(indices, expected)
    assert_array_equal(kept, X[expected])


def test_copies_up_to_gain_offset_sign_and_noise_go(rng, global_random_seed):
    X = make_c_alpha_images(30, 40, 1.0, random_state=global_random_seed, dtype=np.float64)
    X = remove_near_duplicates(X, threshold=0.9)
    copies = np.concatenate([X * 0.5 + 0.1, 1 - X, X + 0.02 * rng.standard_normal(X.shape)])
    indices = remove_near_duplicates(np.concatenate([X, copies]), return_indices=True)[1]
    assert_array_equal(indices, np.arange(len(X)))


def test_lazy_stacks_and_channels(global_random_seed):
    X = make_disk_images(100, 24, random_state=global_random_seed)
    expected = remove_near_duplicates(X, threshold=0.7, return_indices=True)[1]
    stack = ImageStack.from_class(DiskImages(24), 100, global_random_seed)
    kept, indices = remove_near_duplicates(stack, threshold=0.7, return_indices=True)
    assert isinstance(kept, ImageStack)
    assert_array_equal(indices, expected)
    color = np.repeat(X[:, None], 3, axis=1)
    found = remove_near_duplicates(color, threshold=0.7, return_indices=True)[1]
    assert_array_equal(found, expected)


def test_constant_images_stay():
    X = np.ones((4, 8, 8)) * np.array([0.1, 0.1, 0.7, 0.3])[:, None, None]
    assert len(remove_near_duplicates(X)) == 4


@pytest.mark.parametrize(("side", "size"), [(80, 20), (28, 20), (7, 7), (21, 20)])
def test_averages_of_slopes_are_slopes(side, size):
    """Two slopes at an angle of 0.5 have the correlation cos(0.5), whatever is averaged."""
    rows, columns = np.indices((side, side)) / side
    X = np.stack([rows, np.cos(0.5) * rows + np.sin(0.5) * columns])
    for threshold, stay in ((np.cos(0.5) - 0.01, 1), (np.cos(0.5) + 0.01, 2)):
        assert len(remove_near_duplicates(X, size=size, threshold=threshold)) == stay


def test_what_averages_do_not_show_does_not_count(rng):
    X = rng.uniform(size=(5, 80, 80))
    checkers = np.indices((80, 80)).sum(0) % 2
    both = np.concatenate([X, X + checkers])
    assert_array_equal(remove_near_duplicates(both, size=20, return_indices=True)[1], range(5))


@pytest.mark.parametrize("X", [np.zeros((4, 4)), np.zeros((0, 4, 4)), [1, 2]])
def test_what_is_no_stack_is_refused(X):
    with pytest.raises(ValueError, match="X: expected (a stack|at least one image)"):
        remove_near_duplicates(X)
    with pytest.raises(ValueError, match="threshold"):
        remove_near_duplicates(np.zeros((2, 4, 4)), threshold=1.5)


def test_halves_are_the_first_and_the_last(global_random_seed):
    X = np.arange(11)
    assert_array_equal(split_disjoint(X), [[0, 1, 2, 3, 4], [6, 7, 8, 9, 10]])
    assert_array_equal(split_disjoint(X, 2), [[0, 1], [9, 10]])
    stack = ImageStack.from_class(DiskImages(8), 10, global_random_seed)
    first, last = split_disjoint(stack, 3)
    images = np.asarray(stack)
    assert_array_equal(np.asarray(first), images[:3])
    assert_array_equal(np.asarray(last), images[7:])


@pytest.mark.parametrize(("length", "n"), [(11, 6), (1, None), (0, None), (4, 0), (4, -1)])
def test_halves_that_would_overlap_are_refused(length, n):
    with pytest.raises(ValueError, match="n"):
        split_disjoint(np.arange(length), n)
