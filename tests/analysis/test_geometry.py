"""Harmonicity and principal angles."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import subspace_angles

from gahb_sk.analysis import harmonicity, random_alignment, subspace_alignment
from gahb_sk.datasets import make_c_alpha_images
from tests.instances import smooth_images


def orthonormal(rng, d, k):
    return np.linalg.qr(rng.randn(d, k))[0].T


def test_angles_are_the_principal_angles(rng):
    A, B = orthonormal(rng, 30, 6), orthonormal(rng, 30, 9)
    B[:2] = A[:2]  # two shared directions
    B = np.linalg.qr(B.T)[0].T
    found = subspace_alignment(A, B)
    assert_allclose(found.angles, np.sort(subspace_angles(A.T, B.T)), atol=1e-7)
    assert_allclose(found.overlap, np.square(np.cos(found.angles)).mean())
    assert_allclose(subspace_alignment(B, A).angles, found.angles, atol=1e-9)
    assert found.chance == 9 / 30


def test_small_angles_keep_their_digits(rng):
    A = orthonormal(rng, 50, 3)
    turn = 1e-9
    B = A.copy()
    B[0] = np.cos(turn) * A[0] + np.sin(turn) * orthonormal(rng, 50, 50)[-1]
    away = B[0] - A.T @ (A @ B[0])
    found = subspace_alignment(A, np.linalg.qr(B.T)[0].T)
    assert_allclose(found.angles.max(), np.linalg.norm(away), rtol=1e-3)


def test_a_basis_does_not_matter_but_its_span(rng):
    A, B = orthonormal(rng, 40, 5), orthonormal(rng, 40, 5)
    turned = np.linalg.qr(rng.randn(5, 5))[0] @ A
    assert_allclose(subspace_alignment(A, B).overlap, subspace_alignment(turned, B).overlap)
    assert_allclose(subspace_alignment(A, turned).overlap, 1)
    assert subspace_alignment(A, B, 2).overlap == pytest.approx(
        np.square(A[:2] @ B[:2].T).sum() / 2
    )


def test_random_subspaces_overlap_by_chance(rng):
    draws = [
        subspace_alignment(orthonormal(rng, 60, 12), orthonormal(rng, 60, 5)) for _ in range(200)
    ]
    overlaps = np.array([draw.overlap for draw in draws])
    chance = random_alignment(60, 12, k_other=5, n_draws=400, random_state=rng)
    assert chance.mean == draws[0].chance == 0.2
    assert abs(overlaps.mean() - 0.2) < 5 * chance.standard_deviation / np.sqrt(200)
    assert_allclose(overlaps.std(), chance.standard_deviation, rtol=0.3)
    assert 0.2 < chance.percentile_95 < 0.2 + 4 * chance.standard_deviation


def test_bad_bases(rng):
    A = orthonormal(rng, 20, 4)
    with pytest.raises(ValueError, match="A: expected orthonormal vectors"):
        subspace_alignment(2 * A, A)
    with pytest.raises(ValueError, match="vectors of one size"):
        subspace_alignment(A, orthonormal(rng, 21, 4))
    with pytest.raises(ValueError, match="k: expected an int between 1 and 4"):
        subspace_alignment(A, A, 5)
    for k in (11, 0, 2.5):
        with pytest.raises(ValueError, match="k: expected dimensions"):
            random_alignment(10, k)
    with pytest.raises(ValueError, match="d: expected an int"):
        random_alignment("many", 2)
    with pytest.raises(ValueError, match="n_draws: expected an int of at least 2"):
        random_alignment(10, 2, n_draws=1)


# Harmonicity -----------------------------------------------------------------------------------


def test_random_vectors_are_no_harmonics(rng):
    clean = make_c_alpha_images(1, 24, random_state=int(rng.randint(999)))[0]
    vectors = rng.randn(3000, 24, 24)
    vectors /= np.linalg.norm(vectors.reshape(3000, -1), axis=1)[:, None, None]
    found = harmonicity(vectors, clean)
    for values in (found.total, found.isotropic):
        assert abs(values.mean()) < 5 * values.std() / np.sqrt(3000)
    # These are ratios, of which the mean is 0 but for terms of order 1 / d.
    assert abs(found.smooth.mean()) < 0.02 and abs(found.contour.mean()) < 0.1


def test_constants_are_and_checkerboards_are_not(rng):
    clean = smooth_images(1, (17, 20), seed=int(rng.randint(999)))[0]
    board = (-1.0) ** np.add.outer(np.arange(17), np.arange(20))
    found = harmonicity(np.stack([np.ones((17, 20)), board]), clean)
    assert_allclose(found.total[0], 1)
    assert_allclose(found.isotropic, [1, -1])
    assert -1.01 <= found.total[1] < 0


@pytest.mark.parametrize("angle", [0.0, 0.5, np.pi / 2, 2.4])
def test_what_oscillates_across_a_contour_is_a_harmonic(angle):
    u, v = np.meshgrid(np.arange(48) - 23.5, np.arange(48) - 23.5, indexing="ij")
    distance = np.cos(angle) * u + np.sin(angle) * v
    along = -np.sin(angle) * u + np.cos(angle) * v
    clean = 1 / (1 + np.exp(-distance))
    near = np.exp(-((distance / 1.5) ** 2))
    across = near * np.sin(2.0 * distance)
    tangential = near * np.sin(2.0 * along)
    found = harmonicity(np.stack([across, tangential]), clean)
    assert found.contour[0] > found.contour[1] + 0.4
    assert found.total[0] > found.isotropic[0] + 0.2
    assert found.total[1] < found.isotropic[1] + 0.05
    assert np.all(found.contour_energy > 0.5)


def test_scale_and_intensity_do_not_matter(rng):
    clean = make_c_alpha_images(1, 16, random_state=1)[0].astype(float)
    vectors = rng.randn(4, 16, 16)
    one, other = harmonicity(vectors, clean), harmonicity(3 * vectors, 0.5 - 7 * clean)
    for name, values in vars(one).items():
        assert_allclose(values, getattr(other, name), atol=1e-9)


def test_colour_and_bad_shapes(rng):
    clean = rng.rand(3, 12, 12)
    assert harmonicity(rng.randn(2, 3, 12, 12), clean).total.shape == (2,)
    assert_allclose(harmonicity(np.ones((1, 12, 12)), np.zeros((12, 12))).total, 1)
    with pytest.raises(ValueError, match="that of clean"):
        harmonicity(rng.randn(2, 12, 12), clean)
    with pytest.raises(ValueError, match="2 x 2 pixels"):
        harmonicity(rng.randn(2, 1, 12), rng.rand(1, 12))
