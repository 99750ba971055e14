"""gahb-sk analyze."""

import csv
import json

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from gahb_sk import add_gaussian_noise
from gahb_sk.cli import main
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.denoisers import WaveletShrinkage
from gahb_sk.metrics import mse
from gahb_sk.zoo import list_pretrained
from tests.instances import make_denoiser, smooth_images


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network") / "unet"
    make_denoiser("NetworkDenoiser").fit(smooth_images()).save(folder)
    return str(folder)


def run(tmp_path, *words):
    return main(["analyze", *words, "--output", str(tmp_path / "report")])


def table(tmp_path, name):
    with open(tmp_path / "report" / f"{name}.csv") as file:
        return list(csv.DictReader(file))


def test_a_saved_network_at_an_image_of_a_class(network, tmp_path, capsys):
    words = ["--sigma", "0.1", "--image-size", "16", "--n-components", "20", "--seed", "3"]
    assert run(tmp_path, network, "c-alpha(alpha=3)", *words) == 0
    assert "The report is written to" in capsys.readouterr().out
    folder = tmp_path / "report"
    names = {path.name for path in folder.iterdir()}
    pictures = {f"{name}.png" for name in ("eigenvectors", "spectrum", "risk", "alignment")}
    assert pictures | {"index.html", "results.json", "spectrum.csv", "risk.csv"} <= names
    spectrum = table(tmp_path, "spectrum")
    assert len(spectrum) == 20
    factors = [float(row["factor"]) for row in spectrum]
    assert factors == sorted(factors, reverse=True)
    assert {row["reference"] for row in table(tmp_path, "alignment")} >= {"oracle bandlets"}
    assert len(table(tmp_path, "risk")) == 5
    results = json.loads((folder / "results.json").read_text())
    assert results["numbers"]["homogeneity error"] < 1e-4
    assert "--sigma 0.1 --n-components 20" in results["command"]
    page = (folder / "index.html").read_text()
    assert page.count("data:image/png;base64") == 4 and "http" not in page
    assert f"{network} at c-alpha(alpha=3)" in page
    assert {row["denoiser"] for row in table(tmp_path, "risk")} == {"unet"}


def test_a_denoiser_at_a_file(tmp_path):
    image = make_c_alpha_images(1, 40, random_state=0)[0]
    path = tmp_path / "photo.png"
    Image.fromarray((255 * image).astype(np.uint8)).save(path)
    model = "WaveletShrinkage(rule='hard', threshold=3.0)"
    assert run(tmp_path, model, str(path), "--sigma", "0.1", "--image-size", "32") == 0
    factors = {float(row["factor"]) for row in table(tmp_path, "spectrum")}
    assert factors <= {0.0, 1.0}
    numbers = json.loads((tmp_path / "report" / "results.json").read_text())["numbers"]
    assert numbers["values of the image"] == 1024 and numbers["method"] == "closed form"


def test_a_noisy_file_has_no_clean_image(tmp_path):
    path = tmp_path / "noisy.npy"
    np.save(path, smooth_images(1)[0])
    assert run(tmp_path, "WaveletShrinkage", str(path), "--sigma", "0.1", "--noisy") == 0
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert "spectrum.png" in names and not names & {"risk.csv", "alignment.png"}
    assert "coefficient" not in table(tmp_path, "spectrum")[0]


def refuse(name):
    raise AssertionError(f"{name} is not JSON")


def test_a_black_image_gives_a_page_and_strict_json(tmp_path):
    path = tmp_path / "black.npy"
    np.save(path, np.zeros((16, 16)))
    assert run(tmp_path, "OracleShrinkage", str(path), "--sigma", "0.1") == 0
    text = (tmp_path / "report" / "results.json").read_text()
    numbers = json.loads(text, parse_constant=refuse)["numbers"]
    assert numbers["PSNR (dB)"] is None  # infinite: the oracle knows that there is nothing
    assert numbers["effective dimension"] == 0


