import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gahb_sk._random import child, image_normals, image_uniforms, seed_sequence, torch_seed


def test_an_int_repeats_and_a_random_state_advances(global_random_seed):
    assert seed_sequence(global_random_seed).entropy == seed_sequence(global_random_seed).entropy
    state = np.random.RandomState(global_random_seed)
    assert seed_sequence(state).entropy != seed_sequence(state).entropy
    assert seed_sequence(None).entropy != seed_sequence(None).entropy


@pytest.mark.parametrize("bad", [np.random.default_rng(0), "seed", -1, 0.5, True])
def test_other_seeds_are_refused(bad):
    with pytest.raises(ValueError, match="random_state"):
        seed_sequence(bad)


def test_an_image_owns_its_stream(global_random_seed):
    root = seed_sequence(global_random_seed)
    together = image_normals(root, range(5), (3, 4))
    assert_array_equal(image_normals(root, [4, 1], (3, 4)), together[[4, 1]])
    assert_array_equal(image_normals(root, range(5), (12,)).ravel(), together.ravel())
    single = image_normals(root, range(5), (3, 4), np.float32)
    assert_array_equal(single, together.astype(np.float32))


def test_streams_differ_by_key(global_random_seed):
    root = seed_sequence(global_random_seed)
    first, second = (image_normals(child(root, key), [0], (8,)) for key in (1, 2))
    assert not np.isclose(first, second).any()
    assert root.n_children_spawned == 0
    assert torch_seed(child(root, 1)) != torch_seed(child(root, 2))


def test_uniforms_lie_in_their_range(global_random_seed):
    draws = image_uniforms(seed_sequence(global_random_seed), range(50), (20, 20), -1, 1)
    assert draws.min() >= -1 and draws.max() < 1
    # The mean of 20,000 draws has standard deviation 0.0041.
    assert abs(draws.mean()) < 0.025


def test_normals_have_unit_variance(global_random_seed):
    draws = image_normals(seed_sequence(global_random_seed), range(50), (20, 20))
    assert abs(draws.mean()) < 0.04
    assert abs(draws.var() - 1) < 0.06
