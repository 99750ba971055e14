"""Rays, sine waves and polygons."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk.datasets import (
    make_polygon_images,
    make_ray_images,
    make_sine_images,
    polygon_coverage,
)


def test_ray_is_one_image_times_its_parameter(global_random_seed, rng):
    u = rng.uniform(size=(3, 8, 9))
    images, params, tangents = make_ray_images(
        7, image=u, intensity_range=(0.5, 2), return_params=True, return_tangents=True,
        dtype=np.float64, random_state=global_random_seed,
    )  # fmt: skip
    assert_allclose(images, params[:, :, None, None] * u, rtol=1e-14)
    assert_array_equal(tangents, np.broadcast_to(u, (7, 1, 3, 8, 9)))
    assert params.min() >= 0.5 and params.max() < 2 and np.ptp(params) > 0


def test_ray_has_rank_one_by_default(global_random_seed):
    images = make_ray_images(6, (10, 12), dtype=np.float64, random_state=global_random_seed)
    assert images.shape == (6, 10, 12)
    assert np.linalg.matrix_rank(images.reshape(6, -1), tol=1e-10) == 1


def test_ray_refuses_what_is_no_image():
    with pytest.raises(ValueError, match="image: expected one finite image"):
        make_ray_images(2, image=[[1.0, np.nan]])
    with pytest.raises(ValueError, match="image: expected one finite image"):
        make_ray_images(2, image=np.ones(5))


def test_sines_are_a_cone_in_three_dimensions(global_random_seed):
    images, params = make_sine_images(
        40, (12, 16), return_params=True, dtype=np.float64, random_state=global_random_seed
    )
    assert np.linalg.matrix_rank(images.reshape(40, -1), tol=1e-9) == 3
    assert images.min() >= 0 and (images <= params[:, :1, None]).all()
    # a sine of whole frequencies has mean a / 2 and energy a^2 (1/4 + 1/8) a pixel
    assert_allclose(images.mean((1, 2)), params[:, 0] / 2, atol=1e-12)
    assert_allclose((images**2).mean((1, 2)), params[:, 0] ** 2 * 3 / 8, atol=1e-12)


def test_sine_is_its_formula(global_random_seed):
    images, params = make_sine_images(
        5, (9, 11), frequency=(1.5, 2.5), return_params=True, dtype=np.float64,
        random_state=global_random_seed,
    )  # fmt: skip
    i, j = np.mgrid[:9, :11]
    a, phi = params.T[..., None, None]
    expected = a * (1 + np.sin(2 * np.pi * (1.5 * i / 9 + 2.5 * j / 11) + phi)) / 2
    assert_allclose(images, expected, atol=1e-12)


def test_sine_tangents_are_the_derivatives(global_random_seed):
    from gahb_sk.datasets._sines import render_sines

    _, params, tangents = make_sine_images(
        5, 16, return_params=True, return_tangents=True, dtype=np.float64,
        random_state=global_random_seed,
    )  # fmt: skip
    for k in range(2):
        shift = 1e-6 * np.eye(2)[k]
        up, down = (render_sines(params + s, (16, 16), (2, 3))[0] for s in (shift, -shift))
        assert_allclose(tangents[:, k], (up - down) / 2e-6, atol=1e-8)


@pytest.mark.parametrize("frequency", [(0, 0), (9, 1), (1,), "ab", (np.nan, 1)])
def test_sine_refuses_frequencies_that_do_not_fit(frequency):
    with pytest.raises(ValueError, match="frequency"):
        make_sine_images(2, 16, frequency=frequency)


def shoelace(vertices):
    y, x = np.moveaxis(vertices, -1, 0)
    after_y, after_x = np.roll(y, -1, axis=-1), np.roll(x, -1, axis=-1)
    return np.abs((x * after_y - after_x * y).sum(-1)) / 2


def test_polygon_coverage_sums_to_the_shoelace_area(rng):
    turn = np.sort(rng.uniform(0, 2 * np.pi, (50, 7)), axis=1)
    far = rng.uniform(3, 9, (50, 7))
    vertices = 10 + far[..., None] * np.stack([np.sin(turn), np.cos(turn)], -1)
    whole = np.ptp(np.append(turn, turn[:, :1] + 2 * np.pi, 1), axis=1) > 0
    gap = np.diff(np.append(turn, turn[:, :1] + 2 * np.pi, 1), axis=1).max(1)
    vertices = vertices[whole & (gap < np.pi)]  # the others may cross themselves
    coverage = polygon_coverage(vertices, (21, 22))
    assert_allclose(coverage.sum((1, 2)), shoelace(vertices), rtol=1e-10)
    assert_allclose(coverage, polygon_coverage(vertices[:, ::-1], (21, 22)), atol=1e-10)


def test_polygon_coverage_of_a_box_is_a_product(rng):
    top, left, bottom, right = 2.3, 1.1, 7.75, 5.2
    box = np.array([[[top, left], [top, right], [bottom, right], [bottom, left]]])
    rows = np.clip(np.minimum(np.arange(10) + 0.5, bottom)
                   - np.maximum(np.arange(10) - 0.5, top), 0, 1)  # fmt: skip
    columns = np.clip(np.minimum(np.arange(9) + 0.5, right)
                      - np.maximum(np.arange(9) - 0.5, left), 0, 1)  # fmt: skip
    assert_allclose(polygon_coverage(box, (10, 9))[0], np.outer(rows, columns), atol=1e-12)


def test_polygon_coverage_against_fine_sampling(global_random_seed):
    _, latents = make_polygon_images(
        20, 16, n_vertices=(3, 7), return_latents=True, random_state=global_random_seed
    )
    vertices = latents.vertices[:, 0]
    fine = 40
    centres = (np.arange(16 * fine) + 0.5) / fine - 0.5
    inside = np.zeros((20, 16 * fine, 16 * fine), bool)
    for k in range(vertices.shape[1]):  # crossings of the ray to the right
        (y0, x0), (y1, x1) = vertices[:, k - 1].T, vertices[:, k].T
        y0, x0, y1, x1 = (v[:, None, None] for v in (y0, x0, y1, x1))
        y = centres[None, :, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
        inside ^= ((y0 > y) != (y1 > y)) & (centres[None, None] < crossing)
    counted = inside.reshape(20, 16, fine, 16, fine).mean((2, 4))
    assert_allclose(polygon_coverage(vertices, (16, 16)), counted, atol=0.02)


def test_polygon_images_are_layers_of_their_latents(global_random_seed):
    images, latents = make_polygon_images(
        10, 24, n_polygons=3, n_vertices=4, return_latents=True, dtype=np.float64,
        random_state=global_random_seed,
    )  # fmt: skip
    assert latents.vertices.shape == (10, 3, 4, 2)
    levels = latents.intensities[:, :, None, None]
    expected = np.broadcast_to(levels[:, 0], images.shape)
    for p in range(3):
        coverage = polygon_coverage(latents.vertices[:, p], (24, 24))
        expected = expected + coverage * (levels[:, p + 1] - expected)
    assert_allclose(images, expected, atol=1e-12)


def test_polygon_numbers_of_vertices_lie_in_the_range(global_random_seed):
    _, latents = make_polygon_images(
        300, 16, n_vertices=(3, 5), return_latents=True, random_state=global_random_seed
    )
    counts = [len(np.unique(v, axis=0)) for v in latents.vertices[:, 0]]
    assert set(counts) == {3, 4, 5}


@pytest.mark.parametrize("n_vertices", [2, (2, 5), (5, 3), 3.5, "many"])
def test_polygon_refuses_fewer_than_three_vertices(n_vertices):
    with pytest.raises(ValueError, match="n_vertices"):
        make_polygon_images(2, 16, n_vertices=n_vertices)
