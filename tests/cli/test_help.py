"""Help is quick: no command loads torch or matplotlib before it runs."""

import subprocess
import sys

import pytest

from gahb_sk import cli


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from gahb_sk.cli import build_parser; text = build_parser().format_help(); "
        "assert 'restore' in text; print(' '.join(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "gahb_sk.cli._sample" in loaded
    assert not {"torch", "matplotlib"} & set(loaded)


def test_ctrl_c_while_the_commands_are_imported(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_commands", interrupt)
    monkeypatch.setattr(sys, "argv", ["gahb-sk", "compare"])
    with pytest.raises(SystemExit) as stop:
        cli.entry_point()
    assert stop.value.code == 1
    assert capsys.readouterr().err == "gahb-sk: interrupted; no half-written file was left.\n"
