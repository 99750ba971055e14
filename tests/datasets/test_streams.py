"""Endless streams of images of a class, made ahead of use."""

import pickle
from itertools import islice

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gahb_sk.datasets import FreshImages, make_sine_images
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


class Recorded(FreshImages):
    """A stream that notes which batches are made, and may fail at one."""

    def __init__(self, fails_at=None):
        super().__init__(SineImages(8), random_state=0)
        self.started, self.fails_at = [], fails_at

    def take(self, start, stop):
        self.started.append(start)
        if start == self.fails_at:
            raise ZeroDivisionError
        return super().take(start, stop)


def test_batches_made_ahead_keep_their_order_and_few_wait():
    stream = Recorded()
    batches = stream.iter_batches(2, n_workers=3, ahead=4)
    made = [next(batches) for _ in range(10)]
    assert_array_equal(np.concatenate(made), FreshImages(SineImages(8), random_state=0).take(0, 20))
    assert len(stream.started) <= 10 + 4 + 1
    batches.close()
    assert len(stream.started) <= 10 + 4 + 1


def test_an_error_ahead_is_raised_where_the_batch_would_have_come():
    batches = Recorded(fails_at=2).iter_batches(1, n_workers=2)
    assert len(next(batches)) == len(next(batches)) == 1
    with pytest.raises(ZeroDivisionError):
        next(batches)
