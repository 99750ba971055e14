"""Cycle spinning."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk.transforms import dyadic_windows, spread_windows

SHAPES = [(1, 1), (1, 7), (5, 1), (3, 4), (16, 9), (21, 34)]
KINDS = {"dyadic": dyadic_windows, "spread": lambda *args: spread_windows(*args, 4, 16)}
every_kind = pytest.mark.parametrize("kind", KINDS)


def offsets(windows, shape):
    """Where the windows begin, read from an image of row and one of column numbers."""
    rows, columns = np.indices(shape)
    pairs = []
    for i in range(len(windows)):
        starts = windows.cut(rows, i)[:2, 0], windows.cut(columns, i)[0, :2]
        pairs.append([first if second > first else -first - 1 for first, second in starts])
    return np.array(pairs)


@pytest.mark.parametrize("j", [0, 1, 2, 3])
def test_four_to_the_j_offsets_are_all_residues(j):
    side = 2**j
    found = {tuple(-pair) for pair in offsets(dyadic_windows((16, 12), side**2), (16, 12))}
    assert found == {(i, k) for i in range(side) for k in range(side)}


@every_kind
def test_more_shifts_only_add(kind):
    few, many = (offsets(KINDS[kind]((32, 24), n), (32, 24)) for n in (10, 64))
    assert_array_equal(many[:10], few)
    assert_array_equal(few[0], [0, 0])


def test_spread_offsets_are_evenly_spread():
    quarters = offsets(spread_windows((32, 32), 16, 4, 16), (32, 32)) // 4 + 2
    for axis in (0, 1):
        assert_allclose(np.bincount(quarters[:, axis]), 4, atol=1)


@every_kind
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n_shifts", [1, 2, 5, 16, 64])
def test_spinning_the_identity_is_the_identity(kind, shape, n_shifts, rng):
    images = rng.randn(3, *shape)
    windows = KINDS[kind](shape, n_shifts)
    assert len(windows) == n_shifts
    assert_allclose(windows.average(lambda window: window, images), images, atol=1e-12)


def test_dyadic_windows_have_one_size_and_are_reflected(rng):
    image = rng.randn(4, 5)
    windows = dyadic_windows((4, 5), 16)
    for i, (top, left) in enumerate(-offsets(windows, (4, 5))):
        expected = np.pad(image, ((top, 3 - top), (left, 3 - left)), mode="symmetric")
        assert_array_equal(windows.cut(image, i), expected)


def test_spread_windows_are_multiples_and_begin_at_their_offsets(rng):
    image = rng.randn(21, 34)
    windows = spread_windows((21, 34), 8, 4, 16)
    padded = np.pad(image, 16, mode="symmetric")
    for i, (top, left) in enumerate(offsets(windows, (21, 34))):
        expected = padded[16 + top : 40 + top, 16 + left : 52 + left]
        assert_array_equal(windows.cut(image, i), expected)


def test_an_axis_of_one_pixel_is_left_alone(rng):
    windows = dyadic_windows((1, 8), 64)
    assert {windows.cut(np.zeros((1, 8)), i).shape for i in range(64)} == {(1, 15)}


@every_kind
def test_average_is_the_mean_over_the_windows_that_hold_a_pixel(kind, rng):
    images = rng.randn(2, 13, 10)
    windows = KINDS[kind]((13, 10), 5)
    total, count = np.zeros_like(images), np.zeros_like(images)
    for i in range(5):
        total += windows.paste(windows.cut(images, i) ** 3, i)
        count += windows.paste(np.ones_like(windows.cut(images, i)), i)
    assert_allclose(windows.average(lambda cut: cut**3, images), total / count)


def test_spinning_makes_a_grid_invariant_to_translation(rng):
    def block_means(images):
        n, height, width = images.shape
        even = images[:, : height - height % 2, : width - width % 2]
        means = even.reshape(n, height // 2, 2, width // 2, 2).mean(axis=(2, 4))
        out = images.copy()
        out[:, : even.shape[1], : even.shape[2]] = means.repeat(2, axis=1).repeat(2, axis=2)
        return out

    def spin(images, n):
        return dyadic_windows(images.shape[1:], n).average(block_means, images)

    images = rng.randn(2, 16, 16)
    moved = np.roll(images, (1, 3), (1, 2))
    plain, spun = (
        np.abs(
            np.roll(spin(images, n), (1, 3), (1, 2))[:, 5:12, 5:12] - spin(moved, n)[:, 5:12, 5:12]
        ).max()
        for n in (1, 4)
    )
    assert spun < 1e-12 < 0.1 < plain
