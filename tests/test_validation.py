"""Messages that name the nearest legal name."""

import numpy as np
import pytest

from gahb_sk.datasets import (
    ImageStack,
    load_sample_patches,
    make_c_alpha_images,
    make_disk_images,
)
from gahb_sk.denoisers import WaveletShrinkage, get_denoiser
from gahb_sk.experiments import optimality_gap
from gahb_sk.image_classes import disk_coverage, polygon_coverage
from gahb_sk.images import as_images
from gahb_sk.jacobians import hutchpp
from gahb_sk.noise import check_sigma
from gahb_sk.sampling import BlockAverage, karras_schedule
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


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: disk_coverage("x", (8, 8)), "geometry"),
        (lambda: disk_coverage([[4, 4, 2]], 8), "image_size"),
        (lambda: polygon_coverage([[1, 2]], (8, 8)), "vertices"),
        (lambda: karras_schedule(1.0, 0.1, 4, rho=0), "rho"),
        (lambda: karras_schedule(1.0, 0.1, -1), "n_steps"),
        (lambda: hutchpp(None, 4), "matmat"),
        (lambda: BlockAverage((8, -8), 2), "image_shape"),
        (lambda: ImageStack.from_folder("photos", n_workers=float("nan")), "n_workers"),
        (lambda: WaveletTransform((8, 8), wavelet=[]), "wavelet"),
        (lambda: make_disk_images(True, 8), "n_samples"),
        (lambda: optimality_gap({"a": WaveletShrinkage()}, None, np.zeros((1, 8, 8))), "optimum"),
    ],
)
def test_errors_name_the_parameter(call, name):
    with pytest.raises((ValueError, TypeError), match=rf"\b{name}\b"):
        call()


def test_nested_calls_are_checked_too():
    with pytest.raises(ValueError, match="n_samples"):
        make_disk_images(-1, 8)
