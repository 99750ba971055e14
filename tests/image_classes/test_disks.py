"""Disks: exact areas, exact tangents, both generators."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk.datasets import make_disk_images
from gahb_sk.image_classes import disk_coverage, disk_tangents, render_disks

SIZE = (24, 30)


def make(n=30, seed=0, **options):
    options = {"dtype": np.float64, "return_params": True, **options}
    return make_disk_images(n, SIZE, random_state=seed, **options)


@pytest.mark.parametrize("wrap", [False, True])
def test_coverage_sums_to_the_area_of_the_disk(wrap, global_random_seed):
    _, params = make(200, global_random_seed, wrap=wrap)
    coverage = disk_coverage(params[:, :3], SIZE, wrap=wrap)
    assert_allclose(coverage.sum((1, 2)), np.pi * params[:, 2] ** 2, rtol=1e-11)
    assert coverage.min() >= 0 and coverage.max() <= 1


def test_coverage_is_the_area_in_each_pixel(rng):
    # any disk, also one that leaves the image or lies within one pixel
    geometry = np.column_stack([rng.uniform(-5, 12, (40, 2)), rng.uniform(0.05, 9, 40)])
    fine = 64
    y, x = (np.arange(8 * fine) + 0.5) / fine - 0.5, (np.arange(7 * fine) + 0.5) / fine - 0.5
    row, column, radius = geometry.T[..., None, None]
    inside = (y[:, None] - row) ** 2 + (x - column) ** 2 < radius**2
    counted = inside.reshape(40, 8, fine, 7, fine).mean((2, 4))
    assert_allclose(disk_coverage(geometry, (8, 7)), counted, atol=4e-3)


def test_hard_rim_agrees_where_the_area_is_whole(global_random_seed):
    _, params = make(50, global_random_seed)
    area = disk_coverage(params[:, :3], SIZE)
    hard = disk_coverage(params[:, :3], SIZE, antialias="none")
    assert set(np.unique(hard)) == {0, 1}
    whole = (area == 0) | (area == 1)
    assert_array_equal(hard[whole], area[whole])
    assert_array_equal(hard[~whole & (np.abs(area - 0.5) > 0.45)] > 0.5,
                       area[~whole & (np.abs(area - 0.5) > 0.45)] > 0.5)  # fmt: skip


@pytest.mark.parametrize("wrap", [False, True])
def test_tangents_are_the_derivatives(wrap, global_random_seed):
    _, params, tangents = make(20, global_random_seed, wrap=wrap, return_tangents=True)
    step = 1e-4
    for k in range(5):
        shift = step * np.eye(5)[k]
        up, down = (render_disks(params + s, SIZE, wrap=wrap) for s in (shift, -shift))
        numeric = (up - down) / (2 * step)
        # The derivative by the centre is Hoelder 1/2 where the rim touches a pixel's edge.
        assert np.abs(numeric - tangents[:, k]).max() < 0.05
        assert np.abs(numeric - tangents[:, k]).mean() < 1e-5


def test_tangents_span_five_dimensions(global_random_seed):
    _, params, tangents = make(20, global_random_seed, return_tangents=True)
    contrast = np.abs(params[:, 3] - params[:, 4]) > 0.05
    basis = tangents.reshape(20, 5, -1)[contrast]
    basis /= np.linalg.norm(basis, axis=2, keepdims=True)
    assert np.linalg.svd(basis, compute_uv=False)[:, -1].min() > 1e-2


def test_radius_tangent_sums_to_the_circumference(global_random_seed):
    _, params = make(20, global_random_seed)
    tangents = disk_tangents(params, SIZE)
    assert_allclose(
        tangents[:, 2].sum((1, 2)),
        2 * np.pi * params[:, 2] * (params[:, 3] - params[:, 4]),
        atol=1e-9,
    )
    assert_allclose(tangents[:, :2].sum((2, 3)), 0, atol=1e-9)


def test_wrapped_disk_moves_with_the_torus(rng):
    geometry = np.array([[3.3, 28.2, 8.0]])
    moved = disk_coverage(geometry + [[10, -7, 0]], SIZE, wrap=True)
    assert_allclose(
        moved, np.roll(disk_coverage(geometry, SIZE, wrap=True), (10, -7), (1, 2)), atol=1e-12
    )


def test_continuous_disks_lie_in_the_image(global_random_seed):
    _, params = make(500, global_random_seed)
    row, column, radius = params[:, :3].T
    assert radius.min() >= 3 and radius.max() < (24 - 3) / 2
    assert (row - radius >= -0.5).all() and (row + radius <= 23.5).all()
    assert (column - radius >= -0.5).all() and (column + radius <= 29.5).all()
    assert 0 <= params[:, 3:].min() and params[:, 3:].max() < 1
    free = make(500, global_random_seed, wrap=True)[1]
    assert (free[:, 0] - free[:, 2] < -0.5).any() and free[:, :2].min() >= 0


def test_integer_generator_is_the_published_one_at_80(global_random_seed):
    images, params = make_disk_images(
        5000, 80, lattice="integer", antialias="none", return_params=True,
        random_state=global_random_seed,
    )  # fmt: skip
    row, column, radius = params[:, :3].T
    assert_array_equal(params[:, :3], np.floor(params[:, :3]))
    assert (row.min(), row.max(), column.min(), column.max()) == (10, 69, 10, 69)
    border = np.minimum.reduce([row, column, 80 - row, 80 - column])
    assert radius.min() == 5 and (radius < border).all()
    assert (radius == border - 1).any()
    assert all(len(np.unique(image)) == 2 for image in images[:50])


@pytest.mark.parametrize("size", [4, 5, 7, 11, (4, 30)])
@pytest.mark.parametrize("lattice", ["continuous", "integer"])
def test_any_size_has_disks(size, lattice, global_random_seed):
    images = make_disk_images(20, size, lattice=lattice, random_state=global_random_seed)
    assert (np.ptp(images, axis=(1, 2)) > 0).all()


def test_radius_range_is_kept(global_random_seed):
    radius = make(200, global_random_seed, radius_range=(4, 5))[1][:, 2]
    assert 4 <= radius.min() and radius.max() < 5
    options = {"lattice": "integer", "radius_range": (3, 6)}
    radius = make(200, global_random_seed, **options)[1][:, 2]
    assert set(radius) == {3, 4, 5}


def test_parameters_render_the_images(global_random_seed):
    images, params = make(10, global_random_seed)
    assert_array_equal(images, render_disks(params, SIZE))
    single, _ = make(10, global_random_seed, dtype=np.float32)
    assert_allclose(single, images, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radius_range": (5, 20)}, "radius_range"),
        ({"radius_range": (0, 5)}, "radius_range"),
        ({"radius_range": (6, 5)}, "radius_range"),
        ({"radius_range": 5}, "radius_range"),
        ({"lattice": "integer", "radius_range": (12, 14)}, "radius_range"),
        ({"lattice": "integer", "radius_range": (2.5, 4)}, "radius_range"),
        ({"lattice": "integer", "wrap": True}, "wrap"),
        ({"antialias": "none", "return_tangents": True}, "no derivative"),
        ({"lattice": "integer", "return_tangents": True}, "no derivative"),
        ({"intensity_range": (1, 0)}, "intensity_range"),
        ({"antialias": "soft"}, "antialias"),
    ],
)
def test_bad_parameters_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        make(2, **options)
