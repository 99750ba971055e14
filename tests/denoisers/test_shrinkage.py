"""Cycle spinning."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk.denoisers._shrinkage import shifts, spin, windows


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_four_to_the_j_shifts_are_all_residues(level):
    side = 2**level
    found = {tuple(offset) for offset in shifts(4**level)}
    assert found == {(i, j) for i in range(side) for j in range(side)}


def test_more_shifts_only_add(rng):
    assert_array_equal(shifts(64)[:10], shifts(10))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (3, 4), (16, 9)])
@pytest.mark.parametrize("n_shifts", [1, 2, 5, 16, 64])
def test_spinning_the_identity_is_the_identity(shape, n_shifts, rng):
    images = rng.randn(3, *shape)
    assert_allclose(spin(lambda window: window, images, n_shifts), images, atol=1e-12)


def test_windows_have_one_size_and_are_reflected(rng):
    image = rng.randn(4, 5)
    indices, origins = windows((4, 5), 16)
    for (rows, columns), (top, left) in zip(indices, origins, strict=True):
        assert (len(rows), len(columns)) == (7, 8)
        expected = np.pad(image, ((top, 3 - top), (left, 3 - left)), mode="symmetric")
        assert_array_equal(image[rows[:, None], columns], expected)


def test_an_axis_of_one_pixel_is_left_alone():
    indices, origins = windows((1, 8), 64)
    assert all(len(rows) == 1 for rows, _ in indices)
    assert set(origins[:, 0]) == {0} and set(origins[:, 1]) == set(range(8))


def test_spinning_makes_a_grid_invariant_to_translation(rng):
    def block_means(images):
        n, height, width = images.shape
        even = images[:, : height - height % 2, : width - width % 2]
        means = even.reshape(n, height // 2, 2, width // 2, 2).mean(axis=(2, 4))
        out = images.copy()
        out[:, : even.shape[1], : even.shape[2]] = means.repeat(2, axis=1).repeat(2, axis=2)
        return out

    images = rng.randn(2, 16, 16)
    moved = np.roll(images, (1, 3), (1, 2))
    plain, spun = (
        np.abs(
            np.roll(spin(block_means, images, n), (1, 3), (1, 2))[:, 5:12, 5:12]
            - spin(block_means, moved, n)[:, 5:12, 5:12]
        ).max()
        for n in (1, 4)
    )
    assert spun < 1e-12 < 0.1 < plain
