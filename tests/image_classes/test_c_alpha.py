"""The class C^alpha: spectra, masks, ranges, moments."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.image_classes._contour_masks import MASKS, half_plane_coverage, mean_clipped


def slope(frequency, log_power):
    return np.polyfit(np.log(frequency), log_power, 1)[0]


def make(n=4, size=32, seed=0, **options):
    options = {"return_latents": True, "dtype": np.float64, **options}
    return make_c_alpha_images(n, size, random_state=seed, **options)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.5, 3.0])
def test_contour_spectrum_decays_as_twice_alpha(alpha, global_random_seed):
    _, latents = make(300, 64, global_random_seed, alpha=alpha, constant_background=True)
    power = np.abs(np.fft.rfft(latents.contour)) ** 2
    k = np.arange(1, 32)
    found = slope(k, np.log(power[:, k]).mean(0))
    # sd of the mean of log power is about 1.3 / sqrt(300) at each k; of the slope, below 0.02
    assert abs(found + 2 * alpha) < 0.1


@pytest.mark.parametrize("beta", [0.7, 1.0, 2.5])
def test_background_spectrum_decays_as_twice_its_own_alpha(beta, global_random_seed):
    _, latents = make(40, 64, global_random_seed, alpha=1.2, background_alpha=beta)
    power = np.abs(np.fft.fft2(latents.backgrounds)) ** 2
    k = np.fft.fftfreq(64, 1 / 64)
    radius = np.hypot(*np.meshgrid(k, k))
    inside = (radius >= 1) & (radius < 32)
    found = slope(radius[inside], np.log(power[..., inside]).mean((0, 1)))
    assert abs(found + 2 * beta) < 0.1


def test_backgrounds_have_alpha_when_no_other_is_given(global_random_seed):
    a = make(3, 16, global_random_seed, alpha=1.7)[0]
    b = make(3, 16, global_random_seed, alpha=1.7, background_alpha=1.7)[0]
    assert_array_equal(a, b)


def test_an_image_is_made_of_its_latents(global_random_seed):
    images, latents = make(20, (24, 37), global_random_seed, antialias="area")
    above, below = latents.backgrounds[:, 0], latents.backgrounds[:, 1]
    mask = latents.mask
    assert_allclose(images, mask * above + (1 - mask) * below, atol=1e-12)
    assert images.min() >= 0 and images.max() <= 1


def test_one_side_reaches_one_and_the_other_zero(global_random_seed):
    _, latents = make(50, 16, global_random_seed)
    top, bottom = latents.backgrounds.max((2, 3)), latents.backgrounds.min((2, 3))
    assert_allclose(np.sort(top, 1)[:, 1], 1, atol=1e-12)
    assert_allclose(np.sort(bottom, 1)[:, 0], 0, atol=1e-12)
    bright_above = top[:, 0] > top[:, 1]
    assert 5 < bright_above.sum() < 45  # sides are swapped with probability 1/2


def test_moments_are_those_of_the_published_set(global_random_seed):
    images = make_c_alpha_images(400, 80, 2.0, random_state=global_random_seed)
    # over seeds, means of 400 images have a standard deviation of .011 and their sd of .005
    assert abs(images.mean() - 0.495) < 0.05
    assert abs(images.std() - 0.315) < 0.025


def test_contour_has_its_definition_in_rows(global_random_seed):
    _, latents = make(300, (40, 60), global_random_seed, alpha=2.0, constant_background=True)
    # h/H - 1/2 is the inverse transform of k^-2 times noise of variance 1/3
    k = np.maximum(np.abs(np.fft.fftfreq(60, 1 / 60)), 1)
    variance = (k**-4.0).sum() / 3 / 60
    contour = latents.contour / 40 - 0.5
    assert abs(contour.var() / variance - 1) < 0.25


def test_hard_mask_has_the_rounded_contour(global_random_seed):
    images, latents = make(10, 32, global_random_seed, antialias="none", constant_background=True)
    rows = np.rint(latents.contour).clip(0, 32)
    assert_array_equal(latents.mask.sum(1), rows)
    assert set(np.unique(latents.mask)) <= {0, 1}
    assert all(len(np.unique(image)) <= 2 for image in images)


def test_average_mask_is_the_mean_of_four_reflected_pixels(global_random_seed):
    average = make(6, (17, 20), global_random_seed, antialias="average")[1].mask
    hard = make(6, (17, 20), global_random_seed, antialias="none")[1].mask
    padded = np.pad(hard, ((0, 0), (0, 1), (0, 1)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2, 2), axis=(1, 2))
    assert_allclose(average, windows.mean((-2, -1)), atol=1e-15)


def test_area_mask_has_the_area_below_the_polygon(global_random_seed):
    _, latents = make(50, 32, global_random_seed, antialias="area", alpha=1.0)
    h, after = latents.contour, np.roll(latents.contour, -1, axis=1)
    inside = (np.minimum(h, after) > 0) & (np.maximum(h, after) < 32)
    assert inside.mean() > 0.5
    assert_allclose(latents.mask.sum(1)[inside], ((h + after) / 2)[inside], atol=1e-9)


@pytest.mark.parametrize("orientation", ["horizontal", "random"])
def test_area_mask_lies_between_the_hard_ones(orientation, global_random_seed):
    options = {"orientation": orientation, "alpha": 2.0, "constant_background": True}
    area = make(20, 32, global_random_seed, antialias="area", **options)[1].mask
    hard = make(20, 32, global_random_seed, antialias="none", **options)[1].mask
    assert area.min() >= 0 and area.max() <= 1
    assert np.abs(area - hard).mean() < 0.05
    if orientation == "random":  # both refer to the centre of the pixel
        sure = np.abs(area - 0.5) > 0.4
        assert (np.rint(area)[sure] == hard[sure]).mean() > 0.999


def test_rotation_by_nothing_is_no_rotation(global_random_seed):
    # the polygon's cell runs from one sample to the next, the rotated one around the sample
    h, edges = (16 + 3 * np.sin(2 * np.pi * (np.arange(32) + s) / 32)[None] for s in (0.3, -0.2))
    turned = MASKS["area"](h, np.zeros(1), 32, np.float64)
    straight = MASKS["area"](edges, None, 32, np.float64)
    assert np.abs(turned - straight).max() < 0.02


def test_half_a_turn_shows_the_other_side(global_random_seed):
    h = 16 + np.random.RandomState(global_random_seed).uniform(-4, 4, (1, 32))
    here = MASKS["area"](h, np.zeros(1), 32, np.float64)
    there = MASKS["area"](h, np.full(1, np.pi), 32, np.float64)
    assert_allclose(there, here[:, ::-1, ::-1], atol=1e-9)


def test_random_orientations_cover_the_circle(global_random_seed):
    _, latents = make(400, 8, global_random_seed, orientation="random")
    assert 0 <= latents.angle.min() and latents.angle.max() < 2 * np.pi
    assert np.abs(np.exp(1j * latents.angle).mean()) < 0.25
    assert not make(4, 8, global_random_seed)[1].angle.any()


def test_half_plane_coverage_against_fine_sampling(rng):
    angle, distance = rng.uniform(0, 7, 50), rng.uniform(-0.8, 0.8, 50)
    normal = np.stack([np.cos(angle), np.sin(angle)])
    fine = (np.arange(200) + 0.5) / 200 - 0.5
    inside = normal[0, :, None, None] * fine[:, None] + normal[1, :, None, None] * fine
    counted = (inside <= distance[:, None, None]).mean((1, 2))
    assert_allclose(half_plane_coverage(distance, normal), counted, atol=4e-3)
    total = half_plane_coverage(distance, normal) + half_plane_coverage(-distance, normal)
    assert_allclose(total, 1, atol=1e-9)


def test_mean_clipped_against_fine_sampling(rng):
    a, b = rng.uniform(-2, 3, (2, 100))
    t = (np.arange(2000) + 0.5) / 2000
    counted = np.clip(a[:, None] + (b - a)[:, None] * t, 0, 1).mean(1)
    assert_allclose(mean_clipped(a, b), counted, atol=1e-5)
    assert_allclose(mean_clipped(a, a), np.clip(a, 0, 1), atol=1e-12)


@pytest.mark.parametrize("contrast", [0.0, 0.3, 0.9])
def test_jumps_have_the_minimum_contrast(contrast, global_random_seed):
    _, latents = make(100, 8, global_random_seed, min_contrast=contrast)
    g = latents.backgrounds
    gap = np.maximum(
        g[:, 0].min((1, 2)) - g[:, 1].max((1, 2)), g[:, 1].min((1, 2)) - g[:, 0].max((1, 2))
    )
    assert gap.min() >= contrast - 1e-12
    assert gap.min() < contrast + 0.3 * (1 - contrast)


def test_constant_backgrounds_are_constant(global_random_seed):
    _, latents = make(30, 8, global_random_seed, constant_background=True, min_contrast=0.2)
    assert not np.ptp(latents.backgrounds, axis=(2, 3)).any()
    levels = latents.backgrounds[:, :, 0, 0]
    assert np.abs(levels[:, 0] - levels[:, 1]).min() >= 0.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": 3}, "image_size"),
        ({"image_size": (8, 2)}, "image_size"),
        ({"image_size": 8.0}, "image_size"),
        ({"alpha": 0}, "alpha"),
        ({"alpha": float("nan")}, "alpha"),
        ({"background_alpha": -1.0}, "background_alpha"),
        ({"n_samples": -1}, "n_samples"),
        ({"antialias": "averge"}, "Did you mean 'average'"),
        ({"orientation": "vertical"}, "orientation"),
        ({"min_contrast": 1.0}, "min_contrast"),
        ({"dtype": np.uint8}, "dtype"),
        ({"first_image": -1}, "first_image"),
        ({"random_state": np.random.default_rng(0)}, "random_state"),
    ],
)
def test_bad_parameters_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        make_c_alpha_images(**{"n_samples": 2, "image_size": 8, **options})
