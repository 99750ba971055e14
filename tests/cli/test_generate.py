"""gahb-sk generate."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gahb_sk import datasets
from gahb_sk.cli import main

MAKE = {
    "c-alpha": datasets.make_c_alpha_images,
    "disks": datasets.make_disk_images,
    "polygons": datasets.make_polygon_images,
    "rays": datasets.make_ray_images,
    "sines": datasets.make_sine_images,
}


def run(tmp_path, *words):
    return main(["generate", *words, "--output", str(tmp_path / "x.npy")])


@pytest.mark.parametrize("name", MAKE)
def test_every_class_is_written(name, tmp_path, capsys):
    assert run(tmp_path, name, "--n", "5", "--image-size", "8", "9", "--seed", "3") == 0
    expected = MAKE[name](5, (8, 9), random_state=3)
    assert_array_equal(np.load(tmp_path / "x.npy"), expected)
    out, err = capsys.readouterr()
    assert "5 images (8, 9), float32" in out
    assert "100%" in err


def test_settings_reach_the_generator(tmp_path):
    settings = ["alpha=1.5", "orientation=random", "constant-background=True"]
    words = ["--n", "3", "--image-size", "16", "--dtype", "float64"]
    words += [word for setting in settings for word in ("--set", setting)]
    assert run(tmp_path, "c-alpha", *words) == 0
    expected = datasets.make_c_alpha_images(
        3, 16, 1.5, orientation="random", constant_background=True, dtype=float, random_state=0
    )
    assert_array_equal(np.load(tmp_path / "x.npy"), expected)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["diks", "--n", "2"], "Did you mean 'disks'"),
        (["disks", "--n", "2", "--set", "latice=integer"], "Did you mean 'lattice'"),
        (["disks", "--n", "2", "--set", "wrap"], "NAME=VALUE"),
        (["disks", "--n", "2", "--set", "n_samples=4"], "Unknown parameter"),
        (["disks", "--n", "-2"], "n_samples"),
        (["c-alpha", "--n", "2", "--set", "alpha=0"], "alpha"),
        (["c-alpha", "--n", "2", "--image-size", "3"], "image_size"),
        (["c-alpha", "--n", "2", "--image-size", "8", "8", "8"], "--image-size"),
    ],
)
def test_bad_input_is_one_line_and_code_1(words, message, tmp_path, capsys):
    assert run(tmp_path, *words) == 1
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_usage_is_code_2(tmp_path):
    with pytest.raises(SystemExit) as stop:
        run(tmp_path, "disks")
    assert stop.value.code == 2


def test_interruption_and_continuation(tmp_path, capsys, monkeypatch):
    real = datasets.generate_file

    def interrupted(*args, progress, **options):
        def report(done):
            progress(done)
            if done:
                raise KeyboardInterrupt

        return real(*args, progress=report, **options)

    words = ["sines", "--n", "4000", "--image-size", "32"]
    monkeypatch.setattr(datasets, "generate_file", interrupted)
    assert run(tmp_path, *words) == 1
    assert "interrupted after 2048 of 4000" in capsys.readouterr().err
    monkeypatch.setattr(datasets, "generate_file", real)
    assert run(tmp_path, *words) == 0
    expected = datasets.make_sine_images(4000, 32, random_state=0)
    assert_array_equal(np.load(tmp_path / "x.npy"), expected)


def test_an_existing_file_needs_overwrite(tmp_path, capsys):
    assert run(tmp_path, "rays", "--n", "2", "--image-size", "8") == 0
    assert run(tmp_path, "rays", "--n", "3", "--image-size", "8") == 1
    assert "--overwrite" in capsys.readouterr().err
    assert run(tmp_path, "rays", "--n", "3", "--image-size", "8", "--overwrite") == 0
    assert len(np.load(tmp_path / "x.npy")) == 3
