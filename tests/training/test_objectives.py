"""Learning from noisy images: estimates of the squared error are unbiased, and networks learn."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import NetworkDenoiser, add_gaussian_noise, psnr
from gahb_sk.datasets import FreshImages
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.networks import ResidualUNet
from gahb_sk.training import OBJECTIVE_NAMES, OBJECTIVES, PARTS, Recipe
from gahb_sk.transforms._opponent import to_opponent
from tests.instances import smooth_images

NOISY = [name for name in OBJECTIVES if name != "supervised"]
SIGMA, GAIN = 0.2, 0.6


def test_every_name_has_a_function():
    assert tuple(OBJECTIVES) == OBJECTIVE_NAMES


def predict(noisy, sigma):
    """The noise, in the eyes of a denoiser that multiplies by GAIN."""
    return (1 - GAIN) * noisy


def colors(images):
    return torch.from_numpy(to_opponent(images.numpy())[..., 1:, :, :])


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_unbiased(objective, part, global_random_seed):
    """The mean over the noise is the squared error, up to a constant that is known."""
    generator = torch.Generator().manual_seed(global_random_seed)
    n, d, a = 4000, 48 if part == "all" else 32, 0.5
    clean = torch.rand(1, 3, 4, 4, generator=generator).expand(n, -1, -1, -1)
    one, two, normal = torch.randn(3, n, 3, 4, 4, generator=generator)
    sigma = torch.full((n,), SIGMA)
    images, level, constant = {
        "supervised": (clean, SIGMA, 0),
        "sure": (clean + SIGMA * one, SIGMA, 0),
        "noise2noise": (torch.cat([clean + SIGMA * one, clean + SIGMA * two], 1), SIGMA, 1),
        "recorrupted": (clean + SIGMA * one, SIGMA * (1 + a**2) ** 0.5, 1 + 1 / a**2),
    }[objective]
    normal = torch.cat([normal, normal], 1) if objective == "noise2noise" else normal
    values = OBJECTIVES[objective](predict, images, normal, sigma, part)
    values = values - constant * d * SIGMA**2
    counted = clean[0] if part == "all" else colors(clean[0])
    expected = ((GAIN - 1) * counted).square().sum() + d * (GAIN * level) ** 2
    error = values.std() / n**0.5
    assert abs(float(values.mean() - expected)) < 5 * float(error)


def test_colors_alone_are_learned_and_measured():
    """Training and held-out PSNR are those of the colours; the luminance is not learned."""
    images = np.random.default_rng(0).random((64, 3, 1, 1), np.float32).repeat(8, 2).repeat(8, 3)
    recipe = {"part": "colors", "early_stopping": True, "batch_size": 4, "learning_rate": 5e-3}
    denoiser = NetworkDenoiser(
        ResidualUNet(4, 1), recipe=recipe, max_epochs=20, noise_range=(0.1, 0.2), random_state=0
    ).fit(images)
    noisy = add_gaussian_noise(images, 0.15, random_state=3)
    found = denoiser.transform(noisy)
    of_colors = psnr(*(to_opponent(one)[:, 1:] for one in (images, found))).mean()
    of_all = psnr(images, found).mean()
    assert of_colors > of_all + 3
    last = denoiser.history_[-1]
    assert abs(last["psnr"][2] - of_colors) < 2
    assert abs(last["train_psnr"][2] - of_colors) < 2


def test_grey_images_have_no_colors():
    with pytest.raises(ValueError, match="part: 'colors' is for images of three channels, got 1"):
        make("supervised", max_epochs=1, noise_range=(0.1, 0.2)).set_params(
            recipe={"part": "colors"}
        ).fit(smooth_images(8))


def make(objective, **parameters):
    recipe = {"objective": objective, "batch_size": 4, "learning_rate": 5e-3}
    network = ResidualUNet(4, 1)
    return NetworkDenoiser(network, recipe=recipe, **{"random_state": 0, **parameters})


def training_data(objective, clean):
    first, second = (add_gaussian_noise(clean, SIGMA, random_state=k) for k in (1, 2))
    return (first, second) if objective == "noise2noise" else (first, None, SIGMA)


@pytest.mark.parametrize("objective", NOISY)
def test_networks_learn_without_clean_images(objective):
    images = smooth_images(80)
    denoiser = make(objective, max_epochs=12).fit(*training_data(objective, images[:64]))
    noisy = add_gaussian_noise(images[64:], SIGMA, random_state=3)
    gain = psnr(images[64:], denoiser.transform(noisy)) - psnr(images[64:], noisy)
    assert gain.mean() > 3
    assert denoiser.history_[-1]["train_psnr"] == [None] * 5


@pytest.mark.parametrize("objective", NOISY)
def test_resumed_and_flat(objective, tmp_path):
    """The same images in flat rows give the same network; a finished training is not repeated."""
    data = training_data(objective, smooth_images(8))
    whole = make(objective, max_epochs=2, checkpoint_dir=tmp_path).fit(*data)
    shape = data[0].shape[1:]
    flat = [one.reshape(len(one), -1) if np.ndim(one) == 3 else one for one in data]
    rows = make(objective, max_epochs=2, image_shape=shape).fit(*flat)
    assert_allclose(rows.transform(flat[0]), whole.transform(data[0]).reshape(8, -1), atol=1e-6)
    again = make(objective, max_epochs=2, checkpoint_dir=tmp_path).fit(*data)
    assert_array_equal(again.transform(data[0]), whole.transform(data[0]))
    other = (data[0], data[1][::-1]) if objective == "noise2noise" else (data[0], None, 2 * SIGMA)
    with pytest.raises(ValueError, match="data"):
        make(objective, max_epochs=2, checkpoint_dir=tmp_path).fit(*other)


@pytest.mark.parametrize(
    ("objective", "data", "message"),
    [
        ("sure", {}, "needs the noise level of X"),
        ("recorrupted", {"sigma": [0.1, 0.2]}, "one per image"),
        ("sure", {"sigma": 0.0}, "positive"),
        ("noise2noise", {}, "needs a second noisy image"),
        ("noise2noise", {"y": np.zeros((4, 3, 3))}, "of the shape of X"),
        ("supervised", {"sigma": 0.1}, "expected None"),
        ("sur", {"sigma": 0.1}, "objective: expected one of"),
    ],
)
def test_what_an_objective_lacks(objective, data, message):
    with pytest.raises(ValueError, match=message):
        make(objective, max_epochs=1).fit(smooth_images(4), **data)


@pytest.mark.parametrize(
    ("parameters", "sigma", "typed"),
    [
        ({"noise_range": (1, 80)}, None, "noise_range: 80"),
        ({"recipe": {"objective": "sure"}}, 25.0, "sigma: 25"),
    ],
)
def test_bytes_are_asked_about(parameters, sigma, typed):
    network = NetworkDenoiser(ResidualUNet(2, 1), max_images=1, random_state=0, **parameters)
    with pytest.warns(UserWarning, match=rf"{typed} is not .* did you mean \d+/255?") as caught:
        network.fit(smooth_images(4), sigma=sigma)
    assert caught[0].filename == __file__
    network.fit(255 * smooth_images(4), sigma=sigma)  # a warning would be an error


def test_what_needs_clean_images_is_refused():
    with pytest.raises(ValueError, match="early_stopping.*needs clean images"):
        Recipe(objective="sure", early_stopping=True)
    with pytest.raises(ValueError, match="loss_weight.*needs clean images"):
        Recipe(objective="noise2noise", loss_weight="balanced_root")
    stream = FreshImages(CAlphaImages(16), random_state=0)
    with pytest.raises(ValueError, match="got a stream"):
        make("sure", max_epochs=1).fit(stream, sigma=0.1)
