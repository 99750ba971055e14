"""The gap to the optimum."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk import WaveletShrinkage, add_gaussian_noise, psnr
from gahb_sk.datasets import ImageStack, make_ray_images
from gahb_sk.denoisers import FunctionDenoiser, RayPosteriorMean, TangentProjection
from gahb_sk.experiments import optimality_gap
from gahb_sk.image_classes import RayImages
from gahb_sk.plots import OptimalityDisplay


def test_gap_is_paired_and_drawn(global_random_seed):
    X = make_ray_images(12, 16, random_state=global_random_seed)
    best, rival = RayPosteriorMean().fit(X), WaveletShrinkage().fit(X)
    oracle = TangentProjection(RayImages.from_images(X)).fit(X)
    denoisers = {"itself": best, "wavelets": rival, "oracle": oracle}
    table = optimality_gap(denoisers, best, X, [0.1, 0.5], random_state=3)
    assert table.n_rows == 6
    itself = table.where(denoiser="itself")
    assert_allclose([itself["gap"], itself["gap_se"], itself["mse_gap"]], 0, atol=0)
    noisy = add_gaussian_noise(X, 0.5, 3)
    expected = psnr(X, best.transform(noisy, 0.5)) - psnr(X, rival.transform(noisy, 0.5))
    row = table.where(denoiser="wavelets", sigma=0.5)
    assert_allclose(row["gap"], expected.mean(), rtol=1e-6)
    assert_allclose(row["gap_se"], expected.std(ddof=1) / np.sqrt(12), rtol=1e-6)
    assert table.where(denoiser="oracle")["bound"].all()
    assert_allclose(table["mse"] - table["optimum_mse"], table["mse_gap"], atol=1e-12)
    assert_allclose(row["mse"], np.square(X - rival.transform(noisy, 0.5)).mean(), rtol=1e-4)
    axes = OptimalityDisplay.from_table(table).plot().ax_
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert "oracle (bound)" in labels and "optimum" in labels
    plt.close(axes.figure)


def test_all_psnrs_are_drawn_with_the_optimum(global_random_seed):
    X = make_ray_images(4, 16, random_state=global_random_seed)
    best = RayPosteriorMean().fit(X)
    table = optimality_gap({"wavelets": WaveletShrinkage().fit(X)}, best, X, [0.1, 0.5])
    axes = OptimalityDisplay.from_table(table, quantity="psnr").plot().ax_
    lines = {line.get_label(): line for line in axes.lines}
    order = np.argsort(table["input_psnr"])
    assert_allclose(lines["wavelets"].get_ydata(), table["psnr"])
    assert_allclose(lines["optimum"].get_ydata(), table["optimum_psnr"][order])
    plt.close(axes.figure)
    with pytest.raises(ValueError, match="quantity 'snr'"):
        OptimalityDisplay(table, quantity="snr").plot()


def test_chunks_and_lazy_stacks_change_nothing(global_random_seed):
    law = RayImages.drawn(1200, global_random_seed)  # of which two are measured at a time
    lazy = ImageStack.from_class(law, 5, global_random_seed)
    X = np.asarray(lazy)
    best, rival = RayPosteriorMean(law), {"nothing": FunctionDenoiser(np.copy)}
    noisy = add_gaussian_noise(X, 0.2, random_state=0)
    gaps = psnr(X, best.transform(noisy, 0.2)) - psnr(X, noisy)
    for images in (X, lazy):
        table = optimality_gap(rival, best, images, [0.2])
        assert table["n_images"] == 5
        assert_allclose(table["gap"], gaps.mean(), rtol=1e-5)
        assert_allclose(table["gap_se"], gaps.std(ddof=1) / np.sqrt(5), rtol=1e-4)


def test_needs_denoisers_and_levels(global_random_seed):
    X = make_ray_images(2, 16, random_state=global_random_seed)
    best = RayPosteriorMean().fit(X)
    with pytest.raises(ValueError, match="denoisers"):
        optimality_gap({}, best, X)
    with pytest.raises(TypeError, match="expected a denoiser"):
        optimality_gap({"nothing": 3}, best, X)
    with pytest.raises(ValueError, match="sigma"):
        optimality_gap({"best": best}, best, X, [0.0])
