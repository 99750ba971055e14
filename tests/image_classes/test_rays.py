"""Rays: one image times an intensity."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk.datasets import make_ray_images
from gahb_sk.image_classes import RayImages


def test_ray_is_one_image_times_its_parameter(global_random_seed, rng):
    u = rng.uniform(size=(3, 8, 9))
    law = RayImages(image=u, intensity_range=(0.5, 2))
    images, params = law.sample(7, global_random_seed, return_latents=True, dtype=np.float64)
    tangents = law.tangents(params)
    assert_allclose(images, params[:, :, None, None] * u, rtol=1e-14)
    assert_array_equal(tangents, np.broadcast_to(u, (7, 1, 3, 8, 9)))
    assert params.min() >= 0.5 and params.max() < 2 and np.ptp(params) > 0


def test_make_ray_images_draws_the_image_from_the_seed(global_random_seed):
    images = make_ray_images(6, (10, 12), dtype=np.float64, random_state=global_random_seed)
    law = RayImages.drawn((10, 12), global_random_seed)
    assert_array_equal(images, law.sample(6, global_random_seed, dtype=np.float64))
    assert np.linalg.matrix_rank(images.reshape(6, -1), tol=1e-10) == 1
    assert law != RayImages.drawn((10, 12), global_random_seed + 1)
    assert RayImages((10, 12)) == RayImages.drawn((10, 12), 0)


@pytest.mark.parametrize("limits", [(0.0, 1.0), (0.5, 2.0), (-3.0, -1.0)])
def test_the_ray_is_found_from_its_images(limits, global_random_seed, rng):
    law = RayImages(image=rng.uniform(size=(2, 8, 9)), intensity_range=limits)
    images, a = law.sample(30, global_random_seed, return_latents=True, dtype=np.float64)
    found = RayImages.from_images(images, intensity_range=limits)
    top = max(limits, key=abs)
    largest = a[np.abs(a).argmax()]
    assert_allclose(found.image, law.image * largest / top, atol=1e-12)


def test_ray_refuses_what_is_no_image():
    with pytest.raises(ValueError, match="image: expected one finite image"):
        RayImages(image=[[1.0, np.nan]])
    with pytest.raises(ValueError, match="image: expected one finite image"):
        RayImages(image=np.ones(5))
    with pytest.raises(ValueError, match=r"expected that of image, \(8, 9\)"):
        RayImages(16, image=np.ones((8, 9)))
