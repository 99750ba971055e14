import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import EmpiricalBayesDenoiser, FunctionDenoiser, WienerDenoiser
from gahb_sk.datasets import make_disk_images
from gahb_sk.experiments import capacity_curve, generalization_curve
from gahb_sk.plots import CapacityDisplay, GeneralizationDisplay

N = (2, 20, 60)


@pytest.fixture(scope="module")
def disks():
    return make_disk_images(160, 8, random_state=0)


@pytest.fixture(scope="module")
def curve(disks):
    return generalization_curve(WienerDenoiser(), disks, N, n_test=30, n_samples=3)


def project_on_first(image):
    x = make_disk_images(1, 8, random_state=0)[0]
    return x * (image * x).sum() / (x * x).sum()


def figure():
    return Figure(layout="constrained")


def test_curves_are_the_means(curve):
    display = GeneralizationDisplay.from_curve(curve).plot(figure())
    for ax, images in zip(display.curve_axes_, ("train", "test"), strict=True):
        drawn = [box.lines[0] for box in ax.containers]
        assert len(drawn) == 2 * len(N)
        for k, n in enumerate(N):
            for name, line in zip("AB", drawn[2 * k : 2 * k + 2], strict=True):
                part = curve.psnr.where(n_train=n, images=images, training_set=name)
                assert_allclose(line.get_ydata(), part["psnr"])
                assert_allclose(line.get_xdata(), part["input_psnr"])
            assert to_hex(drawn[2 * k].get_color()) == to_hex(drawn[2 * k + 1].get_color())


def test_the_optimum_of_one_image_is_that_of_a_projection_on_it(disks):
    """A ray is known: of d values of noise one is left, however strong the noise."""
    sigmas = [0.05, 0.5]
    curve = generalization_curve(
        FunctionDenoiser(project_on_first), disks, (1,), sigma=sigmas, n_test=100, n_samples=0
    )
    display = GeneralizationDisplay.from_curve(curve).plot(figure())
    train, test = display.curve_axes_
    best = {line.get_label(): line.get_ydata() for line in train.lines}["optimum, N = 1"]
    own = curve.psnr.where(images="train", training_set="A")["psnr"]
    # The PSNR's mean is above that of the mean error: -10 E log10 of chi^2_1 is 5.5 dB.
    assert_allclose(np.sort(own), np.sort(best) + 5.5, atol=4)
    assert "optimum, N = 1" not in [line.get_label() for line in test.lines]


def test_rows_are_closest_sample_sample_closest(curve):
    display = GeneralizationDisplay(curve, n_examples=2).plot(figure())
    assert display.image_axes_.shape == (4, 2 * len(N))
    pairs = curve.samples[20]
    for row, stack in enumerate(
        (pairs.closest_first, pairs.first, pairs.second, pairs.closest_second)
    ):
        for k in range(2):
            shown = display.image_axes_[row, 2 + k].images[0].get_array()
            assert_array_equal(shown, stack[k])


@pytest.mark.parametrize("centered", [False, True])
def test_histograms_hold_all_samples(centered, curve):
    display = GeneralizationDisplay(curve, centered=centered).plot(figure())
    assert len(display.histogram_axes_) == len(N)
    for ax in display.histogram_axes_:
        for patch in ax.patches:
            x, y = patch.get_xy().T
            # The outline of the bins: its area over the width of a bin is the sum of the parts.
            area = abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
            width = np.diff(np.unique(x))[0]
            assert_allclose(area / width, 1)


def test_without_samples_the_curves_alone(disks):
    curve = generalization_curve(WienerDenoiser(), disks, N, n_test=30, n_samples=0)
    display = GeneralizationDisplay.from_curve(curve).plot(figure())
    assert len(display.figure_.axes) == 2 and not hasattr(display, "image_axes_")


def test_psnrs_of_exact_images_are_left_out(disks):
    curve = generalization_curve(EmpiricalBayesDenoiser(), disks, (1,), n_test=9, n_samples=1)
    assert not np.isfinite(curve.psnr.where(images="train")["psnr"]).all()
    display = GeneralizationDisplay.from_curve(curve).plot(figure())
    display.figure_.canvas.draw()
    for ax in display.curve_axes_:
        assert all((box.lines[0].get_ydata() < 100).all() for box in ax.containers)


def test_drawing_twice_draws_the_same(curve):
    display = GeneralizationDisplay.from_curve(curve)
    first, second = display.plot(figure()).figure_, display.plot(figure()).figure_
    assert first is not second and len(first.axes) == len(second.axes)


def amplify(image):
    return 3 * image


def test_diverged_samples_leave_a_figure(disks):
    curve = generalization_curve(FunctionDenoiser(amplify), disks, (4,), n_test=5, n_samples=2)
    GeneralizationDisplay.from_curve(curve).plot(figure()).figure_.canvas.draw()


def test_capacity_curves_are_the_gaps(disks):
    stacks = {"8x8": disks, "4x4": disks[:, ::2, ::2]}
    denoisers = {"all": WienerDenoiser(), "3": WienerDenoiser(n_components=3)}
    table = capacity_curve(denoisers, stacks, (5, 50), n_test=20)
    ax = CapacityDisplay.from_table(table).plot(figure().subplots()).ax_
    drawn = {box.get_label(): box.lines[0] for box in ax.containers}
    assert len(drawn) == 4
    for images in stacks:
        for name in denoisers:
            part = table.where(images=images, denoiser=name)
            line = drawn[f"{images}, {name}"]
            assert_array_equal(line.get_xdata(), part["n_train"])
            assert_allclose(line.get_ydata(), part["gap"])
    colours = {images: drawn[f"{images}, all"].get_color() for images in stacks}
    assert colours["8x8"] != colours["4x4"]
    assert drawn["8x8, all"].get_linestyle() != drawn["8x8, 3"].get_linestyle()


def test_weights_are_named(disks):
    table = capacity_curve([WienerDenoiser()], {"8x8": disks}, (5,), n_test=20)
    columns = {**dict(table), "n_weights": np.array([131472.0])}
    ax = CapacityDisplay(type(table)(columns)).plot(figure().subplots()).ax_
    assert ax.containers[0].get_label() == "8x8, WienerDenoiser (131k weights)"
