"""gahb-sk train: what it learns from, what it writes, and that a kill loses nothing."""

import io
import json
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from gahb_sk.cli import main
from gahb_sk.datasets import make_c_alpha_images, save_stack
from gahb_sk.denoisers import NetworkDenoiser, PretrainedDenoiser
from gahb_sk.metrics import input_psnr

SLOW = pytest.mark.slow
NETWORK = ["--network", "ResidualUNet(channels=2, n_blocks=1)"]
SMALL = [*NETWORK, "--image-size", "16"]
QUICK = [*NETWORK, "--image-size", "8", "--set", "batch_size=100", "--epochs", "1"]


def write_photographs(folder, n, seed):
    """Photographs of which each channel shows another scene."""
    folder.mkdir()
    for k in range(n):
        scenes = make_c_alpha_images(3, 64, random_state=seed + k)
        pixels = np.round(255 * scenes.transpose(1, 2, 0)).astype(np.uint8)
        Image.fromarray(pixels).resize((480, 400)).save(folder / f"{k}.png")
    return folder


@pytest.fixture
def photographs(tmp_path):
    folder = write_photographs(tmp_path / "photographs", 4, seed=0)
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def card_of(folder):
    return json.loads((folder / "card.json").read_text())


def test_photographs(photographs, tmp_path, capsys):
    folder = tmp_path / "network"
    words = ["train", str(photographs), "--output", str(folder), *QUICK]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "left out: broken.png: is not a picture" in err and str(folder) in out
    assert "Crops of 3 photographs, measured on 1 other photograph." in err
    assert "held-out PSNR" in err
    card = card_of(folder)
    assert card["images_seen"] == 10_000
    assert card["held_out_psnr"][-1] > input_psnr(card["sigma"][-1]) + 3
    X = make_c_alpha_images(2, 32, random_state=1)
    assert PretrainedDenoiser(folder).score(X, sigma=0.3) > input_psnr(0.3) + 3
    assert main(words) == 1  # a trained network is not overwritten
    assert "holds a trained network" in capsys.readouterr().err


@SLOW
def test_other_photographs_to_measure_on(photographs, tmp_path, capsys):
    """They change what is measured, not what is learned."""
    cards = []
    for seed in (10, 20):
        others = write_photographs(tmp_path / f"others-{seed}", 1, seed)
        folder = tmp_path / f"network-{seed}"
        words = ["train", str(photographs), "--validate", str(others), *QUICK]
        assert main([*words, "--output", str(folder)]) == 0
        assert "Crops of 4 photographs, measured on 1 other " in capsys.readouterr().err
        cards.append(card_of(folder)["history"][0])
    assert cards[0]["loss"] == cards[1]["loss"] and cards[0]["psnr"] != cards[1]["psnr"]


def test_color(photographs, tmp_path):
    folder = tmp_path / "network"
    words = ["train", str(photographs), "--output", str(folder), "--time", "1s", "--color", *SMALL]
    assert main(words) == 0
    denoiser = NetworkDenoiser.load(folder)
    assert denoiser.image_shape_ == (3, 16, 16)
    noisy = np.random.RandomState(0).rand(1, 3, 20, 20)
    swapped = denoiser.transform(noisy[:, ::-1])[:, ::-1]
    assert not np.allclose(swapped, denoiser.transform(noisy))  # not channel by channel


def test_one_photograph_and_the_default_shape(tmp_path, capsys):
    images, folder = write_photographs(tmp_path / "one", 1, seed=0), tmp_path / "network"
    words = ["train", str(images), "--output", str(folder), "--time", "1s", "--image-size", "16"]
    assert main(words) == 0
    assert "Crops of 1 photograph, measured on other crops of it." in capsys.readouterr().err
    denoiser = NetworkDenoiser.load(folder)
    shape = denoiser.network.channels, denoiser.network.n_units, denoiser.network.unshuffle
    assert shape == ((64, 96, 128), (2, 1, 1), 2)
    assert denoiser.recipe["optimizer"] == "muon"


