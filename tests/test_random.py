"""Seeds: each image has a stream of its own, and no global state is touched."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gahb_sk import add_gaussian_noise
from gahb_sk.image_classes import DiskImages


def noise(seed, n=5, shape=(3, 4), **options):
    return add_gaussian_noise(np.zeros((n, *shape)), 1.0, seed, **options)


def test_an_int_repeats_and_a_random_state_advances(global_random_seed):
    assert_array_equal(noise(global_random_seed), noise(global_random_seed))
    state = np.random.RandomState(global_random_seed)
    assert not np.isclose(noise(state), noise(state)).any()
    assert not np.isclose(noise(None), noise(None)).any()


@pytest.mark.parametrize("bad", [np.random.default_rng(0), "seed", -1, 0.5, True])
def test_other_seeds_are_refused(bad):
    with pytest.raises(ValueError, match="random_state"):
        noise(bad)


def test_an_image_owns_its_stream(global_random_seed):
    together = noise(global_random_seed)
    assert_array_equal(noise(global_random_seed, 2, indices=[4, 1]), together[[4, 1]])
    assert_array_equal(noise(global_random_seed, shape=(12, 1)).ravel(), together.ravel())
    single = add_gaussian_noise(np.zeros((5, 3, 4), np.float32), 1.0, global_random_seed)
    assert_array_equal(single, together.astype(np.float32))


def test_streams_of_images_and_seeds_differ(global_random_seed):
    one, other = noise(global_random_seed), noise(global_random_seed + 1)
    values = np.concatenate([one.ravel(), other.ravel()])
    assert len(np.unique(values)) == len(values)


def test_uniforms_lie_in_their_range(global_random_seed):
    law = DiskImages(8, intensity_range=(0.2, 0.6))
    _, latents = law.sample(2000, global_random_seed, return_latents=True)
    draws = latents[:, 3:]
    assert draws.min() >= 0.2 and draws.max() < 0.6
    # The mean of 4,000 draws has standard deviation 0.0018.
    assert abs(draws.mean() - 0.4) < 0.01


def test_normals_have_unit_variance(global_random_seed):
    draws = noise(global_random_seed, 50, (20, 20))
    assert abs(draws.mean()) < 0.04
    assert abs(draws.var() - 1) < 0.06
