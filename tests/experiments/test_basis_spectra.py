"""Mean shrinkage factors of denoisers."""

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk.analysis import eigenbasis, harmonicity
from gahb_sk.datasets import make_c_alpha_images, make_disk_images, make_ray_images
from gahb_sk.denoisers import OracleShrinkage, RayPosteriorMean, TangentProjection, WienerDenoiser
from gahb_sk.experiments import basis_spectra
from gahb_sk.noise import add_gaussian_noise
from tests.instances import make_denoiser

SIGMA = 0.1


@pytest.fixture(scope="module")
def images():
    return make_c_alpha_images(60, 16, random_state=0)


def test_tangents_have_as_many_factors_as_the_class_has_parameters(global_random_seed):
    X = make_disk_images(3, 20, random_state=global_random_seed)
    table = basis_spectra([TangentProjection().fit(X)], X, [SIGMA], 8)
    assert_allclose(table["factor"], [1] * 5 + [0] * 3, atol=1e-8)
    assert_allclose(table["factor_se"][:5], 0, atol=1e-8)
    assert table["n_images"].tolist() == [3] * 5 + [0] * 3
    assert np.isnan(table["harmonicity"][5:]).all()


def test_a_linear_denoiser_has_its_own_spectrum_at_every_image(images):
    wiener = WienerDenoiser().fit(images)
    table = basis_spectra({"Wiener": wiener}, images[:2], [SIGMA], 20)
    basis = eigenbasis(wiener, images[0], 20, sigma=SIGMA, clean=images[0])
    assert_allclose(table["factor"], basis.values, atol=1e-6)
    assert np.all(np.diff(table["factor"]) <= 1e-9)


def test_the_coefficients_of_all_vectors_are_the_image(images):
    oracle = OracleShrinkage(basis="fourier").fit(images)
    table = basis_spectra([oracle], images[:1], [SIGMA], 256)
    kept = np.nan_to_num(table["coefficient"])
    assert_allclose(np.square(kept).sum(), np.square(images[0], dtype=float).sum(), rtol=1e-3)


def test_a_ray_is_one_vector(global_random_seed):
    X = make_ray_images(4, 12, random_state=global_random_seed)
    table = basis_spectra([RayPosteriorMean().fit(X)], X, [0.01], 3)
    assert_allclose(table["factor"][1:], 0, atol=1e-9)
    assert table["factor"][0] > 0.1


def test_smooth_vectors_are_above_chance_and_workers_do_not_matter(images):
    denoisers = {"Wiener": WienerDenoiser().fit(images)}
    one = basis_spectra(denoisers, images[:2], [SIGMA], 4)
    with joblib.parallel_config(backend="threading"):
        two = basis_spectra(denoisers, images[:2], [SIGMA], 4, n_jobs=2)
    for column in ("factor", "harmonicity", "chance_high"):
        assert_allclose(one[column], two[column])
    assert np.all(one["harmonicity"] > one["chance_high"])


def test_what_the_geometry_adds_has_an_error(images):
    wiener = {"Wiener": WienerDenoiser().fit(images)}  # the same vectors at every image
    vectors = eigenbasis(wiener["Wiener"], images[0], 4, sigma=SIGMA).vectors
    table = basis_spectra(wiener, images[:3], [SIGMA], 4)
    found = [harmonicity(vectors, image) for image in images[:3]]
    added = np.array([one.total - one.isotropic for one in found])
    assert_allclose(table["adaptivity"], added.mean(0), atol=1e-3)
    assert_allclose(table["adaptivity_se"], added.std(0, ddof=1) / np.sqrt(3), atol=1e-3)
    assert np.all(table["adaptivity_se"] > 0)


def test_a_network_is_examined_at_the_noisy_image(images, global_random_seed):
    network = make_denoiser("NetworkDenoiser").fit(images)
    noisy = add_gaussian_noise(images[:1], SIGMA, global_random_seed)
    table = basis_spectra([network], images[:1], [SIGMA], 4, random_state=global_random_seed)
    assert_allclose(table["factor"], eigenbasis(network, noisy[0], 4).values, atol=1e-2)
    assert np.isnan(table["factor_se"]).all()


def test_bad_input(images):
    wiener = WienerDenoiser().fit(images)
    with pytest.raises(ValueError, match="n_components"):
        basis_spectra([wiener], images[:1], [SIGMA], 300)
    with pytest.raises(ValueError, match="sigma"):
        basis_spectra([wiener], images[:1], [0.0], 3)
