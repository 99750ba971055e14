"""gahb-sk info."""

import json
import subprocess
import sys

import pytest

from gahb_sk.cli import main
from gahb_sk.zoo import list_pairs, list_pretrained, read_card


def test_list_names_every_network(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    names = [line.split()[0] for line in out.splitlines()]
    assert names == [*list_pretrained(), "PSNR", *list_pairs()]


def test_one_card(capsys):
    name = list_pretrained()[0]
    assert main(["info", name]) == 0
    out = capsys.readouterr().out
    assert read_card(name)["command"] in out
    assert "oracle bandlets" in out


def test_the_last_tenth_of_the_training_is_told(tmp_path, capsys):
    card = read_card("c-alpha-2")
    levels = [[float(k), 20.0 + (k >= 18), None] for k in range(20)]
    card["learning_curve"] = {"images": [*range(20)], "sigma": [0.1, 0.2, 0.3], "psnr": levels}
    (tmp_path / "card.json").write_text(json.dumps(card))
    assert main(["info", str(tmp_path)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith("+2.00, +1.00, +nan dB near noise levels 0.1, 0.2, 0.3.")


def test_a_card_of_train_shows_its_curve(tmp_path, capsys):
    """As ``gahb-sk train`` writes it, without threads and rivals."""
    sigma = [5 / 255, 25 / 255]
    history = [
        {"images": 1000 * k, "sigma": sigma, "psnr": [30 + k, 20 - (k - 15) ** 2 / 10]}
        for k in range(1, 31)
    ]
    card = {"name": "mine", "text": "Crops.", "images_seen": 30_000, "minutes": 1.5,
            "sigma": sigma, "history": history, "version": "1"}  # fmt: skip
    (tmp_path / "card.json").write_text(json.dumps(card))
    assert main(["info", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "30,000 images seen in 1.5 minutes with gahb_sk 1." in lines
    rows = [line.split() for line in lines if line.endswith("best") or " images " in line[:19]]
    assert len(rows) in (10, 11) and rows[-1][:3] == ["30,000", "images", "60.00"]
    assert [row[0] for row in rows if row[-1] == "best"] == ["20,000"]


@pytest.mark.parametrize("lacking", ["name", "text", "command", "minutes", "version", "psnr"])
def test_a_card_may_lack_anything(lacking, tmp_path, capsys):
    card = read_card("c-alpha-2")
    (tmp_path / "card.json").write_text(json.dumps({k: card[k] for k in card if k != lacking}))
    assert main(["info", str(tmp_path)]) == 0
    assert str(card["images_seen"])[:1] in capsys.readouterr().out


def test_unknown_name(capsys):
    assert main(["info", "c-alpha-22"]) == 1
    assert "Unknown network 'c-alpha-22'" in capsys.readouterr().err


def test_who_reads_may_stop_reading():
    """As in ``gahb-sk info | head -1``."""
    command = [sys.executable, "-c", "from gahb_sk.cli import entry_point; entry_point()", "info"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
