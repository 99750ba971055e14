"""Displays of what is inside a denoiser."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from gahb_sk.analysis import eigenbasis
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.denoisers import OracleShrinkage, WaveletShrinkage
from gahb_sk.experiments import basis_alignment, basis_spectra, risk_estimates
from gahb_sk.plots import (
    AlignmentDisplay,
    EffectiveDimensionDisplay,
    EigenvectorGridDisplay,
    HarmonicityDisplay,
    RiskDisplay,
    SpectrumDisplay,
)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def images():
    return make_c_alpha_images(6, 16, random_state=0)


@pytest.fixture(scope="module")
def basis(images):
    oracle = OracleShrinkage().fit(images)
    return eigenbasis(oracle, images[0], 30, sigma=0.1, clean=images[0])


def test_vectors_have_symmetric_limits_and_their_factors(basis, images):
    display = EigenvectorGridDisplay.from_basis(basis, n_vectors=7, images={"clean": images[0]})
    axes = display.plot(n_columns=4).axes_
    assert axes.shape == (2, 4)
    assert axes[0, 0].get_title() == "clean"
    assert list(display.indices) == sorted(set(display.indices)) and display.indices[-1] == 29
    for ax, k in zip(axes.flat[1:], display.indices, strict=True):
        low, high = ax.images[0].get_clim()
        assert low == -high and high >= np.abs(basis.vectors[k]).max()
        assert ax.get_title() == rf"$\lambda_{{{k + 1}}}$ = {basis.values[k]:.3f}"


def test_vectors_fill_the_colours_but_constant_ones_do_not():
    impulse, constant = np.eye(1, 64).reshape(8, 8), np.full((8, 8), 1 / 8)
    display = EigenvectorGridDisplay(np.stack([impulse, constant]), np.array([0.5, 0.4])).plot()
    highs = [ax.images[0].get_clim()[1] for ax in display.axes_.flat[:2]]
    assert highs[0] == 1 and highs[1] > 3 / 8


def test_spectrum_draws_factors_and_coefficients(basis):
    display = SpectrumDisplay.from_basis(basis, "oracle").plot()
    assert np.array_equal(display.ax_.lines[0].get_ydata(), basis.values)
    dots = display.coefficients_ax_.lines[0].get_ydata()
    assert np.array_equal(dots, np.abs(basis.coefficients))
    assert SpectrumDisplay({"alone": basis.values}).plot().coefficients_ax_ is None


def test_risk_and_dimension(images):
    denoisers = {"soft": WaveletShrinkage(threshold=1.5), "bound": OracleShrinkage()}
    fitted = {name: denoiser.fit(images) for name, denoiser in denoisers.items()}
    table = risk_estimates(fitted, images, [0.05, 0.1, 0.2])
    display = EffectiveDimensionDisplay.from_table(table).plot()
    assert np.array_equal(
        display.ax_.lines[0].get_ydata(), table.where(denoiser="soft")["dimension"]
    )
    display = RiskDisplay.from_table(table).plot()
    drawn = [line.get_ydata() for line in display.ax_.lines[:3]]
    soft = table.where(denoiser="soft")
    for line, column in zip(drawn, ("mse", "sure", "predicted"), strict=True):
        assert np.array_equal(line, soft[column])
    assert "bound (bound)" in [text.get_text() for text in display.ax_.get_legend().texts]


def test_alignment_curves(images):
    soft = WaveletShrinkage(threshold=1.5).fit(images)
    table = basis_alignment({"soft": soft}, images[:2], [0.1, 0.3], [2, 5])
    display = AlignmentDisplay.from_table(table, sigma=0.1).plot()
    part = table.where(denoiser="soft", sigma=0.1, reference="oracle bandlets")
    assert np.array_equal(display.ax_.lines[0].get_ydata(), part["overlap"])
    assert display.ax_.get_title() == "soft, noise level 0.1"
    bars = np.array(display.ax_.containers[0].lines[2][0].get_segments())
    np.testing.assert_allclose(np.ptp(bars[:, :, 1], axis=1), 4 * part["overlap_se"])
    with pytest.raises(ValueError, match="denoiser, sigma: expected one of"):
        AlignmentDisplay.from_table(table, denoiser="hard").plot()


def test_means_over_images_have_bands(images):
    denoisers = {"bound": OracleShrinkage().fit(images)}
    table = basis_spectra(denoisers, images[:3], [0.1, 0.3], 6)
    part = table.where(sigma=0.3)
    ax = SpectrumDisplay.from_table(table, sigma=0.3).plot().ax_
    assert np.array_equal(ax.lines[0].get_ydata(), part["factor"])
    edges = ax.collections[0].get_paths()[0].vertices
    highest = (part["factor"] + 2 * part["factor_se"]).max()
    np.testing.assert_allclose(edges[:, 1].max(), highest)


def test_harmonicity_beside_chance(images):
    table = basis_spectra({"bound": OracleShrinkage().fit(images)}, images[:3], [0.1], 6)
    ax = HarmonicityDisplay.from_table(table).plot().ax_
    assert np.array_equal(ax.lines[0].get_ydata(), table["harmonicity"])
    isotropic = table["harmonicity"] - table["adaptivity"]
    assert np.array_equal(ax.lines[1].get_ydata(), isotropic)
    chance = ax.collections[-1].get_paths()[0].vertices[:, 1]
    assert chance.max() == table["chance_high"][0] == -chance.min()
