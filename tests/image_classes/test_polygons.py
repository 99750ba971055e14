"""Polygons: exact areas, layers, vertices."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk.image_classes import PolygonImages, polygon_coverage


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
    _, latents = PolygonImages(16, n_vertices=(3, 7)).sample(
        20, global_random_seed, return_latents=True
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
    images, latents = PolygonImages(24, n_polygons=3, n_vertices=4).sample(
        10, global_random_seed, return_latents=True, dtype=np.float64
    )
    assert latents.vertices.shape == (10, 3, 4, 2)
    levels = latents.intensities[:, :, None, None]
    expected = np.broadcast_to(levels[:, 0], images.shape)
    for p in range(3):
        coverage = polygon_coverage(latents.vertices[:, p], (24, 24))
        expected = expected + coverage * (levels[:, p + 1] - expected)
    assert_allclose(images, expected, atol=1e-12)


def test_polygon_numbers_of_vertices_lie_in_the_range(global_random_seed):
    _, latents = PolygonImages(16, n_vertices=(3, 5)).sample(
        300, global_random_seed, return_latents=True
    )
    counts = [len(np.unique(v, axis=0)) for v in latents.vertices[:, 0]]
    assert set(counts) == {3, 4, 5}


@pytest.mark.parametrize("n_vertices", [2, (2, 5), (5, 3), 3.5, "many"])
def test_polygon_refuses_fewer_than_three_vertices(n_vertices):
    with pytest.raises(ValueError, match="n_vertices"):
        PolygonImages(16, n_vertices=n_vertices)
