"""Averages over the symmetries of the square."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk.denoisers import FunctionDenoiser, SelfEnsemble, WaveletShrinkage

RNG = np.random.default_rng(0)
TURNS = [(turns, mirrored) for turns in range(4) for mirrored in (False, True)]


def shift(image):
    """Moves an image to the right: no symmetry of the square leaves that alone."""
    return np.roll(image, 1, axis=-1)


def turned(images, turns, mirrored):
    return np.rot90(images[..., ::-1] if mirrored else images, turns, axes=(-2, -1)).copy()


@pytest.mark.parametrize(("turns", "mirrored"), TURNS)
def test_the_mean_has_the_symmetry(turns, mirrored):
    y = RNG.random((2, 10, 14))
    mean = SelfEnsemble(FunctionDenoiser(shift))
    expected = turned(mean.denoise(y), turns, mirrored)
    assert_allclose(mean.denoise(turned(y, turns, mirrored)), expected, atol=1e-12)


def test_a_shift_becomes_the_mean_of_four_neighbours():
    y = RNG.random((1, 10, 14))
    mean = sum(np.roll(y, step, axis) for step in (1, -1) for axis in (1, 2)) / 4
    assert_allclose(SelfEnsemble(FunctionDenoiser(shift)).denoise(y), mean, atol=1e-12)
    sides = (np.roll(y, 1, 2) + np.roll(y, -1, 2)) / 2
    for n in (2, 4):
        few = SelfEnsemble(FunctionDenoiser(shift), n_symmetries=n)
        assert_allclose(few.denoise(y), sides, atol=1e-12)


def test_the_error_is_at_most_the_mean_of_the_errors():
    clean = np.tile(np.sin(np.arange(32) / 3), (1, 3, 32, 1))
    noisy = clean + 0.3 * RNG.standard_normal(clean.shape)
    denoiser = WaveletShrinkage()
    errors = [
        np.mean((denoiser.denoise(turned(noisy, *g), 0.3) - turned(clean, *g)) ** 2) for g in TURNS
    ]
    mean = np.mean((SelfEnsemble(denoiser).denoise(noisy, 0.3) - clean) ** 2)
    assert mean < np.mean(errors)
    assert np.ptp(errors) > 0