def test_a_network_that_comes_with_the_package(tmp_path):
    name = list_pretrained()[0]
    words = ["--sigma", "0.2", "--image-size", "16", "--n-components", "3"]
    assert run(tmp_path, name, "disks", *words) == 0
    assert len(table(tmp_path, "spectrum")) == 3


def test_numbers_are_those_of_the_noise_level(tmp_path):
    words = ["--sigma", "0.2", "--image-size", "16", "--n-components", "256", "--seed", "4"]
    assert run(tmp_path, "WaveletShrinkage(threshold=1.5)", "c-alpha(alpha=2)", *words) == 0
    numbers = json.loads((tmp_path / "report" / "results.json").read_text())["numbers"]
    factors = [float(row["factor"]) for row in table(tmp_path, "spectrum")]
    assert_allclose(numbers["effective dimension"], sum(factors))
    predicted = 0.2**2 * sum(factors) / 256
    assert_allclose(numbers["predicted mean squared error"], predicted)
    clean = make_c_alpha_images(501, 16, 2.0, random_state=4)[:1].astype(np.float64)
    noisy = add_gaussian_noise(clean, 0.2, 4)
    denoised = WaveletShrinkage(threshold=1.5).fit(clean).transform(noisy, 0.2)
    assert_allclose(numbers["mean squared error"], mse(clean, denoised)[0])
    levels = [float(row["sigma"]) for row in table(tmp_path, "risk")]
    assert_allclose(levels, 0.2 * np.array([0.25, 0.5, 1, 2, 4]))


def test_what_has_no_exact_jacobian_says_so(tmp_path, capsys):
    words = ["--sigma", "0.2", "--image-size", "8", "--n-components", "5"]
    assert run(tmp_path, "TotalVariationDenoiser", "disks", *words) == 0
    assert "has no exact Jacobian: about 256 images" in capsys.readouterr().err


def test_what_learns_is_fitted_on_its_class(tmp_path):
    words = ["--sigma", "0.2", "--image-size", "12", "--n-components", "5"]
    assert run(tmp_path, "WienerDenoiser", "disks", *words) == 0
    assert (
        json.loads((tmp_path / "report" / "results.json").read_text())["numbers"][
            "effective dimension"
        ]
        > 5
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["NetworkDenoiser", "disks"], "NetworkDenoiser is a network that is not trained"),
        (["WaveletShrinkag", "disks"], "Did you mean 'WaveletShrinkage'"),
        (["no/such(folder", "disks"], "There is no folder 'no/such(folder'"),
        (["WaveletShrinkage", "diks"], "Did you mean 'disks'"),
        (["WaveletShrinkage", "c-alpha(alhpa=2)"], "Did you mean 'alpha'"),
        (["WaveletShrinkage", "nothing.png"], "there is no file 'nothing.png'"),
        (["WaveletShrinkage", "disks", "--sigma", "0"], "--sigma: expected a positive number"),
        (["WaveletShrinkage", "disks", "--tolerance", "0"], "--tolerance: expected a positive"),
        (["WaveletShrinkage", "disks", "--color"], "--color: expected a file"),
        (["OracleShrinkage", "disks", "--noisy"], "OracleShrinkage is an oracle"),
        (["WienerDenoiser", "FILE"], "WienerDenoiser learns from images of a class"),
        (["WaveletShrinkage", "FILE", "--image-size", "99"], "has 16x16 pixels, got 99"),
    ],
)
def test_bad_input(words, message, tmp_path, capsys):
    path = tmp_path / "image.npy"
    np.save(path, smooth_images(1)[0])
    words = [str(path) if word == "FILE" else word for word in words]
    words += [] if "--sigma" in words else ["--sigma", "0.1"]
    assert run(tmp_path, *words) == 1
    error = capsys.readouterr().err
    assert message in error and error.startswith("gahb-sk analyze:") and error.count("\n") == 1


def test_sigma_is_needed(tmp_path):
    with pytest.raises(SystemExit) as stop:
        run(tmp_path, "WaveletShrinkage", "disks")
    assert stop.value.code == 2