def test_bad_files_of_an_archive(tmp_path, capsys):
    """Each is one line with a reason, whatever is wrong with it."""
    file = tmp_path / "bad.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("altered.png", "text.jpg", "text.npy"):
            archive.writestr(name, name * 100)
        pixels = io.BytesIO()
        np.save(pixels, np.full((400, 400), 7.0))
        archive.writestr("range.npy", pixels.getvalue())
    file.write_bytes(file.read_bytes().replace(b"altered.png" * 100, b"another.png" * 100))
    words = ["train", str(file), "--time", "1s", "--output", str(tmp_path / "network")]
    assert main(words) == 1
    lines = capsys.readouterr().err.splitlines()
    reasons = ["altered.png: cannot be unpacked", "range.npy: cannot be decoded: image: expected",
               "text.jpg: is not a picture", "text.npy: is not a picture"]  # fmt: skip
    assert len(lines) == len(reasons) + 1 and "expected photographs" in lines[-1]
    for line, reason in zip(lines, reasons, strict=False):
        assert line.startswith(f"left out: {reason}") and "0x" not in line


@pytest.mark.parametrize("what", ["stack", "class"])
def test_stacks_and_classes(what, tmp_path):
    images, words = "c-alpha(alpha=2.5)", ["--time", "1s", *SMALL]
    if what == "stack":
        images, words = str(tmp_path / "images.npy"), ["--epochs", "1", *NETWORK]
        save_stack(make_c_alpha_images(40, 16, random_state=0), images)
    folder = tmp_path / "network"
    assert main(["train", images, "--output", str(folder), *words]) == 0
    assert (folder / "card.json").is_file()


def test_a_finished_training_goes_on(tmp_path, capsys):
    stack, folder = tmp_path / "images.npy", tmp_path / "network"
    save_stack(make_c_alpha_images(40, 16, random_state=0), stack)
    words = ["train", str(stack), "--output", str(folder), *NETWORK]
    assert main([*words, "--epochs", "1"]) == 0
    first = load_file(folder / "model.safetensors")
    assert main([*words, "--epochs", "3", "--resume"]) == 0
    card, further = card_of(folder), load_file(folder / "model.safetensors")
    images = [record["images"] for record in card["history"]]
    assert len(images) == 3 and np.ptp(np.diff(images, prepend=0)) == 0
    assert card["images_seen"] == images[-1]
    assert any((further[name] != value).any() for name, value in first.items())
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.json", "config.json", "curve.png", "history.csv", "model.safetensors", "settings.toml"
    ]  # fmt: skip
    head, *rows = (folder / "history.csv").read_text().splitlines()
    assert head.startswith("images,seconds,loss,psnr at ")
    assert [int(row.split(",")[0]) for row in rows] == images
    with Image.open(folder / "curve.png") as picture:
        assert len(np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)) > 10
    assert main(["info", str(folder)]) == 0
    assert f"{images[-1]:,} images" in capsys.readouterr().out
    capsys.readouterr()
    for wrong in (["--epochs", "3"], ["--epochs", "2"], ["--time", "9s"],
                  ["--epochs", "4", "--recipe", "muon"]):  # fmt: skip
        assert main([*words, *wrong, "--resume"]) == 1
        assert "with the same settings and more than --epochs 3" in capsys.readouterr().err


@pytest.mark.parametrize("card", ["missing", "old"])
def test_a_kill_before_the_card_is_written(card, tmp_path):
    stack, folder = tmp_path / "images.npy", tmp_path / "network"
    save_stack(make_c_alpha_images(40, 16, random_state=0), stack)
    words = ["train", str(stack), "--output", str(folder), "--epochs", "1", *NETWORK]
    assert main(words) == 0
    path, whole = folder / "card.json", card_of(folder)
    path.unlink()
    if card == "old":  # of the network that was trained on from
        path.write_text(json.dumps({**whole, "images_seen": 1}))
    assert main(words) == 0
    assert card_of(folder) == whole


