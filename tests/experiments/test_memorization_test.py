import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import false_discovery_control, kstest

from gahb_sk import add_gaussian_noise
from gahb_sk.datasets import ImageStack
from gahb_sk.experiments import memorization_test
from gahb_sk.image_classes import DiskImages
from gahb_sk.metrics import psnr

LAW = DiskImages(8)
STATISTICS = pytest.mark.parametrize("statistic", ["distance", "ratio"])


@pytest.fixture
def images(global_random_seed):
    """Images of one law: to train on, to compare with, and to test."""
    X = LAW.sample(2700, global_random_seed)
    return X[:200], X[200:2500], X[2500:]


@STATISTICS
def test_p_values_of_fresh_images_are_uniform(images, statistic):
    train, fresh, more = images
    found = memorization_test(more, train, fresh, statistic=statistic)
    assert kstest(found.p_values, "uniform").pvalue > 1e-4


def test_p_values_without_fresh_images_are_uniform(images):
    train, fresh, more = images
    found = memorization_test(more, fresh)
    assert kstest(found.p_values, "uniform").pvalue > 1e-4


def test_the_rank_of_each_sample_is_exact(rng):
    """The joined set is searched by brute force: the sample's rank among all its images."""
    train, samples = rng.normal(size=(9, 4, 4)), rng.normal(size=(25, 4, 4))
    samples[0] = train[3] + 1e-3
    found = memorization_test(samples, train)
    for sample, p_value in zip(samples, found.p_values, strict=True):
        joined = np.concatenate([train, sample[None]]).reshape(10, -1)
        away = np.linalg.norm(joined[:, None] - joined[None], axis=-1) + np.diag([np.inf] * 10)
        nearest = away.min(1)
        assert_allclose(p_value, np.mean(nearest <= nearest[-1] + 1e-9))


@STATISTICS
def test_planted_near_copies_are_found(images, statistic, rng):
    train, fresh, more = images
    copies = add_gaussian_noise(train[:50], 0.003, random_state=rng)
    assert psnr(train[:50], copies).max() < 55  # not copies bit by bit
    found = memorization_test(
        np.concatenate([copies, more[:50]]), train, fresh, statistic=statistic
    )
    assert found.memorized[:50].mean() > 0.9
    assert found.memorized[50:].mean() < 0.2
    assert_array_equal(found.index[:50], np.arange(50))


def test_copies_are_found_without_fresh_images(images, rng):
    train, fresh, more = images
    copies = add_gaussian_noise(fresh[:50], 0.001, random_state=rng)
    found = memorization_test(np.concatenate([copies, more[:50]]), fresh)
    assert found.memorized[:50].mean() > 0.9
    assert found.p_values.min() >= 2 / (len(fresh) + 1)


def test_q_values_are_those_of_benjamini_and_hochberg(images):
    train, fresh, more = images
    found = memorization_test(more, train, fresh, level=0.2)
    assert_array_equal(found.q_values, false_discovery_control(found.p_values, method="bh"))
    assert_array_equal(found.memorized, found.q_values <= 0.2)


def test_few_fresh_images_are_falsely_found(images):
    """Everything discovered among fresh images is false: at level 0.05 mostly nothing is."""
    train, fresh, more = images
    alarms = [
        memorization_test(part, train, calibration).memorized.any()
        for part, calibration in zip(np.split(more, 20), np.split(fresh, 20), strict=True)
    ]
    assert np.mean(alarms) < 0.3


def test_lazy_stacks_are_tested_as_arrays(global_random_seed):
    stack = ImageStack.from_class(LAW, 60, global_random_seed)
    whole = memorization_test(np.asarray(stack[40:]), np.asarray(stack[:20]), np.asarray(stack))
    found = memorization_test(stack[40:], stack[:20], stack)
    assert_array_equal(found.p_values, whole.p_values)


def test_what_cannot_be_tested_is_refused(images):
    train, fresh, more = images
    with pytest.raises(ValueError, match="samples: expected images of the shape of the training"):
        memorization_test(more[:, 1:], train, fresh)
    with pytest.raises(ValueError, match="fresh_images: expected images of the shape"):
        memorization_test(more, train, fresh[:, 1:])
    with pytest.raises(ValueError, match="at least 2 images"):
        memorization_test(more, train[:1], fresh)
    with pytest.raises(ValueError, match="statistic='distance'"):
        memorization_test(more, train, statistic="ratio")
