"""What every generator keeps: an image depends on the seed and its own number only."""

import pickle
from itertools import islice

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import datasets
from gahb_sk.datasets import FreshImages
from gahb_sk.datasets._prefetch import prefetched

MAKERS = {
    "c_alpha": (datasets.make_c_alpha_images, {}),
    "c_alpha rotated": (
        datasets.make_c_alpha_images,
        {"orientation": "random", "antialias": "area"},
    ),
    "disks": (datasets.make_disk_images, {}),
    "disks wrapped": (datasets.make_disk_images, {"wrap": True}),
    "disks integer": (datasets.make_disk_images, {"generator": "integer", "rim": "hard"}),
    "rays": (datasets.make_ray_images, {}),
    "sines": (datasets.make_sine_images, {}),
    "polygons": (datasets.make_polygon_images, {"n_polygons": 2}),
}
every_maker = pytest.mark.parametrize("name", MAKERS)


def make(name, n, **options):
    function, params = MAKERS[name]
    return function(n, **{"image_size": (10, 13), **params, **options})


@every_maker
def test_image_k_depends_on_seed_and_k_alone(name, global_random_seed):
    images = make(name, 9, random_state=global_random_seed)
    assert images.shape == (9, 10, 13) and images.dtype == np.float32
    alone = [make(name, 1, first_image=k, random_state=global_random_seed)[0] for k in range(9)]
    assert_array_equal(images, alone)


@every_maker
def test_threads_change_nothing(name, global_random_seed):
    options = {"image_size": 64, "random_state": global_random_seed}
    assert_array_equal(make(name, 60, **options), make(name, 60, n_jobs=3, **options))


@every_maker
def test_both_precisions_see_the_same_draws(name, global_random_seed):
    single = make(name, 5, random_state=global_random_seed)
    double = make(name, 5, random_state=global_random_seed, dtype=np.float64)
    assert double.dtype == np.float64
    assert_allclose(single, double, atol=1e-5)


@every_maker
def test_seeds(name):
    assert_array_equal(make(name, 2, random_state=3), make(name, 2, random_state=3))
    assert not np.array_equal(make(name, 2, random_state=3), make(name, 2, random_state=4))
    state = np.random.RandomState(0)
    assert not np.array_equal(make(name, 2, random_state=state), make(name, 2, random_state=state))


@every_maker
def test_global_state_is_left_alone(name):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make(name, 2)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@every_maker
def test_no_images_are_an_empty_stack(name):
    assert make(name, 0).shape == (0, 10, 13)
    with pytest.raises(ValueError, match="n_samples"):
        make(name, -1)
    with pytest.raises(ValueError, match="image_size"):
        make(name, 1, image_size=3)


@every_maker
def test_fresh_images_are_those_of_the_generator(name, global_random_seed):
    function, params = MAKERS[name]
    stream = FreshImages(function, image_size=(10, 13), random_state=global_random_seed, **params)
    assert stream.shape_of_image == (10, 13) and stream.dtype == np.float32
    images = make(name, 12, random_state=global_random_seed)
    assert_array_equal(stream.take(0, 12), images)
    assert_array_equal(stream.take(5, 7), images[5:7])
    assert_array_equal(stream.read([3, 4, 5, 1, 11]), images[[3, 4, 5, 1, 11]])
    assert_array_equal(pickle.loads(pickle.dumps(stream)).take(2, 4), images[2:4])


def test_fresh_images_come_in_batches_without_end(global_random_seed):
    stream = FreshImages(datasets.make_sine_images, image_size=8, random_state=global_random_seed)
    first = list(islice(stream.iter_batches(4, n_workers=2), 5))
    assert_array_equal(np.concatenate(first), stream.take(0, 20))
    bounded = list(stream.iter_batches(4, start=2, stop=9))
    assert [len(b) for b in bounded] == [4, 3]
    assert_array_equal(np.concatenate(bounded), stream.take(2, 9))
    assert_array_equal(list(islice(stream, 70))[69], stream.take(69, 70)[0])


def test_fresh_images_without_a_seed_keep_the_one_they_drew():
    stream = FreshImages(datasets.make_sine_images, image_size=8)
    assert_array_equal(stream.take(0, 2), stream.take(0, 2))
    other = FreshImages(datasets.make_sine_images, image_size=8)
    assert not np.array_equal(stream.take(0, 2), other.take(0, 2))
    assert len(pickle.dumps(stream)) < 1000


def test_fresh_images_refuse_what_they_set_themselves():
    with pytest.raises(TypeError, match="n_samples"):
        FreshImages(datasets.make_sine_images, n_samples=3)
    with pytest.raises(TypeError, match="make: expected a generator"):
        FreshImages("sines")
    with pytest.raises(ValueError, match="image_size"):
        FreshImages(datasets.make_sine_images, image_size=2)
    with pytest.raises(ValueError, match="start, stop"):
        FreshImages(datasets.make_sine_images).take(3, 1)


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
