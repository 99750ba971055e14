import json
import os
import signal
import subprocess
import sys
import time

import pytest

from gahb_sk.cli import _demo, main

FILES = ["curves.png", "images.png", "index.html", "results.csv", "results.json"]


@pytest.fixture
def small(monkeypatch):
    """The demo in miniature: small images and only what is fast."""
    monkeypatch.setattr(_demo, "SIZE", 16)
    monkeypatch.setattr(_demo, "N_TRAIN", 32)
    monkeypatch.setattr(_demo, "N_TEST", 6)
    monkeypatch.setattr(_demo, "SIGMAS", [0.1, 0.3])
    monkeypatch.setattr(_demo, "BM3D", {})
    monkeypatch.setitem(_demo.DENOISERS, "bandlets", "BandletShrinkage(n_shifts=1)")
    network = "NetworkDenoiser(network=ResidualUNet(channels=4, n_blocks=2))"
    monkeypatch.setitem(_demo.DENOISERS, "network", network)


def test_demo_writes_both_reports(small, tmp_path, capsys):
    assert main(["demo", "--output", str(tmp_path), "--seconds-per-network", "0.3"]) == 0
    assert capsys.readouterr().out == f"The report is written to {tmp_path / 'index.html'}\n"
    page = (tmp_path / "index.html").read_text()
    for name in ("c_alpha", "photographs"):
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == FILES
        result = json.loads((tmp_path / name / "results.json").read_text())
        assert result["title"] in page
        assert {row["n_images"] for row in result["results"]} == {6}
        assert {row["fold"] for row in result["results"]} == {0}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "c_alpha",
        "index.html",
        "photographs",
        "settings.toml",
    ]
    assert page.count("data:image/png;base64,") == 4
    assert 'src="http' not in page and "src='http" not in page


def test_photographs_of_training_and_test_differ():
    images, (train, test) = _demo.photographs(0)
    assert len(test) == _demo.N_TEST and len(train) > 10 * len(test)
    assert set(train).isdisjoint(test) and len(train) + len(test) == len(images.X)
    again, (_, test_again) = _demo.photographs(1)
    train_patches = {patch.tobytes() for patch in images.X[train]}
    assert train_patches.isdisjoint(patch.tobytes() for patch in again.X[test_again])


def test_c_alpha_split_holds_every_image_once():
    images, (train, test) = _demo.c_alpha(0)
    assert sorted([*train, *test]) == list(range(len(images.X)))
    assert images.alpha == 2


def test_unwritable_output(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["demo", "--output", str(tmp_path / "file" / "r")]) == 1
    assert "--output" in capsys.readouterr().err


def test_a_folder_in_the_way_shows_before_the_work(tmp_path, capsys):
    (tmp_path / "photographs" / "results.csv").mkdir(parents=True)
    assert main(["demo", "--output", str(tmp_path)]) == 1
    assert "results.csv" in capsys.readouterr().err


def test_no_seconds_for_a_network(small, tmp_path, capsys):
    assert main(["demo", "--output", str(tmp_path), "--seconds-per-network", "0"]) == 1
    err = capsys.readouterr().err
    assert "--seconds-per-network: expected a positive number, got 0.0" in err


def test_interrupt_leaves_no_half_written_file(tmp_path):
    """Ctrl-C while the network trains: one line, code 1, an older page untouched."""
    old = tmp_path / "index.html"
    old.write_text("old")
    with subprocess.Popen(
        [sys.executable, "-m", "gahb_sk", "demo", "--output", str(tmp_path)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        seen = b""
        deadline = time.monotonic() + 60
        while b"images=" not in seen and time.monotonic() < deadline:  # the network's own bar
            seen += os.read(process.stderr.fileno(), 4096)
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert b"images=" in seen
    assert process.returncode == 1
    assert b"Traceback" not in err
    assert b"interrupted" in err.splitlines()[-1]
    assert out == b""
    assert old.read_text() == "old"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [old]
