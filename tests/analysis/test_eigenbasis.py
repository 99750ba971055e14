"""Jacobians and adaptive bases: what is true of each kind of denoiser."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from gahb_sk import add_gaussian_noise
from gahb_sk.analysis import eigenbasis, singular_basis
from gahb_sk.datasets import make_disk_images
from gahb_sk.denoisers import (
    DiskPosteriorMean,
    EmpiricalBayesDenoiser,
    FunctionDenoiser,
    ModuleDenoiser,
    OracleShrinkage,
    RayPosteriorMean,
    SinePosteriorMean,
    TangentProjection,
    WaveletShrinkage,
    WienerDenoiser,
)
from gahb_sk.jacobians import jacobian, linearize
from tests.instances import smooth_images

SIGMA = 0.1


def test_probes_estimate_what_the_matrix_gives(networks, rng):
    image = rng.rand(24, 24)
    dense = eigenbasis(networks[0], image, 30, method="dense")
    lanczos = eigenbasis(networks[0], image, 30, method="lanczos", tolerance=1e-4, n_probes=200)
    assert dense.exact and not lanczos.exact
    assert_allclose(lanczos.values, dense.values, atol=1e-6)
    assert lanczos.residuals.max() < 1e-4
    away = abs(lanczos.effective_dimension - dense.effective_dimension)
    assert away < 5 * lanczos.effective_dimension_se
    assert_allclose(lanczos.asymmetry, dense.asymmetry, rtol=0.2)
    assert_allclose(lanczos.participation_ratio, dense.participation_ratio, rtol=0.1)


def test_asymmetry_and_homogeneity_are_what_they_are_said_to_be(rng):
    image = 2 * SIGMA * rng.standard_t(3, (16, 16))  # every band keeps some coefficients
    kernel = torch.nn.Conv2d(1, 1, 3, padding=1, bias=False).double()
    kernel.weight.data = torch.from_numpy(rng.randn(1, 1, 3, 3))
    kernel.weight.data[0, 0, 1, 2] += 5  # mostly a shift, far from symmetric
    filtered = ModuleDenoiser(kernel).fit(image[None])
    soft = WaveletShrinkage().fit(image[None])  # its threshold follows the image
    for denoiser, methods in ((filtered, ("lanczos", "subspace")), (soft, ("auto",))):
        matrix = jacobian(denoiser, image, SIGMA)
        asymmetry = np.linalg.norm(matrix - matrix.T) / np.linalg.norm(matrix)
        f = denoiser.transform(image[None], SIGMA).ravel()
        away = np.linalg.norm(f - matrix @ image.ravel()) / np.linalg.norm(f)
        assert asymmetry > 1e-3
        for method in (*methods, "dense"):
            found = eigenbasis(denoiser, image, 5, sigma=SIGMA, method=method, n_probes=400)
            if method in ("dense", "auto"):  # of few pixels: the matrix is formed
                assert_allclose(found.asymmetry, asymmetry, rtol=1e-9)
                assert found.asymmetry_se == 0
            else:
                assert 0 < found.asymmetry_se < 0.1 * asymmetry
                assert abs(found.asymmetry - asymmetry) < 5 * found.asymmetry_se
            assert_allclose(found.homogeneity_error, away, rtol=1e-6, atol=1e-12)
            assert found.sigma == SIGMA
    assert away > 1e-3  # soft thresholding is not homogeneous


def jumpy(image):
    return np.where(image > 0.5, image, 0)


def test_central_differences_of_what_jumps_are_not_to_be_trusted(rng):
    image = rng.rand(8, 8)
    image[::2] = 0.5 + 1e-6 * rng.randn(4, 8)
    with pytest.warns(UserWarning, match="the denoiser jumps within a step"):
        eigenbasis(FunctionDenoiser(jumpy).fit(image[None]), image, 3)
    smooth = eigenbasis(FunctionDenoiser(np.tanh).fit(image[None]), image, 64)
    assert_allclose(smooth.values, np.sort(1 - np.tanh(image.ravel()) ** 2)[::-1], atol=1e-6)


def test_one_image_in_any_form(rng):
    clean = smooth_images(1, (8, 8))[0]
    image = clean + SIGMA * rng.randn(8, 8)
    plain = WaveletShrinkage().fit(image[None])
    flat = WaveletShrinkage(image_shape=(8, 8)).fit(image.reshape(1, -1))
    expected = eigenbasis(plain, image, 5, sigma=SIGMA, clean=clean)
    forms = (
        (plain, torch.from_numpy(image).requires_grad_(), torch.from_numpy(clean), [SIGMA]),
        (plain, image.tolist(), clean.tolist(), torch.tensor(SIGMA, dtype=torch.float64)),
        (flat, image.ravel(), clean.ravel(), SIGMA),
    )
    for denoiser, one, partner, sigma in forms:
        found = eigenbasis(denoiser, one, 5, sigma=sigma, clean=partner)
        assert_allclose(found.vectors, expected.vectors)
        assert_allclose(found.coefficients, expected.coefficients)
        assert found.sigma == SIGMA
        right = singular_basis(denoiser, one, 5, sigma=sigma, clean=partner).right
        assert right.shape == (5, 8, 8)


def test_bad_partners(rng):
    clean = smooth_images(1, (8, 12))[0]
    image = clean + SIGMA * rng.randn(8, 12)
    for denoiser in (WaveletShrinkage(), OracleShrinkage()):
        denoiser.fit(image[None])
        for function in (eigenbasis, singular_basis):
            for wrong in (clean.T, clean[:4], clean[:, :8]):
                with pytest.raises(ValueError, match="clean: expected one clean image of the sha"):
                    function(denoiser, image, 3, sigma=SIGMA, clean=wrong)
            with pytest.raises(ValueError, match="clean: expected one"):
                function(denoiser, image, 3, sigma=SIGMA, clean=clean[None])
            with pytest.raises(ValueError, match="clean: expected .*finite"):
                function(denoiser, image, 3, sigma=SIGMA, clean=clean * np.nan)


@pytest.mark.parametrize("basis", ["wavelet", "bandlet", "cosine", "pca"])
def test_an_oracle_shows_its_basis_and_its_factors(basis, rng):
    clean = smooth_images(300, (16, 16))
    noisy = clean[0] + SIGMA * rng.randn(16, 16)
    oracle = OracleShrinkage(basis=basis).fit(clean)
    found = eigenbasis(oracle, noisy, 256, sigma=SIGMA, clean=clean[0])
    factors = np.sort(oracle.shrinkage_factors(clean[:1], SIGMA).ravel())[::-1]
    assert found.method == "closed form"
    assert_allclose(found.values, factors, atol=1e-12)
    assert_allclose(found.effective_dimension, factors.sum())
    assert_allclose(found.participation_ratio, factors.sum() ** 2 / (factors**2).sum())
    assert found.residuals.max() < 1e-9 and found.asymmetry == 0
    if basis != "pca":  # there the coefficients are those of the image less the mean
        expected = found.coefficients**2 / (found.coefficients**2 + SIGMA**2)
        assert_allclose(found.values, expected, atol=1e-9)


def test_a_linear_denoiser_has_its_own_spectrum(rng):
    clean = smooth_images(40, (8, 8))
    wiener = WienerDenoiser().fit(clean)
    found = eigenbasis(wiener, rng.rand(8, 8), 64, sigma=SIGMA)
    factors = wiener.shrinkage_factors(SIGMA)[0]
    assert_allclose(found.values[: len(factors)], factors, atol=1e-12)
    assert_allclose(found.values[len(factors) :], 0, atol=1e-12)
    assert_allclose(found.matrix.T @ found.matrix, np.eye(64), atol=1e-9)
    assert_allclose(np.abs(np.sum(found.matrix[:, :39].T * wiener.components_, axis=1)), 1)


CLOSED = {
    "soft": WaveletShrinkage(threshold=2.0),
    "bayes": WaveletShrinkage(),
    "hard": WaveletShrinkage(rule="hard", threshold=3.0),
    "spun": WaveletShrinkage(rule="hard", threshold=3.0, n_shifts=4),
    "Wiener": WienerDenoiser(),
    "empirical": EmpiricalBayesDenoiser(),
    "ray": RayPosteriorMean(),
    "sine": SinePosteriorMean(),
    "disk": DiskPosteriorMean(),
    "oracle": OracleShrinkage(basis="fourier"),
    "tangent": TangentProjection(lambda clean: clean[:, None]),
}


@pytest.mark.filterwarnings("ignore:RayPosteriorMean|SinePosteriorMean|DiskPosteriorMean")
@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_agree_with_the_matrix(name, rng):
    clean = make_disk_images(20, 12, random_state=int(rng.randint(2**31)))
    noisy = add_gaussian_noise(clean, SIGMA, random_state=rng)[0]
    denoiser = CLOSED[name].fit(clean)
    operator = linearize(denoiser, noisy, SIGMA, clean=clean[0])
    assert operator.step is None
    matrix = jacobian(denoiser, noisy, SIGMA, clean=clean[0], block=50)
    assert_allclose(operator.rmatmat(np.eye(144)), matrix.T, atol=1e-9)
    if operator.symmetric:
        assert_allclose(matrix, matrix.T, atol=1e-9)
    auto, dense = (
        eigenbasis(denoiser, noisy, 9, sigma=SIGMA, clean=clean[0], method=m)
        for m in ("auto", "dense")
    )
    assert (auto.method == "closed form") == (operator.spectrum is not None)
    assert_allclose(auto.values, dense.values, atol=1e-7)
    assert_allclose(auto.effective_dimension, np.trace(matrix), atol=1e-7)
    assert_allclose(auto.participation_ratio, dense.participation_ratio, rtol=1e-6)
    assert auto.residuals.max() < 1e-6


def test_at_low_noise_the_optimum_for_disks_keeps_five_directions():
    clean = make_disk_images(2, 24, random_state=3)
    best = DiskPosteriorMean().fit(clean)
    for image in clean:
        found = eigenbasis(best, image, 8, sigma=1e-3)
        assert np.all(np.abs(found.values[:5] - 1) < 0.1)
        assert found.values[5] < 0.01
        assert abs(found.effective_dimension - 5) < 0.3


def test_singular_vectors(networks, rng):
    image = rng.rand(16, 16)
    matrix = jacobian(networks[1], image)
    exact = np.linalg.svd(matrix, compute_uv=False)[:7]
    for method in ("dense", "lanczos"):
        found = singular_basis(networks[1], image, 7, method=method, tolerance=1e-7)
        assert_allclose(found.values, exact, atol=1e-6)
        assert found.residuals.max() < 1e-5
        left, right = (x.reshape(7, -1).T for x in (found.left, found.right))
        assert_allclose(matrix @ right, left * found.values, atol=1e-6)
        assert found.n_products == 256 if method == "dense" else found.n_products >= 7


def test_singular_residuals_are_what_they_are_said_to_be(networks, rng):
    image = rng.rand(16, 16)
    found = singular_basis(networks[1], image, 7, method="subspace", tolerance=0.3)
    left, right = (x.reshape(7, -1).T for x in (found.left, found.right))
    norms = np.linalg.norm(jacobian(networks[1], image).T @ left - right * found.values, axis=0)
    assert_allclose(found.residuals, norms, rtol=1e-5)
    assert norms.max() > 1e-6


def test_the_seed_decides(networks, rng):
    image = rng.rand(16, 16)
    one, same, other = (
        eigenbasis(networks[0], image, 4, method="lanczos", random_state=seed) for seed in (1, 1, 2)
    )
    assert one.effective_dimension == same.effective_dimension != other.effective_dimension
    assert np.array_equal(one.vectors, same.vectors)
