"""Settings in a file: what a command writes beside its result, --config takes."""

import shlex
import subprocess
import tomllib

import pytest

from gahb_sk.cli import COMMANDS, build_parser, main
from gahb_sk.reproduce import read_table

WORDS = [
    "compare", "--n-images", "4", "--image-size", "16", "--sigma", "0.1", "25/255", "--cv", "0.5",
    "--denoisers", "WaveletShrinkage(n_shifts=2)", "OracleShrinkage",
]  # fmt: skip


def test_the_settings_of_a_result_repeat_it(tmp_path, capsys):
    first, second = tmp_path / "first", tmp_path / "second"
    assert main([*WORDS, "--output", str(first)]) == 0
    settings = tomllib.loads((first / "settings.toml").read_text())
    again = (first / "settings.toml").read_text().splitlines()[0].partition(": gahb-sk ")[2]
    assert settings["command"] == "compare" and settings["sigma"] == [0.1, 25 / 255]
    assert settings["seed"] == 0  # also what was not typed
    assert main(shlex.split(again.replace("ELSEWHERE", shlex.quote(str(second))))) == 0
    old, new = (read_table(folder / "results.csv") for folder in (first, second))
    assert len(old) == 4
    for name in ("denoiser", "sigma", "psnr"):
        assert old[name].tolist() == new[name].tolist()
    assert tomllib.loads((second / "settings.toml").read_text()) == {
        **settings, "output": str(second),
    }  # fmt: skip


def parsed(tmp_path, words, text):
    (tmp_path / "mine.toml").write_text(text)
    return build_parser().parse_args([*words, "--config", str(tmp_path / "mine.toml")])


def test_a_file_stands_for_options_and_positional_arguments(tmp_path):
    args = parsed(tmp_path, ["reproduce"], 'figures = ["2"]\nn-jobs = 1\nsigma = 0.5\nagain = true')
    assert (args.figures, args.n_jobs, args.sigma, args.again) == (["2"], 1, [0.5], True)
    args = parsed(tmp_path, ["sample", "disks"], 'model = "ray"\noutput = "out"\nset = ["steps=9"]')
    assert (args.model, args.output, args.set) == ("disks", "out", ["steps=9"])


def test_what_is_typed_counts_before_the_file(tmp_path):
    args = parsed(tmp_path, ["compare", "--seed", "3"], 'seed = 1\nsigma = ["5/255"]\noutput = "o"')
    assert args.seed == 3 and args.sigma == [5 / 255]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sead = 1", "Unknown setting 'sead'. Did you mean 'seed'"),
        ('seed = "one"', "seed: invalid value 'one'"),
        ("sigma = 25", "did you mean 25/255"),
        ("color = 1", "color: expected true or false"),
        ('command = "train"', "these are settings of gahb-sk train"),
        ("seed", "mine.toml: "),
    ],
)
def test_bad_files_are_refused(tmp_path, capsys, text, message):
    with pytest.raises(SystemExit) as stop:
        parsed(tmp_path, ["compare"], text)
    assert stop.value.code == 2 and message in capsys.readouterr().err


def test_a_missing_file(capsys):
    with pytest.raises(SystemExit):
        main(["compare", "--config", "nowhere.toml"])
    assert "nowhere.toml" in capsys.readouterr().err


def test_the_shell_completes_commands_and_options(capsys):
    for shell in ("bash", "zsh", "fish"):
        assert main(["completion", shell]) == 0
        script = capsys.readouterr().out
        assert [name for name in COMMANDS if name not in script] == []
    main(["completion", "bash"])
    script = capsys.readouterr().out
    for line, expected in (
        (("gahb-sk", "rep"), ["reproduce"]),
        (("gahb-sk", "compare", "--den"), ["--denoisers"]),
        (("gahb-sk", "denoise", "''"), []),  # of files, by the shell itself
    ):
        typed = f"{script}\nCOMP_WORDS=({' '.join(line)}); COMP_CWORD={len(line) - 1}; _gahb_sk; "
        done = subprocess.run(
            ["bash", "-c", typed + 'echo "${COMPREPLY[@]}"'], capture_output=True, text=True
        )
        assert done.stdout.split() == expected
