"""gahb-sk info."""

import json
import subprocess
import sys

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
