"""Messages that name the nearest legal name."""

import numpy as np
import pytest

from gahb_sk.datasets import load_sample_patches, make_c_alpha_images
from gahb_sk.denoisers import get_denoiser
from gahb_sk.images import as_images
from gahb_sk.noise import check_sigma
from gahb_sk.transforms import WaveletTransform


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("network", "NetworkDenoiser"),
        ("bm3d", "BM3DDenoiser"),
        ("Waveletshrinkage", "WaveletShrinkage"),
    ],
)
def test_case_does_not_count(name, nearest):
    with pytest.raises(ValueError, match=f"Did you mean '{nearest}'"):
        get_denoiser(name)


def test_all_denoisers_are_listed():
    with pytest.raises(ValueError, match="WienerDenoiser'.$"):
        get_denoiser("nothing like it")


def test_only_orthogonal_wavelets_are_offered():
    with pytest.raises(ValueError, match="Did you mean 'db4'") as caught:
        WaveletTransform((16, 16), "DB4")
    assert "bior" not in str(caught.value)
    with pytest.raises(ValueError, match="must be orthogonal"):
        WaveletTransform((16, 16), "bior1.3")


@pytest.mark.parametrize("settings", [{"dtype": "abc"}, {"n_jobs": "a"}, {"n_jobs": 0}])
def test_bad_settings_of_a_generator(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        make_c_alpha_images(2, 8, **settings)


def test_patches_that_are_all_flat():
    with pytest.raises(ValueError, match="min_deviation: all patches"):
        load_sample_patches(1)


def test_large_finite_values_are_accepted():
    large = np.full((2, 4, 4), 3e38, np.float32)
    assert as_images(large).shape == (2, 1, 4, 4)


@pytest.mark.parametrize("sigma", ["0.1", True, np.array([True, False]), ["a", "b"]])
def test_sigma_is_a_number(sigma):
    with pytest.raises((TypeError, ValueError), match="sigma: expected"):
        check_sigma(sigma, 2)
