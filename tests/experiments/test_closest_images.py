import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk.datasets import ImageStack, make_disk_images
from gahb_sk.experiments import closest_images
from gahb_sk.image_classes import DiskImages
from gahb_sk.metrics import cosine_similarity


def brute_force(samples, X, centered):
    pairs = [
        cosine_similarity(np.repeat(one[None], len(X), 0), X, centered=centered) for one in samples
    ]
    return np.argmax(pairs, 1), np.max(pairs, 1)


@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("shape", [(6, 5), (3, 6, 5)])
def test_it_is_the_largest_cosine(centered, shape, rng):
    X, samples = rng.normal(size=(40, *shape)) + 1, rng.normal(size=(7, *shape)) + 1
    index, cosine = brute_force(samples, X, centered)
    found = closest_images(samples, X, centered=centered)
    assert_array_equal(found.index, index)
    assert_allclose(found.cosine, cosine, rtol=1e-12)


def test_blocks_and_lazy_stacks_change_nothing(rng):
    stack = ImageStack.from_class(DiskImages(1024), 12, 0)  # more than is read at a time
    X, noise = np.asarray(stack), 0.1 * rng.normal(size=(3, 1024, 1024))
    wanted = [11, 2, 7]
    found = closest_images(X[wanted] + noise, X)
    assert_array_equal(found.index, wanted)
    lazy = closest_images(X[wanted] + noise, stack)
    assert_array_equal(lazy.index, found.index)
    assert_array_equal(lazy.cosine, found.cosine)


def test_scale_and_offset_do_not_matter(rng):
    X = rng.normal(size=(30, 5, 5))
    chosen = rng.permutation(30)[:6]
    found = closest_images(7 * X[chosen] - 3, X, centered=True)
    assert_array_equal(found.index, chosen)
    assert_allclose(found.cosine, 1)


def test_single_precision_finds_an_image_itself(global_random_seed):
    X = make_disk_images(200, 16, random_state=global_random_seed).astype(np.float32)
    found = closest_images(X, X)
    assert_allclose(found.cosine, 1, rtol=1e-6)


def test_other_shapes_are_refused(rng):
    with pytest.raises(ValueError, match=r"shape of X, \(5, 5\), got shape \(4, 4\)"):
        closest_images(rng.normal(size=(2, 4, 4)), rng.normal(size=(3, 5, 5)))
