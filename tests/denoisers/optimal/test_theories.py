"""Closed-form theories of networks: their definitions and their limits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import add_gaussian_noise
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.denoisers import (
    CovarianceWindowsDenoiser,
    EmpiricalBayesDenoiser,
    GaussianPosteriorMean,
    LocalEmpiricalBayesDenoiser,
    SmoothedEmpiricalBayesDenoiser,
)
from gahb_sk.image_classes import GaussianImages
from gahb_sk.testing import check_denoiser

SIDE, SIGMA = 8, 0.2
THEORIES = {
    "local": lambda: LocalEmpiricalBayesDenoiser(patch_size=5, boundary="cut"),
    "equivariant": lambda: LocalEmpiricalBayesDenoiser(
        patch_size=5, boundary="cut", equivariant=True
    ),
    "torus": lambda: LocalEmpiricalBayesDenoiser(patch_size=5, boundary="wrap", equivariant=True),
    "composite": lambda: LocalEmpiricalBayesDenoiser(patch_size=(3, 5), average_overlaps=True),
    "covariance": lambda: CovarianceWindowsDenoiser(threshold=0.2),
    "smoothed": lambda: SmoothedEmpiricalBayesDenoiser(bandwidth=0.1, n_pairs=3),
}
WHOLE = {
    "local": {"patch_size": 2 * SIDE - 1},
    "equivariant": {"patch_size": 2 * SIDE - 1},
    "composite": {"patch_size": (SIDE, 99)},
    "covariance": {"threshold": 0},
    "smoothed": {"bandwidth": 0.0},
}
every_theory = pytest.mark.parametrize("name", THEORIES)


@pytest.fixture
def training(global_random_seed):
    return make_c_alpha_images(40, SIDE, dtype=np.float64, random_state=global_random_seed)


@pytest.fixture
def noisy(global_random_seed):
    clean = make_c_alpha_images(3, SIDE, dtype=np.float64, random_state=global_random_seed + 1)
    return add_gaussian_noise(clean, SIGMA, random_state=global_random_seed)


def softmax_mean(query, keys, values, sigma):
    """The definition for one query: values weighed by the likelihood of their keys."""
    log_weight = -np.square(keys - query).reshape(len(keys), -1).sum(1) / (2 * sigma**2)
    weight = np.exp(log_weight - log_weight.max())
    return np.tensordot(weight / weight.sum(), values, 1)


@every_theory
def test_the_contract_is_kept(name):
    """With the parameters of this file; the defaults are checked with all other denoisers."""
    check_denoiser(THEORIES[name]())


@pytest.mark.parametrize("name", WHOLE)
def test_a_window_as_large_as_the_image_gives_empirical_bayes(name, training, noisy):
    found = THEORIES[name]().set_params(**WHOLE[name]).fit(training).transform(noisy, SIGMA)
    expected = EmpiricalBayesDenoiser().fit(training).transform(noisy, SIGMA)
    assert_allclose(found, expected, atol=1e-9)


@every_theory
def test_large_noise_gives_a_mean(name, training, noisy):
    """Of the training images, or of those values to which the theory compares a pixel."""
    found = THEORIES[name]().fit(training).transform(noisy, 1e6)
    mean = training.mean(0)
    if name == "torus":
        mean = np.full_like(mean, training.mean())
    if name == "equivariant":  # pixels further than the window's half from the border are alike
        for rows in ([0], [1], range(2, 6), [6], [7]):
            for columns in ([0], [1], range(2, 6), [6], [7]):
                place = np.ix_(rows, columns)
                mean[place] = mean[place].mean()
    assert_allclose(found, np.broadcast_to(mean, found.shape), atol=1e-6)


@pytest.mark.parametrize("name", [name for name in THEORIES if name != "smoothed"])
def test_no_noise_returns_training_images(name, training):
    found = THEORIES[name]().fit(training).transform(training[:5], 0.0)
    assert_allclose(found, training[:5], atol=1e-9)


def test_smoothed_without_noise_is_a_barycentre_of_nearest_images(training, noisy):
    denoiser = THEORIES["smoothed"]().fit(training)
    pairs = denoiser.perturbations_[:, 0]
    moved = noisy[0] + 0.1 * np.concatenate([pairs, -pairs])
    nearest = np.square(moved[:, None] - training).sum((2, 3)).argmin(1)
    assert_allclose(denoiser.transform(noisy[:1], 0.0)[0], training[nearest].mean(0), atol=1e-9)


@pytest.mark.parametrize(
    "name", ["local", "equivariant", "torus", "composite", "covariance", "smoothed", "whole"]
)
def test_white_gaussian_images_give_the_wiener_filter(name, global_random_seed):
    """Pixels are independent, so windows of one pixel suffice, and many images fill them."""
    law = GaussianImages(np.full((2, 2), 0.5), 0.04 * np.eye(4))
    X = law.sample(15_000, global_random_seed, dtype=np.float64)
    changes = dict.fromkeys(("local", "equivariant", "torus", "composite"), {"patch_size": 1})
    changes |= {"covariance": {"threshold": 0.3}, "smoothed": {"bandwidth": 0.05, "n_pairs": 4}}
    theory = EmpiricalBayesDenoiser() if name == "whole" else THEORIES[name]()
    theory.set_params(**changes.get(name, {})).fit(X)
    noisy = add_gaussian_noise(law.sample(20, global_random_seed + 1), 0.2, global_random_seed)
    wiener = GaussianPosteriorMean(law).fit(X).transform(noisy, 0.2)
    assert_allclose(theory.transform(noisy, 0.2), wiener, atol=0.04)


@pytest.mark.parametrize("equivariant", [False, True])
@pytest.mark.parametrize("size", [3, 4, 11])
def test_windows_cut_at_the_border_are_their_definition(training, noisy, equivariant, size):
    """Each pixel: its window, cut, against windows of training images that are cut alike."""
    n, half = SIDE, (size - 1) // 2
    spans = [(max(0, i - half), min(n, i - half + size)) for i in range(n)]

    def alike(i):
        """Pixels whose windows reach as far in both directions."""
        reach = [(i - a, b - i) for i, (a, b) in enumerate(spans)]
        return [k for k in range(n) if reach[k] == reach[i]] if equivariant else [i]

    expected = np.empty_like(noisy)
    for i in range(n):
        for j in range(n):
            places = [(r, c) for r in alike(i) for c in alike(j)]
            keys = np.concatenate([training[:, slice(*spans[r]), slice(*spans[c])]
                                   for r, c in places])  # fmt: skip
            values = np.concatenate([training[:, r, c] for r, c in places])
            for k, image in enumerate(noisy):
                query = image[slice(*spans[i]), slice(*spans[j])]
                expected[k, i, j] = softmax_mean(query, keys, values, SIGMA)
    denoiser = LocalEmpiricalBayesDenoiser(
        patch_size=size, boundary="cut", equivariant=equivariant
    ).fit(training)
    assert_allclose(denoiser.transform(noisy, SIGMA), expected, atol=1e-9)


def test_a_bank_of_windows_is_the_mean_of_its_sizes(training, noisy):
    def composite(size):
        denoiser = LocalEmpiricalBayesDenoiser(patch_size=size, average_overlaps=True)
        return denoiser.fit(training).transform(noisy, SIGMA)

    assert_allclose(composite((2, 5, 5)), (composite(2) + 2 * composite(5)) / 3, atol=1e-12)
    with pytest.raises(ValueError, match="a tuple of these"):
        composite((3, 0))
    with pytest.raises(ValueError, match="average_overlaps: windows that are cut"):
        LocalEmpiricalBayesDenoiser(boundary="cut", average_overlaps=True).fit(training)


@pytest.mark.parametrize("threshold", [0.01, 0.3])
def test_covariance_windows_are_their_definition(training, noisy, threshold):
    X, Y = training.reshape(40, -1), noisy.reshape(3, -1)
    C = np.cov(X.T, bias=True)
    P = C @ np.linalg.inv(C + SIGMA**2 * np.eye(len(C)))
    M = np.abs(P / np.diag(P)[:, None])
    M = M >= threshold * M.max()
    np.fill_diagonal(M, True)
    denoiser = CovarianceWindowsDenoiser(threshold=threshold).fit(training)
    assert_array_equal(denoiser.windows(SIGMA), M)
    expected = [[softmax_mean(y[M[m]], X[:, M[m]], X[:, m], SIGMA) for m in range(64)] for y in Y]
    assert_allclose(denoiser.transform(noisy, SIGMA).reshape(3, -1), expected, atol=1e-9)


def test_covariance_windows_shrink_with_the_noise(global_random_seed):
    X = make_c_alpha_images(500, SIDE, random_state=global_random_seed)
    denoiser = CovarianceWindowsDenoiser(threshold=0.2).fit(X)
    sizes = [denoiser.windows(sigma).sum() for sigma in (1e-3, 0.1, 1.0)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1]


def test_smoothed_jacobian(training, noisy, rng):
    denoiser = THEORIES["smoothed"]().fit(training)
    J = denoiser.linearize(noisy[0], 0.5).matmat(np.eye(64))
    assert_allclose(J, J.T, atol=1e-12)
    assert np.linalg.eigvalsh(J)[0] > -1e-12
    move = 1e-5 * rng.normal(size=(1, SIDE, SIDE))
    rise = denoiser.transform(noisy[:1] + move, 0.5) - denoiser.transform(noisy[:1] - move, 0.5)
    assert_allclose(rise.ravel() / 2, J @ move.ravel(), atol=1e-9)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("local", 3, 7), ("covariance", 0.01, 0.4), ("smoothed", 0.0, 0.3), ("composite", 3, (1, 7))],
)
def test_values_by_level_and_after_fit(name, low, high, training, noisy):
    theory = THEORIES[name]().fit(training)
    before = theory.transform(noisy, SIGMA)
    by_level = theory.with_levels({0.1: low, 1.0: high})
    sigma = np.array([0.05, 0.9, 3.0])
    for k, value in enumerate([low, high, high]):
        one = THEORIES[name]().set_params(**{theory.level_parameter: value}).fit(training)
        expected = one.transform(noisy[k : k + 1], sigma[k])[0]
        assert_allclose(by_level.transform(noisy, sigma)[k], expected, atol=1e-9)
    assert_array_equal(theory.transform(noisy, SIGMA), before)
    with pytest.raises(ValueError, match=theory.level_parameter):
        theory.with_levels({0.1: -1})


@pytest.mark.parametrize("boundary", ["inside", "cut", "wrap"])
@pytest.mark.parametrize("equivariant", [False, True])
@pytest.mark.parametrize("average_overlaps", [False, True])
def test_jacobians_of_windows_are_derivatives(
    boundary, equivariant, average_overlaps, training, noisy, rng
):
    if boundary == "cut" and average_overlaps:
        pytest.skip("refused")
    denoiser = LocalEmpiricalBayesDenoiser(
        patch_size=(3, 4), boundary=boundary, equivariant=equivariant,
        average_overlaps=average_overlaps,
    ).fit(training)  # fmt: skip
    _check_jacobian(denoiser, noisy[0], 0.5, rng)


@pytest.mark.parametrize("threshold", [0.02, 0.3])
def test_jacobian_of_covariance_windows_is_a_derivative(threshold, training, noisy, rng):
    denoiser = CovarianceWindowsDenoiser(threshold=threshold).fit(training)
    _check_jacobian(denoiser, noisy[0], 0.5, rng)


def test_jacobians_of_whole_windows_are_that_of_empirical_bayes(training, noisy):
    whole = EmpiricalBayesDenoiser().fit(training).linearize(noisy[0], 0.3).matmat(np.eye(64))
    for name in ("local", "composite", "covariance"):
        denoiser = THEORIES[name]().set_params(**WHOLE[name]).fit(training)
        assert_allclose(denoiser.linearize(noisy[0], 0.3).matmat(np.eye(64)), whole, atol=1e-9)


def _check_jacobian(denoiser, image, sigma, rng):
    J = denoiser.linearize(image, sigma)
    assert J.step is None
    matrix = J.matmat(np.eye(64))
    assert_allclose(J.rmatmat(np.eye(64)), matrix.T)
    move = 1e-5 * rng.normal(size=image.shape)
    rise = denoiser.transform((image + move)[None], sigma) - denoiser.transform(
        (image - move)[None], sigma
    )
    assert_allclose(rise.ravel() / 2, matrix @ move.ravel(), atol=1e-10)
