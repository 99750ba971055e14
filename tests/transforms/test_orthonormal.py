"""Every fixed transform is orthonormal, on every size it accepts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk.transforms import (
    CosineTransform,
    FourierTransform,
    PCATransform,
    WaveletTransform,
    principal_components,
)

SHAPES = [(1, 1), (1, 4), (7, 1), (2, 3), (5, 5), (13, 17), (16, 16), (31, 8), (33, 64)]


def random_pca(shape, n_images=6):
    images = np.random.RandomState(0).randn(n_images, *shape)
    return PCATransform(shape, principal_components(images)[2])


MAKERS = {
    "haar": lambda shape: WaveletTransform(shape, "haar"),
    "db4": lambda shape: WaveletTransform(shape, "db4"),
    "coif3": lambda shape: WaveletTransform(shape, "coif3"),
    "cosine": CosineTransform,
    "fourier": FourierTransform,
    "pca": random_pca,
}

every_transform = pytest.mark.parametrize("name", MAKERS)
every_shape = pytest.mark.parametrize("shape", SHAPES)


@every_shape
@every_transform
def test_perfect_reconstruction_and_parseval(name, shape, rng):
    transform = MAKERS[name](shape)
    images = rng.randn(3, 2, *shape)
    coefficients = transform.forward(images)
    assert coefficients.shape == images.shape
    assert_allclose(transform.inverse(coefficients), images, atol=1e-10)
    energy = np.sum(images**2, axis=(-2, -1))
    assert_allclose(np.sum(coefficients**2, axis=(-2, -1)), energy, rtol=1e-10)


@every_transform
@pytest.mark.parametrize("shape", [(1, 5), (6, 6), (7, 12)])
def test_coefficients_are_products_with_the_vectors(name, shape, rng):
    transform = MAKERS[name](shape)
    vectors = transform.vectors().reshape(transform.size, -1)
    assert_allclose(vectors @ vectors.T, np.eye(transform.size), atol=1e-10)
    image = rng.randn(*shape)
    assert_allclose(transform.forward(image).ravel(), vectors @ image.ravel(), atol=1e-10)
    assert_allclose(transform.vectors([2, 0]).reshape(2, -1), vectors[[2, 0]], atol=1e-12)


@every_transform
def test_inverse_is_the_adjoint(name, rng):
    transform = MAKERS[name]((9, 14))
    u, v = rng.randn(2, 9, 14)
    assert_allclose(np.sum(transform.forward(u) * v), np.sum(u * transform.inverse(v)))


@every_transform
def test_precision_is_kept_and_input_untouched(name, rng):
    transform = MAKERS[name]((12, 9))
    images = rng.randn(2, 12, 9).astype(np.float32)
    before = images.copy()
    coefficients = transform.forward(images)
    kept = coefficients.copy()
    assert coefficients.dtype == np.float32
    back = transform.inverse(coefficients)
    assert back.dtype == np.float32
    assert_allclose(back, images, atol=1e-5)
    assert_array_equal(images, before)
    assert_array_equal(coefficients, kept)


@every_shape
@every_transform
def test_bands_tile_the_coefficients(name, shape):
    transform = MAKERS[name](shape)
    count = np.zeros(shape, dtype=int)
    for band in transform.subbands():
        band.of(count)[...] += 1
    assert_array_equal(count, 1)


@every_transform
def test_other_sizes_and_kinds_are_refused(name):
    transform = MAKERS[name]((8, 8))
    with pytest.raises(ValueError, match=r"images must have shape \(\.\.\., 8, 8\)"):
        transform.forward(np.zeros((2, 8, 9)))
    with pytest.raises(ValueError, match="coefficients must have shape"):
        transform.inverse(np.zeros((9, 8)))
    with pytest.raises(TypeError, match="float32 or float64, got int"):
        transform.forward(np.zeros((8, 8), dtype=int))


def test_sizes_must_be_positive():
    with pytest.raises(ValueError, match="positive sizes"):
        CosineTransform((0, 3))


def test_cosines_of_frequency_zero_and_one():
    transform = CosineTransform((4, 6))
    columns = np.cos(np.pi * (2 * np.arange(6) + 1) / 12)
    constant, wave = transform.vectors([0, 1])
    assert_allclose(constant, 1 / np.sqrt(24))
    assert_allclose(wave, np.tile(columns, (4, 1)) / np.sqrt(4 * 3), atol=1e-12)


def test_fourier_coefficients_hold_cosines_and_sines():
    transform = FourierTransform((4, 8))
    phase = 2 * np.pi * 3 * np.arange(8) / 8
    for wave, place in ((np.cos(phase), 3), (np.sin(phase), 8 - 3)):
        coefficients = transform.forward(np.tile(wave, (4, 1)))
        expected = np.zeros((4, 8))
        expected[0, place] = np.sqrt(4 * 4)
        assert_allclose(coefficients, expected, atol=1e-12)


def test_translation_keeps_the_power_of_a_frequency(rng):
    transform = FourierTransform((7, 9))
    image = rng.randn(7, 9)

    def power(x):
        squares = transform.forward(x) ** 2
        opposite = squares[-np.arange(7) % 7][:, -np.arange(9) % 9]
        return squares + opposite

    assert_allclose(power(np.roll(image, (2, 5), (0, 1))), power(image), atol=1e-10)
