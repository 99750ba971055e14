"""Principal components of a set of images."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk.transforms import PCATransform, principal_components


@pytest.mark.parametrize("n", [1, 2, 7, 24, 25, 60])
def test_components_diagonalise_the_covariance(n, rng):
    images = rng.randn(n, 4, 6) * np.linspace(1, 3, 6) + 1
    mean, variances, vectors, rest = principal_components(images, chunk=7)
    rows = images.reshape(n, -1)
    covariance = np.cov(rows.T, bias=True) if n > 1 else np.zeros((24, 24))
    assert len(variances) == len(vectors) == min(n - 1, 24)
    assert_allclose(mean, rows.mean(axis=0))
    assert_allclose((vectors.T * variances) @ vectors, covariance, atol=1e-10)
    assert_allclose(vectors @ vectors.T, np.eye(len(vectors)), atol=1e-10)
    assert np.all(np.diff(variances) <= 0) and rest < 1e-10


def test_few_components_are_the_first_of_all(rng):
    images = rng.randn(50, 3, 5)
    _, variances, vectors, _ = principal_components(images)
    _, first, few, rest = principal_components(images, 4)
    assert_allclose(first, variances[:4])
    assert_allclose(np.abs(np.sum(few * vectors[:4], axis=1)), 1)
    assert_allclose(rest, variances[4:].sum())


def test_training_images_have_uncorrelated_coefficients(rng):
    images = rng.randn(40, 3, 4, 5) @ rng.randn(5, 5)
    mean, variances, vectors, _ = principal_components(images)
    transform = PCATransform((3, 4, 5), vectors)
    coefficients = transform.forward(images - mean.reshape(3, 4, 5)).reshape(40, -1)
    covariance = coefficients.T @ coefficients / 40
    expected = np.zeros((60, 60))
    expected[np.arange(39), np.arange(39)] = variances
    assert_allclose(covariance, expected, atol=1e-9)


def test_vectors_must_be_orthonormal_and_of_the_size():
    with pytest.raises(ValueError, match="orthonormal rows"):
        PCATransform((2, 2), np.ones((2, 4)))
    with pytest.raises(ValueError, match="vectors must have shape"):
        PCATransform((2, 2), np.eye(3))
