"""Commands that write say at once where they may not, before any work is done."""

import os

import numpy as np
import pytest
from PIL import Image

from gahb_sk import NetworkDenoiser, WaveletShrinkage, cli
from gahb_sk.experiments import compare_denoisers, generalization_curve
from gahb_sk.networks import UNet
from tests.instances import smooth_images

# What each command is called with, but for --output.
WORDS = {
    "audit": ["WaveletShrinkage", "disks"],
    "compare": ["--dataset", "disks"],
    "demo": [],
    "denoise": ["photograph.png"],
    "generate": ["disks", "--n", "4"],
    "reproduce": ["2"],
    "restore": ["photographs", "photograph.png", "--task", "super-resolution"],
    "sample": ["WienerDenoiser", "--like", "disks"],
    "train": ["disks", "--time", "10s"],
}


@pytest.fixture(params=["below a file", "read-only"])
def unwritable(request, tmp_path, monkeypatch):
    """A folder in which nothing can be written; a photograph is in the current one."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.zeros((64, 64), np.uint8)).save("photograph.png")
    place = tmp_path / "place"
    if request.param == "below a file":
        place.touch()
        return place / "folder"
    place.mkdir(0o555)
    if os.access(place, os.W_OK):
        pytest.skip("this user may write everywhere")
    return place


def test_every_command_that_writes_is_tested():
    commands = cli.build_parser()._subparsers._group_actions[0].choices
    for name, parser in commands.items():
        with pytest.raises(SystemExit):
            parser.parse_known_args(["--help"])
        options = {option for action in parser._actions for option in action.option_strings}
        assert ("--output" in options) == (name in WORDS)


@pytest.mark.parametrize("command", WORDS)
def test_a_folder_that_cannot_be_written(command, unwritable, capsys):
    output = unwritable / "x.npy" if command == "generate" else unwritable
    assert cli.main([command, *WORDS[command], "--output", str(output)]) == 1
    out, err = capsys.readouterr()
    start = f"gahb-sk {command}: --output: cannot write to {str(unwritable)!r} ("
    assert err.startswith(start) and err.count("\n") == 1 and out == ""


def test_a_page_that_cannot_be_written(unwritable, tmp_path, capsys):
    words = ["denoise", "photograph.png", "--output", str(tmp_path / "new")]
    assert cli.main([*words, "--compare", str(unwritable / "page.html")]) == 1
    assert "--compare: cannot write to" in capsys.readouterr().err


def test_functions_say_so_before_they_fit(unwritable, monkeypatch):
    def fit(*_):
        raise AssertionError("the work began")

    X = smooth_images(8)
    with pytest.raises(OSError, match="checkpoint_dir: cannot write to"):
        network(checkpoint_dir=unwritable).fit(X)
    for cls in (NetworkDenoiser, WaveletShrinkage):
        monkeypatch.setattr(cls, "fit", fit)
    with pytest.raises(OSError, match="folder: cannot write to"):
        compare_denoisers([WaveletShrinkage()], X, cv=2, folder=unwritable)
    with pytest.raises(OSError, match="folder: cannot write to"):
        generalization_curve(network(), X, (1,), n_test=2, folder=unwritable)


def network(**changes):
    return NetworkDenoiser(UNet(2, 1), max_images=1, random_state=0, **changes)
