import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from gahb_sk import OracleShrinkage, WaveletShrinkage
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.experiments import compare_denoisers
from gahb_sk.plots import ComparisonDisplay, ImageGridDisplay


@pytest.fixture(scope="module")
def comparison():
    X = make_c_alpha_images(6, image_size=16, random_state=0)
    denoisers = {"wavelet": WaveletShrinkage(), "oracle": OracleShrinkage()}
    return compare_denoisers(denoisers, X, [0.05, 0.1, 0.3], cv=2, n_examples=2)


@pytest.fixture
def ax():
    return Figure().subplots()


def curves(ax):
    return {box.get_label(): box.lines[0] for box in ax.containers}


def test_curves_are_the_means(comparison, ax):
    ComparisonDisplay.from_comparison(comparison).plot(ax)
    means = comparison.means()
    for label, name in (("wavelet", "wavelet"), ("oracle (bound)", "oracle")):
        part = means.where(denoiser=name)
        assert_allclose(curves(ax)[label].get_xdata(), part["input_psnr"])
        assert_allclose(curves(ax)[label].get_ydata(), part["psnr"])


def test_kinds_look_different(comparison, ax):
    ComparisonDisplay.from_comparison(comparison).plot(ax)
    found = curves(ax)
    assert found["wavelet"].get_linestyle() != found["oracle (bound)"].get_linestyle()
    assert found["wavelet"].get_color() != found["oracle (bound)"].get_color()


@pytest.mark.parametrize("alpha", [0.5, 2.0])
def test_theoretical_slope(alpha, comparison, ax):
    ComparisonDisplay.from_comparison(comparison, alpha=alpha).plot(ax)
    (line,) = [line for line in ax.lines if "theory" in str(line.get_label())]
    x, y = line.get_data()
    assert_allclose(np.diff(y) / np.diff(x), alpha / (alpha + 1))


def test_no_slope_without_alpha(comparison, ax):
    display = ComparisonDisplay.from_comparison(comparison).plot(ax)
    assert not [line for line in ax.lines if "theory" in str(line.get_label())]
    assert display.ax_ is ax and display.figure_ is ax.figure


def test_drawing_twice_draws_the_same(comparison):
    display = ComparisonDisplay.from_comparison(comparison)
    first, second = Figure().subplots(), Figure().subplots()
    display.plot(first), display.plot(second)
    assert len(first.lines) == len(second.lines)


def test_without_an_axis_a_figure_is_made(comparison):
    with matplotlib.rc_context({"backend": "agg"}):
        import matplotlib.pyplot as plt

        figure = ComparisonDisplay.from_comparison(comparison).plot().figure_
        assert figure.number in plt.get_fignums()
        plt.close(figure)


def test_grid_shows_the_examples_and_their_psnr(comparison):
    display = ImageGridDisplay.from_comparison(comparison, 0.1).plot(Figure())
    assert display.axes_.shape == (2, 4)
    examples = comparison.examples[0.1]
    for axes, name in zip(display.axes_.T, ("clean", "noisy", "wavelet", "oracle"), strict=True):
        for ax, image in zip(axes, examples[name], strict=True):
            assert_allclose(ax.images[0].get_array(), image)
            assert ax.get_xlabel().endswith("dB") == (name != "clean")


def test_grid_of_colour_images_is_clipped_for_the_screen_only(rng):
    images = rng.normal(size=(1, 3, 5, 4))
    before = images.copy()
    display = ImageGridDisplay({"a": images}).plot(Figure())
    shown = display.axes_[0, 0].images[0].get_array()
    assert shown.shape == (5, 4, 3)
    assert_allclose(np.moveaxis(shown, -1, 0), np.clip(images[0], 0, 1))
    assert_allclose(images, before)


def test_grid_needs_examples(comparison):
    with pytest.raises(ValueError, match="n_examples"):
        ImageGridDisplay.from_comparison(comparison, 0.2)
