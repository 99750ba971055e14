"""Images of extreme magnitude: a finite result, or an error that names the images."""

import warnings

import numpy as np
import pytest

from gahb_sk.denoisers import all_denoisers
from tests.instances import make_denoiser, smooth_images


@pytest.mark.parametrize("scale", [1e300, 1e-160, 1e-310])
@pytest.mark.parametrize("name", all_denoisers())
def test_results_are_finite_or_the_error_is_clear(name, scale):
    X = scale * smooth_images(4, (8, 8))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            denoised = make_denoiser(name).fit(X).denoise(X, 0.1 * scale, clean=X)
        except FloatingPointError as error:  # NaN came out, or would have
            assert "magnitude" in str(error) or "range of the images" in str(error)
        except ValueError as error:
            assert str(error).startswith(("X: ", "clean: ", "module: "))
        else:
            assert np.isfinite(denoised).all()
