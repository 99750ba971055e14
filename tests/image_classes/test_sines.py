"""Sine waves of one frequency."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk.image_classes import SineImages


def test_sines_are_a_cone_in_three_dimensions(global_random_seed):
    images, params = SineImages((12, 16)).sample(
        40, global_random_seed, return_latents=True, dtype=np.float64
    )
    assert np.linalg.matrix_rank(images.reshape(40, -1), tol=1e-9) == 3
    assert images.min() >= 0 and (images <= params[:, :1, None]).all()
    # a sine of whole frequencies has mean a / 2 and energy a^2 (1/4 + 1/8) a pixel
    assert_allclose(images.mean((1, 2)), params[:, 0] / 2, atol=1e-12)
    assert_allclose((images**2).mean((1, 2)), params[:, 0] ** 2 * 3 / 8, atol=1e-12)


def test_sine_is_its_formula(global_random_seed):
    images, params = SineImages((9, 11), frequency=(1.5, 2.5)).sample(
        5, global_random_seed, return_latents=True, dtype=np.float64
    )
    i, j = np.mgrid[:9, :11]
    a, phi = params.T[..., None, None]
    expected = a * (1 + np.sin(2 * np.pi * (1.5 * i / 9 + 2.5 * j / 11) + phi)) / 2
    assert_allclose(images, expected, atol=1e-12)


def test_sines_lie_in_the_span_of_their_basis(global_random_seed):
    law = SineImages((9, 11), frequency=(1.5, 2.5))
    images, latents = law.sample(5, global_random_seed, return_latents=True, dtype=np.float64)
    a, phi = latents.T
    coefficients = np.stack([a, a * np.cos(phi), a * np.sin(phi)])
    assert_allclose(images.reshape(5, -1).T, law.basis @ coefficients, atol=1e-12)


@pytest.mark.parametrize("frequency", [(0, 0), (9, 1), (1,), "ab", (np.nan, 1)])
def test_sine_refuses_frequencies_that_do_not_fit(frequency):
    with pytest.raises(ValueError, match="frequency"):
        SineImages(16, frequency=frequency)
