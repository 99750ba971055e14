"""gahb-sk restore."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from gahb_sk.cli import main
from gahb_sk.datasets import make_c_alpha_images

SIZE = 16
WIENER = ["WienerDenoiser", "c-alpha(alpha=3)", "--image-size", str(SIZE)]


def restore(tmp_path, *words):
    code = main(["restore", *words, "--output", str(tmp_path)])
    if code:
        return code, None, None
    results = json.loads((tmp_path / "results.json").read_text())
    return code, np.load(tmp_path / "restored.npy"), results


def image_of_the_class(seed=0):
    return make_c_alpha_images(501, image_size=SIZE, random_state=seed, alpha=3)[0]


def refuse(name):
    raise AssertionError(f"{name} is not JSON")


def test_json_is_strict_where_a_psnr_is_infinite(tmp_path):
    path = tmp_path / "black.npy"
    np.save(path, np.zeros((SIZE, SIZE)))
    words = ["WaveletShrinkage", str(path), "--task", "inpaint", "--n", "1"]
    assert restore(tmp_path, *words)[0] == 0
    text = (tmp_path / "results.json").read_text()
    assert json.loads(text, parse_constant=refuse)["psnr"]["measured"] is None


TASKS = ("inpaint", "random-pixels", "super-resolution", "spectral", "compressive")


@pytest.mark.parametrize("task", TASKS)
def test_every_task_keeps_what_was_measured(task, tmp_path, capsys):
    words = ["--task", task, "--factor", "2", "--fraction", "0.4", "--n", "2"]
    code, restored, results = restore(tmp_path, *WIENER, *words)
    assert code == 0 and restored.shape == (2, SIZE, SIZE)
    assert max(results["constraint_residual"]) < 1e-5
    assert results["n_measurements"] < results["n_values"] == SIZE**2
    assert results["psnr"]["mean"] > results["psnr"]["measured"]
    assert f"--task {task}" in results["command"]
    with Image.open(tmp_path / "restored.png") as picture:
        assert picture.width > 3 * picture.height
    assert "PSNR" in capsys.readouterr().out


def test_inpainting_keeps_the_pixels_outside_the_hole(tmp_path):
    _, restored, _ = restore(tmp_path, *WIENER, "--task", "inpaint", "--hole", "4", "--n", "1")
    known = np.ones((SIZE, SIZE), bool)
    known[6:10, 6:10] = False
    assert_allclose(restored[0][known], image_of_the_class()[known], atol=1e-5)


def test_a_mask_from_a_file(tmp_path):
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[::2] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    words = ["--task", "inpaint", "--mask", str(tmp_path / "mask.png"), "--n", "1"]
    code, restored, results = restore(tmp_path / "out", *WIENER, *words)
    assert code == 0 and results["n_measurements"] == SIZE**2 // 2
    assert_allclose(restored[0][::2], image_of_the_class()[::2], atol=1e-5)


def test_values_of_damaged_pixels_do_not_matter(tmp_path):
    from tests.instances import smooth_images  # images of a file: a denoiser that learns nothing

    image = np.asarray(smooth_images()[0], np.float32)
    side = min(image.shape)
    damaged = image[:side, :side].copy()
    hole = slice((side - 4) // 2, (side - 4) // 2 + 4)
    np.save(tmp_path / "a.npy", damaged)
    damaged[hole, hole] = 0.9
    np.save(tmp_path / "b.npy", damaged)
    words = ["--task", "inpaint", "--hole", "4", "--n", "1", "--set", "h0=0.1"]
    words += ["--set", "on_divergence=nan", "--set", "max_steps=60"]
    found = [
        restore(tmp_path / name, "TotalVariationDenoiser", str(tmp_path / f"{name}.npy"), *words)
        for name in ("a", "b")
    ]
    assert found[0][0] == found[1][0] == 0
    assert_allclose(found[0][1], found[1][1], atol=1e-5, equal_nan=True)


def test_noise_in_the_measurement(tmp_path):
    words = ["--task", "random-pixels", "--fraction", "0.5", "--measurement-sigma", "0.1"]
    code, _, results = restore(tmp_path, *WIENER, *words)
    assert code == 0
    # It agrees with the measurement up to its noise, and not exactly.
    assert all(1e-3 < value < 1 for value in results["constraint_residual"])


def test_the_same_seed_gives_the_same(tmp_path):
    words = [*WIENER, "--task", "random-pixels", "--fraction", "0.3", "--n", "2", "--seed", "5"]
    _, one, first = restore(tmp_path / "a", *words)
    _, two, second = restore(tmp_path / "b", *words)
    assert_allclose(one, two)
    assert first["psnr"] == second["psnr"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--task", "super-resolution", "--factor", "5"], "factor"),
        (["--task", "spectral", "--fraction", "0"], "fraction"),
        (["--task", "compressive", "--fraction", "1.5"], "--fraction"),
        (["--task", "inpaint", "--hole", "16"], "--hole"),
        (["--task", "inpaint", "--measurement-sigma", "-1"], "--measurement-sigma"),
        (["--task", "inpaint", "--set", "max_steps=2"], "did not converge"),
        (["--task", "inpaint", "--mask", "nowhere.png"], "nowhere.png"),
    ],
)
def test_bad_input(words, message, tmp_path, capsys):
    assert restore(tmp_path, *WIENER, *words)[0] == 1
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1
    assert not (tmp_path / "restored.npy").exists()


def test_a_mask_of_another_size(tmp_path, capsys):
    Image.fromarray(np.full((8, 8), 255, np.uint8)).save(tmp_path / "mask.png")
    words = ["--task", "inpaint", "--mask", str(tmp_path / "mask.png")]
    assert restore(tmp_path, *WIENER, *words)[0] == 1
    assert "--mask: expected 16x16" in capsys.readouterr().err
