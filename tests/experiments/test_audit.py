"""The audit: verdicts against denoisers whose truth is known."""

import importlib.util

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from gahb_sk.denoisers import (
    EmpiricalBayesDenoiser,
    FunctionDenoiser,
    ModuleDenoiser,
    WaveletShrinkage,
    WienerDenoiser,
)
from gahb_sk.experiments import Audit, audit
from gahb_sk.image_classes import GaussianImages

SYMMETRIC = "Is it a gradient (symmetric Jacobian)?"
BRIGHTNESS = "Does it keep the brightness?"
CONTRAST = "Does it scale with contrast?"
OWN_ERROR = "Does it know its own error?"
SURE = "Can its error be estimated without clean images (SURE)?"
NOISE = "Does it know the noise level?"
FACTORS = "Are its shrinkage factors those of a Bayes denoiser?"


@pytest.fixture(autouse=True)
def without_bm3d(monkeypatch):
    """BM3D takes half a second per image, and would be most of the time."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "bm3d" else find_spec(name)
    )


def gaussian_class(size=12):
    """Stationary Gaussian images of low frequencies."""
    noise = np.random.RandomState(0).randn(400, size, size)
    smooth = np.stack([gaussian_filter(x, 2, mode="wrap") for x in noise]).reshape(400, -1)
    covariance = np.cov(smooth.T) * 0.05 / smooth.var()
    return GaussianImages(np.full((size, size), 0.5), covariance)


@pytest.fixture(scope="module")
def images():
    return gaussian_class().sample(16, 0)


def grades(denoiser, X, *sections, **options):
    found = audit(denoiser, X, sections=list(sections), quick=True, **options)
    assert isinstance(found, Audit)
    return {row["topic"]: row["grade"] for row in found.verdicts().rows()}


def test_the_optimum_of_gaussian_images_is_a_bayes_denoiser(images):
    optimum = gaussian_class().posterior_mean().fit(images)
    found = grades(optimum, images, "bayes", sigma=[0.1, 0.3], dtype="float64")
    assert found[SYMMETRIC] == found[FACTORS] == "yes"
    assert found[OWN_ERROR] in ("yes", "nearly", "unclear") and found[SURE] != "no"
    assert found[BRIGHTNESS] != "no"
    assert found[CONTRAST] == "no"  # its prior has a scale


def test_a_shift_of_brightness_is_seen(images):
    darker = FunctionDenoiser(lambda x: gaussian_filter(x, 1) - 0.1)
    found = audit(darker, images, sections=["bayes"], sigma=[0.1], quick=True)
    verdict = next(v for v in found.sections["bayes"].verdicts if v.topic == BRIGHTNESS)
    assert verdict.grade == "no" and "darkens" in verdict.text


def test_levels_are_not_pooled(images):
    def unsteady(x, sigma):
        return gaussian_filter(x, 1) + (0.1 if sigma < 0.2 else -0.3)

    found = audit(FunctionDenoiser(unsteady), images, sections=["bayes"], sigma=[0.1, 0.3],
                  quick=True)  # fmt: skip
    verdict = next(v for v in found.sections["bayes"].verdicts if v.topic == BRIGHTNESS)
    assert verdict.grade == "no" and "at σ =" in verdict.text


def test_a_slow_denoiser_denoises_fewer_images_and_says_so(images, monkeypatch):
    monkeypatch.setattr("gahb_sk.experiments._audit._case._SLOW", 0.0)
    found = audit(WaveletShrinkage(), images, sections=["symmetries"], quick=True)
    table = found.tables["symmetries"]
    assert len(np.unique(table["sigma"])) == 3 and table["n_images"].max() < 8
    assert "of computing per image" in found.sections["symmetries"].notes[0]


def test_a_memorising_denoiser_is_overconfident_on_fresh_images(images):
    memory = EmpiricalBayesDenoiser().fit(gaussian_class().sample(20, 1))
    found = grades(memory, images, "bayes", sigma=[0.1])
    assert found[SYMMETRIC] == "yes" and found[OWN_ERROR] == "no"


def test_samples_of_the_memory_are_copies_and_those_of_the_optimum_are_not(images):
    training = gaussian_class().sample(60, 1)
    memory = EmpiricalBayesDenoiser().fit(training)
    optimum = gaussian_class().posterior_mean().fit(training)
    topic = "Does it make images of its own?"
    options = {"training_images": training, "sigma": [0.1]}
    assert grades(memory, images, "memorisation", **options)[topic] == "no"
    assert grades(optimum, images, "memorisation", **options)[topic] != "no"
    missing = audit(memory, images, sections=["memorisation"], quick=True).sections["memorisation"]
    assert "trained on" in missing.missing


def test_a_random_network_is_no_gradient_and_scales_only_without_biases(images):
    torch.manual_seed(0)
    layers = [
        torch.nn.Conv2d(1, 8, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 1, 3, padding=1),
    ]
    with_biases = ModuleDenoiser(torch.nn.Sequential(*layers))
    found = grades(with_biases, images, "bayes", sigma=[0.1])
    assert found[SYMMETRIC] == "no" and found[CONTRAST] == "no"
    for layer in (layers[0], layers[2]):
        torch.nn.init.zeros_(layer.bias)
    found = grades(ModuleDenoiser(torch.nn.Sequential(*layers)), images, "bayes", sigma=[0.1])
    assert found[CONTRAST] == "yes"


def test_a_blind_blur_does_not_know_the_noise_level(images):
    half = ModuleDenoiser(torch.nn.Identity())  # keeps everything: no residual, no noise seen
    found = audit(half, images, sections=["bayes"], sigma=[0.2], quick=True)
    table = found.tables["bayes"]
    np.testing.assert_allclose(table["dimension"], images[0].size, rtol=1e-5)
    assert grades(half, images, "bayes", sigma=[0.2])[NOISE] == "no"


def test_circular_filters_commute_with_shifts_and_a_step_does_not(images):
    def blur(x):
        return gaussian_filter(x, 1, mode="wrap")

    found = grades(FunctionDenoiser(blur), images, "symmetries", sigma=[0.1])
    assert set(found.values()) == {"yes"}
    ramp = np.linspace(0, 1, images.shape[-1])
    found = grades(FunctionDenoiser(lambda x: ramp * blur(x)), images, "symmetries", sigma=[0.1])
    assert found["Same after a flip left to right?"] == "no"
    assert found["Same after a flip upside down?"] == "yes"
    assert found["Same after a brightening by 0.1?"] != "yes"


@pytest.mark.parametrize("width", [3, 5])
def test_reach_of_a_mean_over_a_window_is_the_window(width):
    X = np.random.RandomState(0).rand(2, 24, 24)
    box = ModuleDenoiser(torch.nn.AvgPool2d(width, stride=1, padding=width // 2))
    found = audit(box, X, sections=["reach"], sigma=[0.1], quick=True)
    np.testing.assert_array_equal(found.tables["reach"]["side"], width)


def test_leading_vectors_of_a_filter_are_those_of_wavelets_only_by_chance_or_more():
    X = gaussian_class(16).sample(4, 0)
    own = audit(WienerDenoiser().fit(gaussian_class(16).sample(300, 1)), X, sigma=[0.1],
                sections=["basis"], quick=True)  # fmt: skip
    table = own.tables["capture"]
    assert (table["share"] <= 1 + 1e-9).all() and (np.diff(table.where(
        reference="oracle wavelets")["share"]) >= -1e-9).all()  # fmt: skip
    spectrum = own.tables["spectrum"]
    assert (np.diff(spectrum["factor"]) <= 1e-9).all()


def test_sections_that_cannot_be_had_are_said(images):
    def jumping(x):
        return np.round(500 * x) / 500

    found = audit(FunctionDenoiser(jumping), images, sections=["bayes", "basis"], sigma=[0.1],
                  quick=True)  # fmt: skip
    assert "jumps" in found.sections["basis"].missing
    assert found.sections["bayes"].verdicts[0].grade == "no"
    noisy = audit(WaveletShrinkage(), images, noisy=True, sigma=[0.1], quick=True,
                  sections=["quality", "basis"])  # fmt: skip
    assert "clean images" in noisy.sections["quality"].missing
    assert noisy.sections["basis"].missing is None


def test_quality_is_paired_and_the_optimum_is_named(images):
    optimum = gaussian_class().posterior_mean()
    found = audit(WaveletShrinkage(), images, sections=["quality"], sigma=[0.3], quick=True,
                  reference={"Wiener optimum": optimum})  # fmt: skip
    table = found.tables["quality"]
    best = table.where(denoiser="Wiener optimum")["psnr"][0]
    assert best > table.where(denoiser="WaveletShrinkage")["psnr"][0]
    text = next(v.text for v in found.sections["quality"].verdicts if "optimum" in v.topic)
    assert "Wiener optimum is better" in text


def test_cost_is_positive_and_names_the_device(images):
    row = next(
        audit(WaveletShrinkage(), images, sections=["cost"], quick=True).tables["cost"].rows()
    )
    assert row["images_per_second"] > 0 and row["device"] == "cpu"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sections": ["qualty"]}, "Did you mean 'quality'"),
        ({"noisy": True}, "the one level of the noise"),
        ({"sigma": [0.0]}, "positive"),
    ],
)
def test_bad_input(options, message, images):
    with pytest.raises(ValueError, match=message):
        audit(WaveletShrinkage(), images, **options)
