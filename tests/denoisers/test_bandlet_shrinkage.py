import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk import BandletShrinkage, WaveletShrinkage
from gahb_sk.datasets import make_c_alpha_images


@pytest.fixture
def images(global_random_seed):
    return make_c_alpha_images(4, image_size=32, alpha=3, random_state=global_random_seed)


def test_above_spun_wavelets(images):
    bandlets = BandletShrinkage().fit(images).score(images, sigma=0.1)
    wavelets = WaveletShrinkage(wavelet="haar", rule="hard", threshold=3.0, n_shifts=16)
    assert bandlets > wavelets.fit(images).score(images, sigma=0.1)


@pytest.mark.parametrize("stages", [1, 2])
def test_no_noise_changes_nothing(images, stages):
    denoiser = BandletShrinkage(stages=stages, n_shifts=2).fit(images)
    assert_allclose(denoiser.transform(images, sigma=1e-9), images, atol=1e-5)


def test_scales_with_the_image(images):
    denoiser = BandletShrinkage(n_shifts=1).fit(images)
    X = images.astype(np.float64)
    assert_allclose(
        denoiser.transform(4 * X, sigma=0.4), 4 * denoiser.transform(X, sigma=0.1), atol=1e-8
    )


def test_found_basis_is_orthonormal(images):
    X = images.astype(np.float64)
    basis = BandletShrinkage().fit(X).find_bandlets(X, sigma=0.1)
    assert_allclose(basis.inverse(basis.forward(X)), X, atol=1e-10)


@pytest.mark.parametrize(
    "parameters", [{"threshold": 0.0}, {"wavelet": "bior2.2"}, {"n_shifts": 0}, {"stages": 3}]
)
def test_bad_parameters(images, parameters):
    with pytest.raises(ValueError):
        BandletShrinkage(**parameters).fit(images)
