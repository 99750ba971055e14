"""gahb-sk restore."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from gahb_sk.cli import main
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.sampling import blur

SIZE = 16
WIENER = ["WienerDenoiser", "c-alpha(alpha=3)", "--image-size", str(SIZE)]


def restore(tmp_path, *words):
    code = main(["restore", *words, "--simulate", "--output", str(tmp_path)])
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
    own = {"inpaint": [], "super-resolution": ["--factor", "2"]}.get(task, ["--fraction", "0.4"])
    words = ["--task", task, *own, "--n", "2"]
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


def test_a_mask_without_a_hole(tmp_path, capsys):
    Image.fromarray(np.full((SIZE, SIZE), 255, np.uint8)).save(tmp_path / "mask.png")
    words = ["--task", "inpaint", "--mask", str(tmp_path / "mask.png")]
    assert restore(tmp_path, *WIENER, *words)[0] == 1
    assert "Transparency is not read" in capsys.readouterr().err


# Real damage -------------------------------------------------------------------------------


def damaged(tmp_path, shape=(24, 20), color=False, name="photo.png"):
    """Part of a photograph as a file, and as floats."""
    from gahb_sk.datasets import load_sample_patches

    image = load_sample_patches(32, color=color, n_patches=1, random_state=0)[0]
    image = image[..., : shape[0], : shape[1]]
    pixels = np.rint(255 * (np.moveaxis(image, 0, 2) if color else image)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / name)
    return tmp_path / name, pixels / 255


def repair(tmp_path, *words):
    code = main(["restore", *map(str, words), "--output", str(tmp_path / "out")])
    return code, tmp_path / "out"


QUICK = ("--n", "2", "--set", "h0=0.1", "--set", "sigma_end=0.1")


@pytest.mark.parametrize("color", [False, True])
def test_a_small_file_is_enlarged(tmp_path, color, capsys):
    path, image = damaged(tmp_path, color=color)
    words = ("WaveletShrinkage", path, "--task", "super-resolution", "--factor", "2", *QUICK)
    code, folder = repair(tmp_path, *words)
    assert code == 0
    with Image.open(folder / "photo.png") as large:
        pixels = np.asarray(large) / 255
    assert pixels.shape == (48, 40) + image.shape[2:]
    restored = np.load(folder / "restored.npy")
    assert restored.shape == (2, 3 if color else 1, 48, 40)
    means = restored.reshape(2, -1, 24, 2, 20, 2).mean((3, 5))
    assert_allclose(np.moveaxis(means, 1, 3)[0], np.atleast_3d(image), atol=1e-5)
    results = json.loads((folder / "results.json").read_text())
    assert max(results["constraint_residual"]) < 1e-5
    assert "48x40" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["photo.jpg", "photo.webp", "photo.png"])
def test_what_is_said_of_each_file_is_true(name, tmp_path, capsys):
    """The samples keep what is known; a compressed file of their mean does not."""
    path, image = damaged(tmp_path, name=name)
    mask = np.full(image.shape, 255, np.uint8)
    mask[8:12, 8:12] = 0
    Image.fromarray(mask).save(tmp_path / "mask.png")
    words = ("--task", "inpaint", "--mask", tmp_path / "mask.png", *QUICK)
    code, folder = repair(tmp_path, "WaveletShrinkage", path, *words)
    first, second = capsys.readouterr().out.splitlines()
    assert code == 0 and first.startswith(f"{folder / 'restored.npy'}: 2 restored images")
    assert second.startswith(f"{folder / name}: their mean, 24x20, uint8")
    assert ("compressed again" in second) == (name != "photo.png")
    with Image.open(path) as before, Image.open(folder / name) as after:
        assert (before.format, before.size) == (after.format, after.size)


def test_a_grey_network_restores_each_channel(tmp_path):
    path, image = damaged(tmp_path, color=True)
    mask = np.full(image.shape[:2], 255, np.uint8)
    mask[5:9, 6:11] = 0
    Image.fromarray(mask).save(tmp_path / "mask.png")
    words = ("photographs", path, "--task", "inpaint", "--mask", tmp_path / "mask.png", *QUICK)
    code, folder = repair(tmp_path, *words)
    assert code == 0
    with Image.open(folder / "photo.png") as filled:
        pixels = np.asarray(filled) / 255
    assert_allclose(pixels[mask > 0], image[mask > 0], atol=1e-6)
    assert np.load(folder / "restored.npy").shape == (2, 3, 24, 20)


def test_a_file_is_deblurred(tmp_path):
    _, image = damaged(tmp_path, (32, 32))
    path = tmp_path / "blurred.npy"
    np.save(path, blur(image[None], np.ones((3, 3)))[0])
    np.save(tmp_path / "kernel.npy", np.ones((3, 3)))
    words = ("WaveletShrinkage", path, "--task", "deblur", "--kernel", tmp_path / "kernel.npy")
    code, folder = repair(tmp_path, *words)
    assert code == 0
    assert np.load(folder / "restored.npy").shape == (1, 1, 32, 32)
    results = json.loads((folder / "results.json").read_text())
    assert max(results["constraint_residual"]) < 0.1


def test_a_simulated_blur_is_undone(tmp_path):
    path, _ = damaged(tmp_path, (32, 32))
    np.save(tmp_path / "kernel.npy", np.ones((3, 3)))
    words = ["WaveletShrinkage", str(path), "--task", "deblur", "--kernel"]
    code, _, results = restore(tmp_path / "out", *words, str(tmp_path / "kernel.npy"))
    assert code == 0 and results["psnr"]["mean"] > results["psnr"]["measured"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--task", "inpaint"], "--mask: expected a file"),
        (["--task", "deblur"], "--kernel: expected an image file"),
        (["--task", "random-pixels"], "is for --simulate"),
        (["--task", "deblur", "--n", "7"], "--n: belongs to"),
        (["--task", "deblur", "--set", "beta=1"], "--set: belongs to"),
        (["--task", "super-resolution", "--mask", "mask.png"], "--mask: belongs to inpaint"),
        (["--task", "super-resolution", "--color"], "with --simulate only"),
        (["--task", "super-resolution", "--image-size", "8"], "with --simulate only"),
    ],
)
def test_what_needs_more_or_a_simulation(words, message, tmp_path, capsys):
    path, _ = damaged(tmp_path)
    assert repair(tmp_path, "WaveletShrinkage", path, *words)[0] == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["photo.png", "restored.png"])
def test_no_result_replaces_an_image(name, tmp_path, capsys):
    path, _ = damaged(tmp_path, name=name)
    before = path.read_bytes()
    output = tmp_path if name == "photo.png" else tmp_path / "out"
    words = ["WaveletShrinkage", path, "--task", "super-resolution", "--output", output]
    assert main(["restore", *map(str, words)]) == 1
    assert name in capsys.readouterr().err and path.read_bytes() == before
    assert not (output / "restored.npy").exists()


def test_a_class_needs_a_simulation(tmp_path, capsys):
    assert repair(tmp_path, "WienerDenoiser", "c-alpha", "--task", "super-resolution")[0] == 1
    assert "--simulate" in capsys.readouterr().err


def test_a_large_file_is_not_cut_in_silence(tmp_path, capsys):
    Image.fromarray(np.zeros((130, 140), np.uint8)).save(tmp_path / "large.png")
    words = ["TotalVariationDenoiser", str(tmp_path / "large.png"), "--task", "super-resolution"]
    restore(tmp_path / "out", *words, "--n", "1", "--set", "h0=0.5", "--set", "sigma_end=0.9")
    assert "the middle 128x128 of 130x140" in capsys.readouterr().err
