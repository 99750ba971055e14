import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk import add_gaussian_noise
from gahb_sk.experiments import distance_divergence, memorization_test
from gahb_sk.image_classes import DiskImages


@pytest.fixture
def images(global_random_seed):
    """To train on, fresh ones, and those that are judged."""
    X = DiskImages(8).sample(1200, global_random_seed)
    return X[:100], X[100:900], X[900:]


def test_fresh_images_are_within_the_null(images):
    """In one of 20 cases they are above its 95 %, so several sets are judged."""
    train, fresh, more = images
    found = [distance_divergence(part, train, fresh, n_resamples=40) for part in np.split(more, 6)]
    assert sum(one.value > one.null for one in found) <= 3
    assert all(0.25 < one.nearer < 0.75 for one in found)
    assert abs(np.mean([one.nearer for one in found]) - 0.5) < 5 * 0.3 / np.sqrt(300)


def test_copies_are_nearer_and_other_images_farther(images, rng):
    train, fresh, more = images
    copies = distance_divergence(add_gaussian_noise(train, 0.003, random_state=rng), train, fresh)
    assert copies.low > copies.null and copies.nearer > 0.95
    strange = distance_divergence(rng.normal(size=more.shape), train, fresh)
    assert strange.low > strange.null and strange.nearer < 0.05


def test_more_copies_diverge_more(images):
    train, fresh, more = images
    values = [
        distance_divergence(np.concatenate([train[:k], more[: 100 - k]]), train, fresh)
        for k in (0, 30, 90)
    ]
    assert values[0].value < values[1].value < values[2].value
    assert values[0].nearer < values[1].nearer < values[2].nearer


def test_it_holds_its_distances_and_lies_in_its_interval(images):
    train, fresh, more = images
    samples = np.concatenate([train[:40], more[:60]])
    found = distance_divergence(samples, train, fresh, random_state=1)
    assert_allclose(found.test.p_values, memorization_test(samples, train, fresh).p_values)
    assert found.low < found.value < found.high
    assert found.nearer_low < found.nearer < found.nearer_high
    again = distance_divergence(samples, train, fresh, random_state=1)
    assert (again.low, again.null) == (found.low, found.null)
    equal = np.mean(found.test.statistic[:, None] < found.test.null)
    ties = np.mean(found.test.statistic[:, None] == found.test.null)
    assert_allclose(found.nearer, equal + ties / 2)
