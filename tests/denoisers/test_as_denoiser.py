"""as_denoiser and as_denoisers: whatever stands for a denoiser, and what does not."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.ndimage import median_filter
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

import gahb_sk
from gahb_sk import compare_denoisers
from gahb_sk.denoisers import (
    FunctionDenoiser,
    ModuleDenoiser,
    OracleShrinkage,
    PretrainedDenoiser,
    WaveletShrinkage,
    as_denoiser,
    as_denoisers,
)
from tests.instances import smooth_images

SHIPPED = Path(gahb_sk.__file__).parent / "zoo" / "weights"


def halve(image):
    return image / 2


def test_denoisers_are_returned_as_they_are():
    for denoiser in (WaveletShrinkage(), FrozenEstimator(WaveletShrinkage())):
        assert as_denoiser(denoiser) is denoiser


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("disks", PretrainedDenoiser),
        (SHIPPED / "disks", PretrainedDenoiser),
        (torch.nn.AvgPool2d(3, stride=1, padding=1), ModuleDenoiser),
        (halve, FunctionDenoiser),
        (partial(median_filter, size=3), FunctionDenoiser),
    ],
)
def test_what_stands_for_a_denoiser_denoises_without_fit(given, expected):
    denoiser = as_denoiser(given)
    assert isinstance(denoiser, expected)
    assert denoiser.denoise(smooth_images(2), 0.1).shape == (2, 16, 16)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (WaveletShrinkage, r"the class WaveletShrinkage. Make one: WaveletShrinkage\(\)"),
        (make_pipeline(WaveletShrinkage()), r"a Pipeline. Pass its denoiser, pipeline\[-1\]"),
        (3, "a int"),
        (None, "a NoneType"),
    ],
)
def test_what_does_not(given, message):
    with pytest.raises(TypeError, match=f"denoiser: expected a denoiser.* got {message}"):
        as_denoiser(given)


def test_oracles_where_the_clean_image_is_unknown():
    with pytest.raises(TypeError, match="prior: OracleShrinkage needs the clean image"):
        as_denoiser(OracleShrinkage(), name="prior", oracles=False)


def test_a_list_is_named():
    named = as_denoisers([WaveletShrinkage(), "disks", halve, FrozenEstimator(OracleShrinkage())])
    assert list(named) == ["WaveletShrinkage", "disks", "halve", "OracleShrinkage"]
    with pytest.raises(ValueError, match="different names"):
        as_denoisers([WaveletShrinkage(), WaveletShrinkage(n_shifts=4)])
    with pytest.raises(ValueError, match="at least one"):
        as_denoisers({})
    with pytest.raises(TypeError, match="into a list"):
        as_denoisers(WaveletShrinkage())
    with pytest.raises(TypeError, match=r"denoisers\['three'\]: expected a denoiser"):
        as_denoisers({"three": 3})


def test_all_of_them_are_compared():
    X = smooth_images(6, (32, 32))
    names = {"shipped": "disks", "mean": halve, "pool": torch.nn.Identity()}
    table = compare_denoisers(names, X, 0.1, cv=2)
    assert table.n_rows == 6
    noise = table.where(denoiser="pool")["psnr"]
    assert_allclose(noise, 20, atol=0.3)
    assert np.isfinite(table["psnr"]).all()