def test_options_without_effect_on_a_stack(tmp_path, capsys):
    stack = tmp_path / "images.npy"
    save_stack(make_c_alpha_images(40, 16, random_state=0), stack)
    for option in (["--color"], ["--validate", "va"], ["--image-size", "8"]):
        words = ["train", str(stack), "--time", "1s", "--output", str(tmp_path / "n"), *option]
        assert main(words) == 1
        assert option[0] in capsys.readouterr().err


@pytest.mark.parametrize("name", ["photographs.tar.gz", "one.png"])
def test_other_files_are_named_with_what_is_expected(name, tmp_path, capsys):
    (tmp_path / name).write_bytes(b"no stack")
    words = ["train", str(tmp_path / name), "--time", "1s", "--output", str(tmp_path / "n")]
    assert main(words) == 1
    assert f"tar archive of photographs, a .npy stack, or a class, got the file '{tmp_path}" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("option", [["--tensorboard", "events"], ["--network", "unett"]])
def test_what_is_wrong_is_said_before_files_are_read(option, photographs, capsys, monkeypatch):
    """A photograph that is left out would be a second line."""
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    monkeypatch.chdir(photographs)
    assert main(["train", ".", "--time", "1s", "--output", "network", *option]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and option[0] in lines[0]


@pytest.mark.parametrize(
    "words, message",
    [
        (["c-alpha"], "says when to stop"),
        (["missing.zip", "--time", "1s"], "no folder or file"),
        (["photoz", "--time", "1s"], "no folder or file"),
        (["c-alpha", "--time", "1s", "--color"], "photographs only"),
        (["c-alpha", "--time", "1s", "--network", "UNet(width=3)"], "--network"),
        (["c-alpha", "--time", "1s", "--noise-range", "0.3", "0.1"], "LOW < HIGH"),
        (["c-alpha", "--time", "1s", "--set", "rate=3"], "rate"),
        (["c-alpha", "--time", "1s", "--set", "objective=sure"], "train from clean ones"),
    ],
)
def test_wrong_words_are_one_line(words, message, tmp_path, capsys):
    assert main(["train", *words, "--output", str(tmp_path / "network")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and message in lines[0]


@pytest.mark.parametrize(
    "most, what",
    [(1, "stack"), *(pytest.param(5, what, marks=SLOW) for what in ("stack", "photographs"))],
)
def test_killed_and_resumed_is_as_uninterrupted(most, what, tmp_path):
    images, again = tmp_path / "images.npy", tmp_path / "again"
    if what == "stack":
        save_stack(make_c_alpha_images(200, 16, random_state=0), images)
        words = ["--epochs", str(4 * most), "--set", "batch_size=2", *NETWORK]
    else:
        write_photographs(images, 4, seed=0)
        words = ["--epochs", "1", "--set", "batch_size=4", *SMALL]
    words = ["train", str(images), *words]
    assert main([*words, "--output", str(tmp_path / "whole")]) == 0
    command = [sys.executable, "-m", "gahb_sk", *words, "--output", str(again)]
    command += ["--resume", "--checkpoint-every", "0.1s"]
    kills = 0
    while not (again / "card.json").exists():
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        _wait_for_a_new_checkpoint(process, again / "checkpoints")
        if kills < most and process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        assert process.wait() in (0, -signal.SIGKILL)
    assert kills == most
    files = (tmp_path / name / "model.safetensors" for name in ("whole", "again"))
    whole, resumed = map(load_file, files)
    for name, value in whole.items():
        np.testing.assert_array_equal(resumed[name], value)


def _wait_for_a_new_checkpoint(process, folder, patience=120):
    before = set(folder.glob("step-*")) if folder.exists() else set()
    end = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < end:
        if folder.exists() and set(folder.glob("step-*")) - before:
            return
        time.sleep(0.05)
