"""gahb-sk sample."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from gahb_sk import NetworkDenoiser, WienerDenoiser
from gahb_sk.cli import main
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.networks import ResidualUNet
from gahb_sk.sampling import FlowSampler, ScoreSampler
from tests.instances import smooth_images

WIENER = ["WienerDenoiser", "--like", "c-alpha(alpha=3)", "--image-size", "12"]
SCORE = [*WIENER, "--sampler", "score"]


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network") / "efficient"
    NetworkDenoiser(ResidualUNet(channels=2, n_blocks=1), max_images=16, random_state=0).fit(
        smooth_images()
    ).save(folder)
    return str(folder)


def sample(tmp_path, *words):
    code = main(["sample", *words, "--output", str(tmp_path)])
    return code, np.load(tmp_path / "samples.npy") if code == 0 else None


def test_samples_are_those_of_the_sampler(tmp_path, capsys):
    code, samples = sample(
        tmp_path, *WIENER, "--n", "5", "--seed", "3", "--sampler", "score", "--set", "h0=0.05"
    )
    training = CAlphaImages(12, alpha=3).sample(501, 3)[1:]  # all but the image to look at
    sampler = ScoreSampler(WienerDenoiser().fit(training), h0=0.05, random_state=3)
    assert code == 0
    assert_allclose(samples, sampler.sample(5).images, atol=1e-5)
    assert "5 samples (12, 12)" in capsys.readouterr().out
    record = json.loads((tmp_path / "samples.json").read_text())
    assert record["steps"] == sampler.sample(5).n_steps.tolist() and record["failed"] == []
    assert "--set h0=0.05" in record["command"]
    with Image.open(tmp_path / "samples.png") as picture:
        assert picture.mode == "L" and picture.width > picture.height


def test_one_sample_drawn_again_alone(tmp_path):
    _, all_ = sample(tmp_path / "all", *WIENER, "--n", "5", "--batch-size", "2")
    _, one = sample(tmp_path / "one", *WIENER, "--n", "1", "--first", "3")
    assert_allclose(one[0], all_[3], atol=1e-5)


def test_flow_is_the_default_but_for_networks(tmp_path, network):
    words = [*WIENER, "--n", "2", "--set", "n_steps=6"]
    code, samples = sample(tmp_path, *words)
    training = CAlphaImages(12, alpha=3).sample(501, 0)[1:]
    sampler = FlowSampler(WienerDenoiser().fit(training), n_steps=6, random_state=0)
    assert code == 0
    assert_allclose(samples, sampler.sample(2).images, atol=1e-4)
    assert json.loads((tmp_path / "samples.json").read_text())["steps"] == [6, 6]
    words = [network, "--n", "2", "--set", "max_steps=3", "--set", "on_divergence=nan"]
    assert sample(tmp_path / "network", *words)[0] == 0  # the flow has no max_steps


def test_disks(tmp_path):
    """A sample of the posterior mean of disks has the two grey levels of a disk in most pixels."""
    words = ["DiskPosteriorMean", "--like", "disks", "--image-size", "12", "--n", "3"]
    code, samples = sample(tmp_path, *words)
    assert code == 0
    for image in samples:
        level = np.median(image)
        near = np.abs(image - level) < 0.03
        assert near.mean() > 0.4


def test_a_saved_network_of_another_size(network, tmp_path):
    words = [network, "--n", "2", "--image-size", "10", "14", "--set", "on_divergence=nan"]
    code, samples = sample(tmp_path, *words, "--set", "max_steps=3", "--set", "sigma_end=0.001")
    assert code == 0 and samples.shape == (2, 10, 14)
    record = json.loads((tmp_path / "samples.json").read_text())
    bad = np.flatnonzero(np.isnan(samples).any(axis=(1, 2)))
    assert record["failed"] == bad.tolist()


def test_samples_that_do_not_end_are_an_error(tmp_path, capsys):
    assert sample(tmp_path, *SCORE, "--n", "2", "--set", "max_steps=2")[0] == 1
    assert "did not converge" in capsys.readouterr().err
    assert not (tmp_path / "samples.npy").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["WienerDenoiser"], "--like disks"),
        (["no/such/folder"], "no saved network 'no/such/folder'"),
        ([*WIENER, "--first", "-1"], "--first"),
        ([*WIENER[:-1], "8", "8", "8"], "one or two"),
        ([*SCORE, "--set", "bata=1"], "beta"),
        ([*WIENER, "--set", "denoiser=1"], "Unknown parameter 'denoiser'"),
        ([*WIENER, "--set", "sigma_end=90"], "sigma_end"),
        (["OracleShrinkage", "--like", "disks", "--image-size", "12"], "clean image"),
        (["NetworkDenoiser", "--like", "disks", "--image-size", "12"], "not trained"),
    ],
)
def test_bad_input(words, message, tmp_path, capsys):
    assert sample(tmp_path, *words)[0] == 1
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


def test_the_picture_has_every_sample_at_its_place(tmp_path):
    code, samples = sample(tmp_path, *WIENER, "--n", "5")
    assert code == 0
    with Image.open(tmp_path / "samples.png") as picture:
        pixels = np.asarray(picture)
    scale = pixels.shape[1] // (3 * 13 - 1)  # three columns with lines between, enlarged
    pixels = pixels[::scale, ::scale]
    assert pixels.shape == (2 * 13 - 1, 3 * 13 - 1)
    expected = np.rint(255 * np.clip(samples, 0, 1))
    assert_array_equal(pixels[:12, :12], expected[0])
    assert_array_equal(pixels[:12, 26:], expected[2])
    assert_array_equal(pixels[13:, 13:25], expected[4])
    assert (pixels[12] == 255).all() and (pixels[13:, 25:] == 255).all()


def test_a_network_of_the_package_is_sampled_by_its_name(tmp_path):
    words = ["c-alpha-2", "--n", "1", "--image-size", "16", "--set", "sigma_end=0.3"]
    assert sample(tmp_path, *words)[0] == 0


def test_the_two_networks_for_color_sample(tmp_path):
    words = ["photographs-color", "--n", "1", "--image-size", "16", "--set", "sigma_end=0.3"]
    assert main(["sample", *words, "--output", str(tmp_path)]) == 0
    assert np.load(tmp_path / "samples.npy").shape == (1, 3, 16, 16)


@pytest.mark.parametrize("name", ["photographs-colour", "c-alpha2"])
def test_a_network_that_was_meant(name, tmp_path, capsys):
    assert main(["sample", name, "--output", str(tmp_path / "x")]) == 1
    assert "Did you mean" in capsys.readouterr().err
