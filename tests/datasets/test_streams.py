"""Endless streams of images of a class, made ahead of use."""

import pickle
from itertools import islice

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gahb_sk.datasets import FreshImages, make_sine_images
from gahb_sk.datasets._prefetch import prefetched
from gahb_sk.image_classes import CAlphaImages, DiskImages, RayImages, SineImages

CLASSES = [CAlphaImages((10, 13)), DiskImages((10, 13), wrap=True), RayImages((10, 13))]


@pytest.mark.parametrize("law", CLASSES, ids=repr)
def test_fresh_images_are_those_of_the_class(law, global_random_seed):
    stream = FreshImages(law, global_random_seed)
    assert stream.shape_of_image == (10, 13) and stream.dtype == np.float32
    images = law.sample(12, global_random_seed)
    assert_array_equal(stream.take(0, 12), images)
    assert_array_equal(stream.take(5, 7), images[5:7])
    assert_array_equal(stream.read([3, 4, 5, 1, 11]), images[[3, 4, 5, 1, 11]])
    assert_array_equal(pickle.loads(pickle.dumps(stream)).take(2, 4), images[2:4])


def test_fresh_images_come_in_batches_without_end(global_random_seed):
    stream = FreshImages(SineImages(8), random_state=global_random_seed)
    first = list(islice(stream.iter_batches(4, n_workers=2), 5))
    assert_array_equal(np.concatenate(first), stream.take(0, 20))
    bounded = list(stream.iter_batches(4, start=2, stop=9))
    assert [len(b) for b in bounded] == [4, 3]
    assert_array_equal(np.concatenate(bounded), stream.take(2, 9))
    assert_array_equal(list(islice(stream, 70))[69], stream.take(69, 70)[0])


def test_fresh_images_without_a_seed_keep_the_one_they_drew():
    stream = FreshImages(SineImages(8))
    assert_array_equal(stream.take(0, 2), stream.take(0, 2))
    other = FreshImages(SineImages(8))
    assert not np.array_equal(stream.take(0, 2), other.take(0, 2))
    assert len(pickle.dumps(stream)) < 1000


def test_fresh_images_refuse_what_is_no_class():
    with pytest.raises(TypeError, match="image_class: expected an object"):
        FreshImages(make_sine_images)
    with pytest.raises(ValueError, match="dtype"):
        FreshImages(SineImages(8), dtype=int)
    with pytest.raises(ValueError, match="start, stop"):
        FreshImages(SineImages(8)).take(3, 1)


def test_prefetched_keeps_order_and_bounds_what_waits():
    started = []

    def work(k):
        started.append(k)
        return k * k

    results = prefetched(work, range(1000), n_workers=3, ahead=4)
    assert [next(results) for _ in range(10)] == [k * k for k in range(10)]
    assert len(started) <= 10 + 4 + 1
    results.close()
    assert len(started) <= 10 + 4 + 1


def test_prefetched_raises_where_the_result_would_have_come():
    results = prefetched(lambda k: 1 // (k - 2), range(5), n_workers=2)
    assert [next(results), next(results)] == [-1, -1]
    with pytest.raises(ZeroDivisionError):
        next(results)
