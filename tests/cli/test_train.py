"""gahb-sk train: what it learns from, what it writes, and that a kill loses nothing."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from gahb_sk.cli import main
from gahb_sk.datasets import make_c_alpha_images, save_stack
from gahb_sk.denoisers import PretrainedDenoiser

SMALL = ["--network", "ResidualUNet(channels=2, n_blocks=1)", "--image-size", "16"]


@pytest.fixture
def photographs(tmp_path):
    folder = tmp_path / "photographs"
    folder.mkdir()
    for k, image in enumerate(make_c_alpha_images(4, 64, random_state=0)):
        pixels = np.round(255 * image).astype(np.uint8)
        Image.fromarray(pixels).resize((480, 400)).save(folder / f"{k}.png")
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def test_photographs(photographs, tmp_path, capsys):
    folder = tmp_path / "network"
    words = ["train", str(photographs), "--output", str(folder), "--time", "1s", *SMALL]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "left out: broken.png" in err and "held-out PSNR" in err and str(folder) in out
    card = json.loads((folder / "card.json").read_text())
    assert card["images_seen"] > 0 and len(card["held_out_psnr"]) == len(card["sigma"])
    X = make_c_alpha_images(2, 32, random_state=1)
    assert PretrainedDenoiser(folder).transform(X).shape == X.shape
    assert main(words) == 1  # a trained network is not overwritten
    assert "holds a trained network" in capsys.readouterr().err


def test_color(photographs, tmp_path):
    folder = tmp_path / "network"
    words = ["train", str(photographs), "--output", str(folder), "--time", "1s", "--color", *SMALL]
    assert main(words) == 0
    noisy = np.random.RandomState(0).rand(1, 3, 20, 20)
    assert PretrainedDenoiser(folder).transform(noisy).shape == noisy.shape


@pytest.mark.parametrize("what", ["stack", "class"])
def test_stacks_and_classes(what, tmp_path):
    images = "c-alpha(alpha=2)"
    if what == "stack":
        images = str(tmp_path / "images.npy")
        save_stack(make_c_alpha_images(40, 16, random_state=0), images)
    folder = tmp_path / "network"
    limit = ["--epochs", "1"] if what == "stack" else ["--time", "1s"]
    assert main(["train", images, "--output", str(folder), *limit, *SMALL]) == 0
    assert (folder / "card.json").is_file()


@pytest.mark.parametrize(
    "words, message",
    [
        (["c-alpha"], "says when to stop"),
        (["missing.zip", "--time", "1s"], "no folder or file"),
        (["c-alpha", "--time", "1s", "--color"], "photographs only"),
        (["c-alpha", "--time", "1s", "--network", "UNet(width=3)"], "--network"),
        (["c-alpha", "--time", "1s", "--noise-range", "0.3", "0.1"], "LOW < HIGH"),
        (["c-alpha", "--time", "1s", "--set", "rate=3"], "rate"),
    ],
)
def test_wrong_words_are_one_line(words, message, tmp_path, capsys):
    assert main(["train", *words, "--output", str(tmp_path / "network")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and message in lines[0]


@pytest.mark.parametrize("most", [1, pytest.param(5, marks=pytest.mark.slow)])
def test_killed_and_resumed_is_as_uninterrupted(most, tmp_path):
    stack, again = tmp_path / "images.npy", tmp_path / "again"
    save_stack(make_c_alpha_images(200, 16, random_state=0), stack)
    words = ["train", str(stack), "--epochs", str(8 * most), "--set", "batch_size=2", *SMALL]
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
