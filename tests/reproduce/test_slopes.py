"""PSNRs, slopes and gaps behind figures 4 and 16."""

import numpy as np
import pytest

from gahb_sk import FunctionDenoiser, OracleShrinkage
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.metrics import psnr_slope
from gahb_sk.reproduce import Setup, _rivals, _slopes, _sparsity
from gahb_sk.transforms import CosineTransform


def halved(noisy, sigma):
    return 0.5 * noisy


def identity(noisy, sigma):
    return noisy


@pytest.fixture(scope="module")
def measured():
    images = make_c_alpha_images(5, 16, random_state=0)
    denoisers = {
        _slopes.NETWORK: Learned(identity).fit(images),
        "halved": FunctionDenoiser(halved),
        "oracle": OracleShrinkage(),
    }
    image_class = _slopes.Panel("small", images, denoisers, "oracle", 0.95)
    return image_class, _slopes.measure(image_class, Setup(), n_examples=2)


class Learned(FunctionDenoiser):
    kind = "learned"


def test_the_bound_is_no_distance_from_itself(measured):
    table = _slopes.table_of([measured])
    assert (table.where(denoiser="oracle")["gap"] == 0).all()
    gap = table.where(denoiser="halved")["gap"]
    below = table.where(denoiser="oracle")["psnr"] - table.where(denoiser="halved")["psnr"]
    np.testing.assert_allclose(gap, below)


def test_the_slope_is_that_over_the_noise_levels_of_the_paper(measured):
    table = _slopes.table_of([measured])
    part = table.where(denoiser="halved")
    chosen = np.isin(part["sigma"], _slopes.SIGMAS)
    assert chosen.sum() == 15 and len(chosen) == 19
    line = np.polyfit(part["input_psnr"][chosen], part["psnr"][chosen], 1)
    np.testing.assert_allclose(part["slope"], line[0])
    assert abs(table.where(denoiser=_slopes.NETWORK)["slope"][0] - 1) < 0.01


def test_the_networks_slope_is_checked_against_theory(measured):
    image_class, _ = measured
    slope = _slopes.network_slope(image_class, Setup())
    own = _slopes.table_of([measured]).where(denoiser=_slopes.NETWORK)["slope"][0]
    assert slope == pytest.approx(own)
    check = _slopes.slope_check(image_class, slope)
    assert (check.low, check.high) == pytest.approx((0.89, 1.01))
    assert check.passed


def test_psnrs_are_checked_against_the_best_that_is_no_bound(measured):
    table = _slopes.table_of([measured])
    checks = _slopes.psnr_checks(table, measured[0])
    assert [check.low for check in checks] == [0.0, 0.7, 0.7, 0.7]
    for sigma, check in zip(_slopes.SPOTS, checks, strict=True):
        own, rival = (
            table.where(denoiser=name, sigma=sigma)["psnr"][0]
            for name in (_slopes.NETWORK, "halved")
        )
        assert check.value == pytest.approx(own - rival)
        assert "halved" in check.text


def test_pictures_have_one_panel_per_class(measured):
    table = _slopes.table_of([measured])
    for figure in (
        _slopes.draw_psnrs([measured] * 4, "title"),
        _slopes.draw_gaps(table, [measured[0]] * 4),
    ):
        drawn = [ax for ax in figure.axes if ax.get_title().startswith("small")]
        assert len(drawn) == 4
        assert all(len(ax.lines) >= 3 for ax in drawn)


def test_rivals_are_given_sigma_and_are_no_bounds():
    assert {"wavelets, spun", "bandlets"} <= set(_rivals.rivals())
    assert not any(one.needs_clean for one in _rivals.rivals().values())
    assert all(one.needs_clean for one in _rivals.oracles().values())


def test_coefficients_tell_bases_apart_that_slopes_do_not(global_random_seed):
    """The oracles' slopes agree; their levels, and the coefficients for 40 dB, do not."""
    images = make_c_alpha_images(13, 64, alpha=2, random_state=global_random_seed)
    panel = _slopes.c_alpha_panel(2, images, _rivals.oracles())
    comparison = _slopes.measure(panel, Setup(), sigma=_slopes.SIGMAS[:11:5])
    wavelets, bandlets = (
        psnr_slope(part["sigma"], part["psnr"])
        for part in (comparison.means().where(denoiser=name) for name in panel.denoisers)
    )
    assert abs(wavelets - bandlets) < 0.02
    apart = comparison.differences("oracle wavelets")
    assert (apart["verdict"] == "better").all()
    saved, error = _sparsity.saving(images[:-1], 40)
    assert saved - 3 * error > 1.05


def test_a_basis_that_fits_needs_one_coefficient():
    flat = np.full((2, 16, 16), 0.5)
    needed = _sparsity.coefficients_needed(
        flat + np.linspace(0, 1e-6, 16), 60, lambda X, t: CosineTransform((16, 16))
    )
    np.testing.assert_allclose(needed, 1)
