"""FunctionDenoiser: any function as a denoiser."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk.denoisers import FunctionDenoiser


def halve(image):
    return image / 2


def subtract(image, level):
    return image - level


def blend(image, weight=0.5, *, sigma):
    return image * (1 - weight) + sigma


def in_place(image):
    image *= 2
    return image


WAYS = [
    (halve, "auto", True, lambda x, s: x / 2),
    (subtract, "auto", False, lambda x, s: x - s),
    (blend, "auto", False, lambda x, s: x / 2 + s),
    (partial(blend, weight=0.25), "keyword", False, lambda x, s: 0.75 * x + s),
    (partial(subtract, level=3.0), "auto", True, lambda x, s: x - 3),
    (partial(blend, sigma=2.0), "never", True, lambda x, s: x / 2 + 2),
    (np.add, "position", False, lambda x, s: x + s),
    (np.negative, "auto", True, lambda x, s: -x),
]


@pytest.mark.parametrize("func, passes_sigma, blind, expected", WAYS)
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_each_way_to_pass_sigma(func, passes_sigma, blind, expected, n_jobs, rng):
    images = rng.randn(3, 5, 4)
    sigma = np.array([0.1, 0.2, 0.5])
    denoiser = FunctionDenoiser(func, passes_sigma=passes_sigma, n_jobs=n_jobs).fit(images)
    out = denoiser.transform(images, sigma=sigma)
    assert_allclose(out, expected(images, sigma[:, None, None]))
    assert denoiser.blind is blind


@pytest.mark.parametrize("shape", [(5, 4), (1, 5, 4), (3, 5, 4)])
def test_what_the_function_sees(shape):
    seen = []

    def remember(image):
        seen.append(image.shape)
        return image

    images = np.zeros((2, *shape))
    FunctionDenoiser(remember).fit(images).transform(images)
    assert seen == [shape if shape[0] == 3 else (5, 4)] * 2


def test_a_function_that_writes_into_its_image_does_not_reach_the_users(rng):
    images = rng.randn(2, 4, 4)
    before = images.copy()
    out = FunctionDenoiser(in_place).fit(images).transform(images)
    assert_array_equal(images, before)
    assert_array_equal(out, 2 * before)


BAD_RESULTS = {
    "list": (lambda image: image.tolist(), TypeError, "float ndarray of shape .*, got list"),
    "none": (lambda image: None, TypeError, "got NoneType"),
    "integers": (lambda image: image.astype(int), TypeError, "got int64 array"),
    "complex": (lambda image: image + 0j, TypeError, "got complex128 array"),
    "shape": (lambda image: image[:2], ValueError, r"\(4, 4\), got \(2, 4\)"),
    "stack": (lambda image: image[None], ValueError, r"\(4, 4\), got \(1, 4, 4\)"),
    "nan": (lambda image: image * np.nan, ValueError, "NaN or infinity"),
}


@pytest.mark.parametrize("case", BAD_RESULTS)
def test_bad_results(case):
    func, error, message = BAD_RESULTS[case]
    images = np.ones((1, 4, 4))
    with pytest.raises(error, match=f"func: .*{message}"):
        FunctionDenoiser(func).fit(images).transform(images)


def test_bad_parameters():
    with pytest.raises((TypeError, ValueError), match="func"):
        FunctionDenoiser("median").fit(np.ones((1, 4, 4)))
    with pytest.raises(ValueError, match="passes_sigma"):
        FunctionDenoiser(halve, passes_sigma="sometimes").fit(np.ones((1, 4, 4)))


def test_errors_of_the_function_come_through():
    def fail(image):
        raise RuntimeError("no more film")

    with pytest.raises(RuntimeError, match="no more film"):
        FunctionDenoiser(fail).fit(np.ones((1, 4, 4))).transform(np.ones((1, 4, 4)))
