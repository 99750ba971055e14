"""Linear measurements: orthonormal, adjoint, and what they refuse."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk.sampling import (
    BlockAverage,
    Inpainting,
    LinearMeasurement,
    RandomPixels,
    RandomProjection,
    SpectralLowPass,
    check_operator,
)


def centre_mask(shape):
    mask = np.ones(shape, bool)
    mask[..., 2:5, 1:4] = False
    return mask


MAKERS = {
    "inpainting": lambda shape: Inpainting(centre_mask(shape)),
    "pixels": lambda shape: RandomPixels(shape, 0.3, random_state=0),
    "blocks": lambda shape: BlockAverage(shape, 2),
    "spectral": lambda shape: SpectralLowPass(shape, 0.2),
    "projection": lambda shape: RandomProjection(shape, 17, random_state=0),
}


@pytest.fixture(params=[(8, 6), (3, 8, 6)], ids=["grey", "colour"])
def shape(request):
    return request.param


@pytest.mark.parametrize("make", MAKERS.values(), ids=list(MAKERS))
class TestEveryOperator:
    def test_columns_are_orthonormal_and_both_ways_are_adjoint(self, make, shape, rng):
        operator = make(shape)
        assert operator.image_shape == shape
        m = operator.n_measurements
        matrix = operator.adjoint(np.eye(m)).reshape(m, -1)
        assert_allclose(matrix @ matrix.T, np.eye(m), atol=1e-12)
        images = rng.standard_normal((4, *shape))
        assert_allclose(operator.measure(images), images.reshape(4, -1) @ matrix.T, atol=1e-12)

    def test_projection_is_idempotent(self, make, shape, rng):
        operator = make(shape)
        once = operator.project(rng.standard_normal((2, *shape)))
        assert_allclose(operator.project(once), once, atol=1e-12)

    def test_passes_the_probe(self, make, shape):
        check_operator(make(shape))

    def test_precision_is_kept(self, make, shape):
        operator = make(shape)
        if not isinstance(operator, RandomProjection):
            measured = operator.measure(np.ones((1, *shape), np.float32))
            assert measured.dtype == operator.adjoint(measured).dtype == np.float32

    def test_images_of_another_shape(self, make, shape):
        with pytest.raises(ValueError, match="images: expected shape"):
            make(shape).measure(np.zeros((2, 5, 5)))

    def test_measurements_of_another_number(self, make, shape):
        with pytest.raises(ValueError, match="measurements: expected shape"):
            make(shape).adjoint(np.zeros((2, 1000)))


def test_block_average_is_the_average(rng):
    operator = BlockAverage((6, 4), 2)
    images = rng.random((3, 6, 4))
    small = operator.to_images(operator.measure(images))
    assert_allclose(small[:, 0, 0], images[:, :2, :2].mean(axis=(1, 2)))
    assert_allclose(operator.project(np.ones((1, 6, 4))), 1)


def test_low_pass_keeps_slow_waves_and_removes_fast_ones():
    x = np.arange(16)
    operator = SpectralLowPass((16, 16), 0.2)
    slow = np.cos(2 * np.pi * 2 * x / 16)[None] + np.zeros((16, 1))
    fast = np.cos(2 * np.pi * 7 * x / 16)[None] + np.zeros((16, 1))
    assert_allclose(operator.project(slow[None])[0], slow, atol=1e-12)
    assert_allclose(operator.project(fast[None])[0], 0, atol=1e-12)


def test_fractions_count_pixels():
    assert RandomPixels((10, 10), 0.3, random_state=0).n_measurements == 30
    assert abs(SpectralLowPass((10, 10), 0.3).n_measurements - 30) <= 8
    assert RandomPixels((4, 4), 1.0).n_measurements == 16


def test_seeds_decide():
    one, two = (RandomPixels((8, 8), 0.5, random_state=0).mask for _ in range(2))
    assert (one == two).all()
    assert (one != RandomPixels((8, 8), 0.5, random_state=1).mask).any()


class Scaled(LinearMeasurement):
    image_shape, n_measurements = (2, 2), 4

    def measure(self, images):
        return 2 * images.reshape(-1, 4)

    def adjoint(self, measurements):
        return 2 * measurements.reshape(-1, 2, 2)


class NotAdjoint(Scaled):
    def adjoint(self, measurements):
        return measurements.reshape(-1, 2, 2) / 2


class Short(Scaled):
    n_measurements = 3

    def adjoint(self, measurements):
        return np.zeros((len(measurements), 2, 2))


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Scaled(), "not orthonormal"),
        (NotAdjoint(), "not the adjoint"),
        (Short(), "expected measurements"),
    ],
)
def test_probe_finds(operator, message):
    with pytest.raises(ValueError, match=message):
        check_operator(operator)


def test_something_that_is_no_operator():
    with pytest.raises(TypeError, match="has no 'measure'"):
        check_operator(np.eye(3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Inpainting(np.ones((3, 3))), "mask: expected booleans"),
        (lambda: Inpainting(np.zeros((3, 3), bool)), "at least one known"),
        (lambda: RandomPixels((3, 3), 0.0), "fraction"),
        (lambda: RandomPixels((3,), 0.5), "image_shape"),
        (lambda: BlockAverage((6, 4), 4), "divides the sides"),
        (lambda: BlockAverage((6, 4), 2.0), "divides the sides"),
        (lambda: SpectralLowPass((6, 4), 1.5), "fraction"),
        (lambda: RandomProjection((2, 2), 5), "between 1 and 4"),
    ],
)
def test_bad_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()
