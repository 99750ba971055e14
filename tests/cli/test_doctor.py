"""gahb-sk doctor."""

import importlib.util
import re

import pytest

from gahb_sk.cli import main


@pytest.mark.slow
def test_a_sound_machine(capsys):
    assert main(["doctor", "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert "Everything works." in said and "threads" in said
    state = "installed" if importlib.util.find_spec("bm3d") else "missing: pip install"
    assert re.search(rf"^ +bm3d +{state}", said, re.MULTILINE)


def test_what_breaks_is_named(monkeypatch, capsys):
    from gahb_sk.cli import _doctor

    def broken(device):
        raise RuntimeError("no such kernel")

    monkeypatch.setattr(_doctor, "CHECKS", {"forward passes": broken})
    assert main(["doctor", "--device", "cpu"]) == 1
    said = capsys.readouterr().out
    assert "FAILED: RuntimeError: no such kernel" in said and "Wrong: forward passes." in said


def test_a_device_that_is_not_there(capsys):
    assert main(["doctor", "--device", "nothing"]) == 1
    assert "device: expected 'auto', 'cpu' or a device" in capsys.readouterr().err
