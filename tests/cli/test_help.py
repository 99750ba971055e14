"""Help is quick: no command loads torch or matplotlib before it runs."""

import importlib
import signal
import subprocess
import sys
import time

import numpy as np
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
    assert not {"torch", "matplotlib", "sklearn", "numpy"} & set(loaded)


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_a_description_and_an_example(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0 and f"example:\n  gahb-sk {command}" in text


def test_no_command_loads_torch_or_matplotlib():
    code = (
        "import importlib, sys\n"
        f"for command in {list(cli.COMMANDS)}:\n"
        "    importlib.import_module(f'gahb_sk.cli._{command}')\n"
        "    print(command, *{'torch', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == list(cli.COMMANDS)


def test_ctrl_c_while_a_command_is_imported(monkeypatch, capsys):
    def interrupt(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib, "import_module", interrupt)
    monkeypatch.setattr(sys, "argv", ["gahb-sk", "compare"])
    with pytest.raises(SystemExit) as stop:
        cli.entry_point()
    assert stop.value.code == 1
    assert capsys.readouterr().err == "gahb-sk: interrupted; no half-written file was left.\n"


def test_sigterm_ends_a_command_as_ctrl_c_does():
    code = (
        "import time; from gahb_sk import cli\n"
        "cli.main = lambda: (print('ready', flush=True), time.sleep(600))\n"
        "cli.entry_point()"
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        said = process.communicate(timeout=120)[1]
    assert process.returncode == 1
    assert said == "gahb-sk: interrupted; no half-written file was left.\n"


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="not on this system")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_an_interrupt_in_a_callback_is_not_lost(number):
    """Python ignores what is raised in a callback, such as those at the end of imports."""
    code = f"""
import signal, time, weakref
from gahb_sk import cli

class Thing:
    pass

def main():
    thing = Thing()
    watch = weakref.ref(thing, lambda _: signal.raise_signal(signal.{number}))
    del thing
    time.sleep(300)

signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs ignore it
cli.main = main
cli.entry_point()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200)
    assert done.returncode == 1
    assert done.stderr == "gahb-sk: interrupted; no half-written file was left.\n"


@pytest.mark.slow
def test_no_interrupt_of_a_training_is_lost(tmp_path):
    """Sent at any moment from the start of the process on, Ctrl-C and SIGTERM end the command."""
    words = ["train", "disks", "--image-size", "8", "--time", "1h", "--output"]
    command = [sys.executable, "-m", "gahb_sk", *words]
    begin = time.monotonic()
    with subprocess.Popen([*command, tmp_path / "first"], stderr=subprocess.PIPE) as process:
        process.stderr.readline()  # the training begins
        start = time.monotonic() - begin
        process.terminate()
        process.communicate(timeout=300)
    for k, part in enumerate(np.linspace(0.05, 1.2, 16)):
        with subprocess.Popen([*command, tmp_path / str(k)], stderr=subprocess.PIPE) as process:
            time.sleep(part * start)
            process.send_signal(signal.SIGTERM if k % 2 else signal.SIGINT)
            try:
                said = process.communicate(timeout=300)[1]
            finally:
                process.kill()
        # Before our own code runs, Python ends in its own way.
        assert process.returncode in (1, -signal.SIGINT, -signal.SIGTERM), said
        assert not (tmp_path / str(k) / "model.safetensors").exists()


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_outputs_are_no_error(closed):
    done = subprocess.run(
        f"{sys.executable} -m gahb_sk info {closed}", shell=True, capture_output=True, text=True
    )
    assert done.returncode == 0 and "Traceback" not in done.stderr


def test_an_empty_output_is_refused(capsys):
    assert cli.main(["audit", "WaveletShrinkage", "disks", "--output", ""]) == 1
    assert "--output: expected the name of a folder" in capsys.readouterr().err
