"""gahb-sk audit."""

import csv
import importlib.util
import json

import numpy as np
import pytest
from PIL import Image

from gahb_sk.cli import main
from gahb_sk.datasets import make_c_alpha_images
from tests.instances import make_denoiser, smooth_images


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network") / "unet"
    make_denoiser("NetworkDenoiser").fit(smooth_images()).save(folder)
    return str(folder)


@pytest.fixture(autouse=True)
def without_bm3d(monkeypatch):
    """BM3D takes half a second per image, and would be most of the time."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "bm3d" else find_spec(name)
    )


def run(tmp_path, *words):
    size = [] if "--image-size" in words else ["--image-size", "16"]
    return main(["audit", *words, *size, "--quick", "--output", str(tmp_path / "report")])


def table(tmp_path, name):
    with open(tmp_path / "report" / f"{name}.csv") as file:
        return list(csv.DictReader(file))


def results(tmp_path):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads((tmp_path / "report" / "results.json").read_text(), parse_constant=refuse)


def test_a_stack_is_audited_as_it_is(tmp_path):
    np.save(tmp_path / "stack.npy", smooth_images()[:6])
    words = ["WaveletShrinkage", str(tmp_path / "stack.npy"), "--sigma", "0.1", "--quick"]
    assert main(["audit", *words, "--output", str(tmp_path / "report")]) == 0
    assert (tmp_path / "report" / "index.html").is_file()


def test_two_denoisers_side_by_side(network, tmp_path, capsys):
    words = [network, "c-alpha(alpha=3)", "--beside", "WienerDenoiser", "--sigma", "0.1", "0.3"]
    assert run(tmp_path, *words, "--n-components", "8") == 0
    assert "The report is written to" in capsys.readouterr().out
    assert {row["denoiser"] for row in table(tmp_path, "quality")} >= {"unet", "WienerDenoiser"}
    assert len(table(tmp_path, "spectrum")) == 2 * 2 * 8
    verdicts = results(tmp_path)["verdicts"]
    grades = {
        name: {verdict["topic"]: verdict["grade"] for verdict in found}
        for name, found in verdicts.items()
    }
    topic = "Is it a gradient (symmetric Jacobian)?"
    assert grades["unet"][topic] != grades["WienerDenoiser"][topic] == "yes"
    assert grades["unet"]["Does it scale with contrast?"] == "yes"
    assert grades["WienerDenoiser"]["Does it scale with contrast?"] != "yes"
    page = (tmp_path / "report" / "index.html").read_text()
    assert page.count("<figure class='frame'") == 2 * 2 and "type='range'" in page
    assert "://" not in page and "At a glance" in page and "BM3D is left out" in page
    assert "--sigma 0.1 0.3" in results(tmp_path)["command"]


def test_a_noisy_file_has_no_clean_image(tmp_path):
    path = tmp_path / "noisy.npy"
    np.save(path, smooth_images(1)[0])
    assert run(tmp_path, "WaveletShrinkage", str(path), "--sigma", "0.1", "--noisy") == 0
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert "spectrum.csv" in names and not names & {"quality.csv", "capture.csv"}
    page = (tmp_path / "report" / "index.html").read_text()
    assert "This section is empty. It needs clean images" in page


def test_a_black_image_gives_a_page_and_strict_json(tmp_path):
    path = tmp_path / "black.npy"
    np.save(path, np.zeros((16, 16)))
    assert run(tmp_path, "WaveletShrinkage", str(path), "--sigma", "0.1") == 0
    assert results(tmp_path)["verdicts"]


def test_a_folder_of_photographs(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for k, image in enumerate(make_c_alpha_images(2, 32, random_state=0)):
        Image.fromarray((255 * image).astype(np.uint8)).save(folder / f"{k}.png")
    assert run(tmp_path, "WaveletShrinkage", str(folder), "--sigma", "0.1") == 0
    assert {row["n_images"] for row in table(tmp_path, "symmetries")} == {"8"}


def test_what_jumps_has_no_jacobian_and_the_page_says_so(tmp_path):
    words = ["NonLocalMeansDenoiser", "disks", "--sigma", "0.2"]
    assert run(tmp_path, *words) == 0
    page = (tmp_path / "report" / "index.html").read_text()
    assert "jumps" in page and "no Jacobian" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["NetworkDenoiser", "disks"], "NetworkDenoiser is a network that is not trained"),
        (["WaveletShrinkag", "disks"], "Did you mean 'WaveletShrinkage'"),
        (["no/such(folder", "disks"], "There is no folder 'no/such(folder'"),
        (["WaveletShrinkage", "diks"], "Did you mean 'disks'"),
        (["WaveletShrinkage", "c-alpha(alhpa=2)"], "Did you mean 'alpha'"),
        (["WaveletShrinkage", "nothing.png"], "there is no file 'nothing.png'"),
        (["WaveletShrinkage", "disks", "--sigma", "0"], "--sigma: expected positive numbers"),
        (["WaveletShrinkage", "disks", "--color"], "--color: expected a file"),
        (["WaveletShrinkage", "disks", "--noisy"], "--noisy: expected one level"),
        (["OracleShrinkage", "disks", "--noisy", "--sigma", "0.1"], "OracleShrinkage is an oracle"),
        (["WaveletShrinkage", "disks", "--beside", "WaveletShrinkage"], "another denoiser"),
        (["WienerDenoiser", "FILE"], "WienerDenoiser learns from images of a class"),
        (["WaveletShrinkage", "FILE", "--image-size", "99"], "has 16x16 pixels, got 99"),
    ],
)
def test_bad_input(words, message, tmp_path, capsys):
    path = tmp_path / "image.npy"
    np.save(path, smooth_images(1)[0])
    words = [str(path) if word == "FILE" else word for word in words]
    assert run(tmp_path, *words) == 1
    error = capsys.readouterr().err
    assert message in error and error.startswith("gahb-sk audit:") and error.count("\n") == 1
