"""Wavelets: moments, locality, agreement with PyWavelets, bad input."""

import numpy as np
import pytest
import pywt
from numpy.testing import assert_allclose

from gahb_sk.transforms import WaveletTransform

ORTHOGONAL = [name for family in ("haar", "db", "sym", "coif") for name in pywt.wavelist(family)]
LENGTHS = [1, 2, 3, 4, 5, 8, 11, 16, 17, 30, 47, 64, 97]


def matrix_of(wavelet, length, n_scales=1):
    """The analysis matrix of one axis, from the transform of images one pixel wide."""
    transform = WaveletTransform((length, 1), wavelet, n_scales)
    return transform.forward(np.eye(length)[..., None])[..., 0].T


@pytest.mark.parametrize("wavelet", ORTHOGONAL)
def test_every_orthogonal_wavelet_is_orthonormal_on_every_length(wavelet):
    for length in LENGTHS:
        n_scales = min(4, max(length - 1, 1).bit_length() - 1)
        matrix = matrix_of(wavelet, length, n_scales)
        assert_allclose(matrix @ matrix.T, np.eye(length), atol=1e-10)


@pytest.mark.parametrize("length", [16, 21, 40])
@pytest.mark.parametrize("wavelet", ["haar", "db2", "db3", "sym4", "coif1"])
def test_details_vanish_on_polynomials_up_to_the_ends(wavelet, length):
    n_moments = pywt.Wavelet(wavelet).vanishing_moments_psi
    powers = np.linspace(-1, 1, length)[:, None] ** np.arange(n_moments)
    for scale in (1, 2, 3):
        values = matrix_of(wavelet, length, scale) @ powers
        first, last = -(-length // 2**scale), -(-length // 2 ** (scale - 1))
        if first >= n_moments:  # fewer low-pass coefficients cannot hold all polynomials
            assert_allclose(values[first:last], 0, atol=1e-9)


@pytest.mark.parametrize("wavelet", ["haar", "db3", "sym5", "coif2"])
def test_inner_coefficients_are_those_of_pywavelets(wavelet, rng):
    signal = rng.randn(96)
    matrix = matrix_of(wavelet, 96)
    ours = matrix @ signal
    low, high = pywt.dwt(signal, wavelet, mode="periodization")
    for values, theirs in ((ours[:48], low), (ours[48:], high)):
        inside = values[20:28]
        errors = [np.abs(np.roll(theirs, shift)[20:28] - inside).max() for shift in range(-8, 9)]
        assert min(errors) < 1e-10


@pytest.mark.parametrize("length", [63, 64])
def test_vectors_lie_where_the_layout_says(length):
    matrix = matrix_of("sym4", length)
    centres = (matrix**2) @ np.arange(length)
    half = (length + 1) // 2
    expected = 2 * np.concatenate([np.arange(half), np.arange(length - half)]) + 0.5
    assert np.abs(centres - expected).max() < 2.5


def test_haar_on_two_pixels_is_mean_and_difference():
    transform = WaveletTransform((4, 4), "haar", n_scales=1)
    image = np.arange(16.0).reshape(4, 4)
    blocks = image.reshape(2, 2, 2, 2)
    coefficients = transform.forward(image)
    assert_allclose(coefficients[:2, :2], blocks.sum(axis=(1, 3)) / 2)
    assert_allclose(np.abs(coefficients[2:, :2]), np.abs(np.diff(blocks.sum(3), axis=1))[:, 0] / 2)


def test_opposite_borders_are_not_neighbours():
    ramp = np.tile(np.linspace(0, 1, 64), (64, 1))
    transform = WaveletTransform((64, 64), "db2")
    details = transform.forward(ramp)[~transform.coarse_mask()]
    assert np.abs(details).max() < 1e-10


def test_levels_leave_a_coarse_band_of_8_to_15():
    for size in range(16, 200):
        transform = WaveletTransform((size, size))
        coarse = transform.subbands()[0]
        assert coarse.orientation == "coarse"
        assert 8 <= coarse.index[0].stop <= 15
    assert WaveletTransform((1, 64)).n_scales == WaveletTransform((64, 64)).n_scales


def test_no_levels_is_the_identity(rng):
    image = rng.randn(5, 6)
    transform = WaveletTransform((5, 6), n_scales=0)
    assert_allclose(transform.forward(image), image)
    assert transform.coarse_mask().all()


@pytest.mark.parametrize("wavelet", ["bior2.2", "rbio1.3", "dmey"])
def test_wavelets_that_are_not_orthogonal(wavelet):
    with pytest.raises(ValueError, match=f"must be orthogonal, got '{wavelet}'.*haar, db, sym"):
        WaveletTransform((16, 16), wavelet)


def test_unknown_wavelet_names_the_nearest():
    with pytest.raises(ValueError, match="Unknown wavelet 'symm4'.*Did you mean 'sym4'"):
        WaveletTransform((16, 16), "symm4")


def test_too_many_levels():
    with pytest.raises(ValueError, match="n_scales must be between 0 and 3 .* got 4"):
        WaveletTransform((16, 16), n_scales=4)
    with pytest.raises(ValueError, match="n_scales must be between 0"):
        WaveletTransform((16, 16), n_scales=-1)
    with pytest.raises(ValueError, match=r"shape must be \(height, width\)"):
        WaveletTransform((3, 16, 16))


@pytest.mark.parametrize("shape", [(600, 9), (5, 1031), (520, 523)])
def test_large_images_take_the_sparse_way(shape, rng):
    images = rng.randn(2, *shape)
    transform = WaveletTransform(shape, "db3")
    coefficients = transform.forward(images)
    assert_allclose(transform.inverse(coefficients), images, atol=1e-10)
    assert_allclose(np.sum(coefficients**2), np.sum(images**2), rtol=1e-10)
    single = transform.forward(images.astype(np.float32))
    assert single.dtype == np.float32
    assert_allclose(single, coefficients, atol=1e-4)
    assert_allclose(transform.forward(images[0]), coefficients[0], atol=1e-10)


def test_large_and_small_images_have_the_same_inner_filters(rng):
    signal = np.zeros((600, 1))
    signal[150:250] = rng.randn(100, 1)
    large = WaveletTransform((600, 1), "db2", 1).forward(signal)
    small = WaveletTransform((400, 1), "db2", 1).forward(signal[:400])
    assert_allclose(large[:200], small[:200], atol=1e-12)
    assert_allclose(large[300:500], small[200:], atol=1e-12)
