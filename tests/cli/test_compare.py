import csv
import json
import shlex

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from PIL import Image

from gahb_sk import WaveletShrinkage, add_gaussian_noise
from gahb_sk.cli import _thread_count, main
from gahb_sk.cli._arguments import folds, parse_settings, redo
from gahb_sk.cli._compare import (
    compare as run_comparison,
    default_denoisers,
    images_of,
    with_run_settings,
)
from gahb_sk.cli._denoisers import parse_denoisers
from gahb_sk.cli._inputs import load_images, splitter
from gahb_sk.datasets import make_disk_images

SMALL = ["--n-images", "12", "--image-size", "16", "--sigma", "0.1", "0.3"]
FAST = ["--denoisers", "WaveletShrinkage", "OracleShrinkage"]


def compare(folder, *arguments):
    return main(["compare", "--output", str(folder), *map(str, arguments)])


def error_of(capsys):
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.strip().splitlines()
    assert len(lines) == 1, err
    return lines[0]


@pytest.fixture
def photographs(tmp_path, rng):
    """Three good files of different kinds, a truncated one, text, and one that is too small."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name in ("a.png", "b.jpg", "c.tif"):
        Image.fromarray(rng.randint(0, 256, (40, 50, 3)).astype(np.uint8)).save(folder / name)
    np.save(folder / "d.npy", rng.rand(33, 32).astype(np.float32))
    data = (folder / "a.png").read_bytes()
    (folder / "truncated.png").write_bytes(data[: len(data) // 2])
    (folder / "text.jpg").write_text("not a picture")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / "small.png")
    return folder


def test_writes_a_whole_report(tmp_path, capsys):
    assert compare(tmp_path / "r", *SMALL, *FAST, "--seed", 3) == 0
    out, _ = capsys.readouterr()
    assert out == f"The report is written to {tmp_path / 'r' / 'index.html'}\n"
    found = sorted(path.name for path in (tmp_path / "r").iterdir())
    assert found == [
        "curves.png", "images.png", "index.html", "results.csv", "results.json", "scores",
        "settings.toml",
    ]  # fmt: skip
    with open(tmp_path / "r" / "results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["denoiser"] for row in rows] == FAST[1:2] * 2 + FAST[2:] * 2
    assert [row["bound"] for row in rows] == ["False"] * 2 + ["True"] * 2
    result = json.loads((tmp_path / "r" / "results.json").read_text())
    assert result["settings"]["seed"] == 3 and len(result["results"]) == 4


def test_printed_command_gives_the_same_numbers(tmp_path):
    assert compare(tmp_path / "r", "--dataset", "disks", "--cv", 3, *SMALL, *FAST) == 0
    first = json.loads((tmp_path / "r" / "results.json").read_text())
    assert main(shlex.split(first["command"])[1:]) == 0
    again = json.loads((tmp_path / "r" / "results.json").read_text())
    assert [row["psnr"] for row in first["results"]] == [row["psnr"] for row in again["results"]]


def test_folder_of_images(photographs, tmp_path, capsys):
    arguments = ["--images", photographs, "--image-size", 16, "--sigma", "0.1", *FAST]
    assert compare(tmp_path / "r", *arguments, "--color") == 0
    _, err = capsys.readouterr()
    result = json.loads((tmp_path / "r" / "results.json").read_text())
    left_out = {item.split(":")[0] for item in result["left_out"]}
    assert left_out == {"truncated.png", "text.jpg", "small.png"}
    page = (tmp_path / "r" / "index.html").read_text()
    for name in left_out:
        assert f"left out: {name}" in err
        assert name in page
    # 6 patches of each of three files, 4 of the .npy file, in three channels
    assert result["settings"]["shape"] == [22, 3, 16, 16]


def test_a_stack_is_cross_validated(tmp_path, rng, capsys):
    file = tmp_path / "stack.npy"
    np.save(file, rng.rand(6, 16, 20).astype(np.float32))
    words = ["--images", file, "--sigma", "0.1", "--cv", "3", *FAST]
    assert compare(tmp_path / "report", *words) == 0
    with open(tmp_path / "report" / "results.csv") as table:
        assert {row["fold"] for row in csv.DictReader(table)} == {"0", "1", "2"}
    capsys.readouterr()
    assert compare(tmp_path / "other", *words, "--image-size", "8") == 1
    assert "is a stack" in error_of(capsys)


def test_flat_patches_are_left_out_and_said(photographs, tmp_path, capsys, recwarn):
    """A black border: an oracle would give its patches back exactly, of infinite PSNR."""
    pixels = np.array(Image.open(photographs / "a.png"))
    Image.fromarray(np.pad(pixels[:32, :32], [(16, 16), (16, 16), (0, 0)])).save(
        photographs / "border.png"
    )
    arguments = ["--images", photographs, "--image-size", 16, "--sigma", "0.1", *FAST]
    assert compare(tmp_path / "r", *arguments) == 0
    result = json.loads((tmp_path / "r" / "results.json").read_text())
    said = "12 of 38 patches: flat, nothing to denoise"
    assert said in result["left_out"] and f"left out: {said}" in capsys.readouterr().err
    assert result["settings"]["shape"] == [26, 16, 16]
    assert all(row["n_exact"] == 0 and row["psnr"] < 100 for row in result["results"])
    assert not recwarn
    assert load_images(photographs, n_images=26, image_size=16).X.std((1, 2)).min() > 0.01


def test_only_flat_patches(tmp_path, capsys):
    Image.fromarray(np.full((32, 32), 77, np.uint8)).save(tmp_path / "grey.png")
    assert compare(tmp_path / "r", "--images", tmp_path, "--image-size", 16, *FAST) == 1
    assert "flat" in error_of(capsys)


@pytest.mark.parametrize("source", [["--dataset", "photographs"], ["--images"]])
def test_more_patches_than_there_are(source, photographs, tmp_path, capsys):
    source = source if len(source) > 1 else [*source, photographs]
    assert compare(tmp_path / "r", *source, "--n-images", 10**6, "--image-size", 32, *FAST) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert "--n-images: expected at most" in line and "1000000" in line
    assert "stride" not in line and "min_deviation" not in line


def test_a_file_in_place_of_a_folder(photographs, tmp_path, capsys):
    assert compare(tmp_path / "r", "--images", photographs / "text.jpg", *FAST) == 1
    assert "text.jpg" in error_of(capsys)
    (photographs / "notes.txt").write_text("not a picture")
    assert compare(tmp_path / "r", "--images", photographs / "notes.txt", *FAST) == 1
    assert "--images: expected a folder" in error_of(capsys)


@pytest.mark.parametrize("color", [False, True])
def test_one_image_is_denoised_whole_and_nothing_is_trained(color, photographs, tmp_path, capsys):
    words = ["--images", photographs / "a.png", "--sigma", "25/255", *FAST, *["--color"] * color]
    assert compare(tmp_path / "r", *words) == 0
    result = json.loads((tmp_path / "r" / "results.json").read_text())
    assert result["settings"]["shape"] == [1, *[3] * color, 40, 50]
    assert [row["n_images"] for row in result["results"]] == [1, 1]
    assert result["settings"]["noise levels"] == [25 / 255]
    assert compare(tmp_path / "r", *words, "--image-size", 32) == 0
    assert compare(tmp_path / "r", *words[:-1], "NetworkDenoiser") == 1
    assert "learns from images" in capsys.readouterr().err.splitlines()[-1]
    assert compare(tmp_path / "r", *words, "--cv", 7) == 1
    assert "--cv: expected with a folder" in error_of(capsys)


def test_networks_that_are_trained_are_kept(tmp_path):
    network = "NetworkDenoiser(network=ResidualUNet(channels=2, n_blocks=1), max_images=4)"
    words = [*SMALL, "--denoisers", network, "WaveletShrinkage"]
    assert compare(tmp_path, *words) == 0
    kept = tmp_path / "networks" / "NetworkDenoiser"
    assert [path.name for path in kept.parent.iterdir()] == ["NetworkDenoiser"]
    before = json.loads((tmp_path / "results.json").read_text())["results"][0]["psnr"]
    again = ["--denoisers", str(kept), *SMALL]
    assert compare(tmp_path / "again", *again) == 0
    after = json.loads((tmp_path / "again" / "results.json").read_text())["results"][0]["psnr"]
    assert after == pytest.approx(before, abs=1e-3)
    assert compare(tmp_path / "folds", *words, "--cv", 2) == 0
    folds = tmp_path / "folds" / "networks" / "NetworkDenoiser"
    assert sorted(path.name for path in folds.iterdir()) == ["fold-1", "fold-2"]


@pytest.mark.parametrize("name", ["results.csv", "index.html"])
def test_a_folder_in_the_way_shows_before_the_work(name, tmp_path, capsys):
    (tmp_path / name).mkdir()
    assert compare(tmp_path, *SMALL, *FAST) == 1
    line = error_of(capsys)  # no progress bar: nothing was computed
    assert "--output" in line and name in line


def test_seeds_as_large_as_they_come(photographs):
    groups = load_images(photographs, image_size=16, seed=5_000_000_000).groups
    assert list(splitter(0.2, groups, 5_000_000_000).split(groups, groups=groups))


def test_seed_makes_images_and_noise(tmp_path):
    from gahb_sk.cli import build_parser

    words = ["compare", "--dataset", "disks", "--n-images", "6", "--image-size", "16", "--output"]
    of_seed = {
        seed: images_of(build_parser().parse_args([*words, "r", "--seed", str(seed)]))
        for seed in (3, 4)
    }
    for seed, images in of_seed.items():
        assert_array_equal(images.X, make_disk_images(6, 16, random_state=seed))
    assert not np.array_equal(of_seed[3].X, of_seed[4].X)
    split = [(np.arange(3), np.arange(3, 6))]
    for seed in (3, 4):  # the same images and split: only the noise can differ
        denoisers = parse_denoisers(["WaveletShrinkage"])
        examples = run_comparison(of_seed[3], denoisers, [0.1], split, seed).comparison.examples
        noisy = add_gaussian_noise(of_seed[3].X, 0.1, seed)[3:]
        assert_array_equal(examples[0.1]["noisy"], noisy)


def test_seed_reaches_the_run(tmp_path):
    psnrs = []
    for seed in (0, 0, 1):
        assert compare(tmp_path, *SMALL, *FAST, "--seed", seed) == 0
        result = json.loads((tmp_path / "results.json").read_text())
        psnrs.append([row["psnr"] for row in result["results"]])
    assert psnrs[0] == psnrs[1] != psnrs[2]


def test_split_is_by_file(photographs, tmp_path):
    assert compare(tmp_path / "r", "--images", photographs, "--image-size", 16, "--cv", 4, *FAST,
                   "--sigma", "0.1") == 0  # fmt: skip
    result = json.loads((tmp_path / "r" / "results.json").read_text())
    assert sorted(row["n_images"] for row in result["results"]) == [4, 4, 6, 6, 6, 6, 6, 6]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--denoisers", "WaveletShrinkag"], ["WaveletShrinkag", "WaveletShrinkage"]),
        (["--denoisers", "WaveletShrinkage(wavelt='db2')"], ["wavelt", "wavelet"]),
        (["--denoisers", "WaveletShrinkage(wavelet='dd4')"], ["wavelet", "dd4"]),
        (["--denoisers", "NetworkDenoiser(network=UNet(channels=0))"], ["channels", "0"]),
        (["--denoisers", "print(1)"], ["--denoisers", "print(1)"]),
        (["--denoisers", "WaveletShrinkage", "WaveletShrinkage"], ["twice"]),
        (["--sigma", "0", *FAST], ["sigma", "positive"]),
        (["--cv", "13", *FAST], ["cv", "12", "13"]),
        (["--cv", "1", *FAST], ["cv", "fraction"]),
        (["--cv", "1.5", *FAST], ["cv", "1.5"]),
        (["--dataset", "disk", *FAST], ["disk", "disks"]),
        (["--dataset", "disks", "--alpha", "2", *FAST], ["--alpha", "c-alpha"]),
        (["--alpha", "-1", *FAST], ["alpha", "-1"]),
        (["--color", *FAST], ["--color", "grey"]),
        (["--train-seconds", "0", *FAST], ["--train-seconds", "positive"]),
        (["--image-size", "2", *FAST], ["image_size", "2"]),
        (["--n-jobs", "0", *FAST], ["n_jobs", "0", "range"]),
    ],
)
def test_bad_input_is_one_line_and_code_1(arguments, words, tmp_path, capsys):
    small = [] if "--image-size" in arguments else SMALL[:4]
    assert compare(tmp_path, *small, *arguments) == 1
    line = error_of(capsys)
    assert line.startswith("gahb-sk compare: ")
    for word in words:
        assert word in line


def test_what_torch_raises_of_a_device_is_one_line_too(tmp_path, capsys):
    assert (
        compare(tmp_path, *SMALL, "--denoisers", "NetworkDenoiser(machine={'device': 'meta'})") == 1
    )
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("gahb-sk compare: ") and "meta" in err


@pytest.mark.parametrize("make", [lambda folder: None, lambda folder: folder.mkdir()])
def test_missing_and_empty_folder(make, tmp_path, capsys):
    folder = tmp_path / "pictures"
    make(folder)
    assert compare(tmp_path / "r", "--images", folder, *FAST) == 1
    assert str(folder) in error_of(capsys)


def test_no_usable_file(tmp_path, capsys):
    (tmp_path / "bad.png").write_text("not a picture")
    assert compare(tmp_path / "r", "--images", tmp_path, *FAST) == 1
    assert "bad.png" in error_of(capsys)


def test_images_smaller_than_a_patch(photographs, tmp_path, capsys):
    assert compare(tmp_path / "r", "--images", photographs, "--image-size", 64, *FAST) == 1
    assert "64x64" in error_of(capsys)


def test_more_folds_than_files(photographs, tmp_path, capsys):
    assert compare(tmp_path / "r", "--images", photographs, "--image-size", 16, "--cv", 5, *FAST)
    assert "4" in capsys.readouterr().err.splitlines()[-1]


def test_output_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert compare(tmp_path / "file" / "r", *SMALL, *FAST) == 1
    assert "--output" in error_of(capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare"],
        ["compare", "--output", "r", "--n-images", "0"],
        ["compare", "--output", "r", "--n-images", "many"],
        ["compare", "--output", "r", "--cv", "x"],
        ["compare", "--output", "r", "--sigma", "-0.1"],
        ["compare", "--output", "r", "--sigma", "nan"],
        ["compare", "--output", "r", "--images", "a", "--dataset", "disks"],
        ["compair"],
        [],
    ],
)
def test_wrong_usage_is_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: gahb-sk" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["compare", "demo"])
def test_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"gahb-sk {command} -" in capsys.readouterr().out


def test_defaults_leave_out_a_peer_that_is_not_installed(monkeypatch):
    assert default_denoisers()[0] == "NetworkDenoiser"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "BM3DDenoiser" not in default_denoisers()


def test_run_settings_leave_alone_what_was_written_out():
    denoisers = parse_denoisers(["NetworkDenoiser(time_budget=7, random_state=5)"])
    unet = with_run_settings(denoisers, 2.0, 1)["NetworkDenoiser"]
    assert (unet.time_budget, unet.random_state, unet.verbose) == (7, 5, True)
    unet = with_run_settings(parse_denoisers(["NetworkDenoiser"]), 2.0, 1)["NetworkDenoiser"]
    assert (unet.time_budget, unet.random_state, unet.max_images) == (2.0, 1, None)


def test_folds_or_fraction():
    assert folds("5") == 5 and isinstance(folds("5"), int)
    assert folds("0.25") == 0.25
    assert isinstance(folds("-1"), int)


def test_redo_names_every_setting(tmp_path):
    from gahb_sk.cli import build_parser

    words = "compare --dataset disks --cv 3 --n-images 9 --seed 4 --output r --sigma 0.2".split()
    args = build_parser().parse_args([*words, "--denoisers", "WaveletShrinkage(n_shifts=4)"])
    again = build_parser().parse_args(shlex.split(redo(args))[1:])
    assert vars(again) == vars(args)


def test_shipped_networks_are_compared_by_name():
    denoisers = parse_denoisers(["disks", "WaveletShrinkage(n_shifts=4)"])
    assert list(denoisers) == ["disks", "WaveletShrinkage"]
    assert denoisers["disks"].learns is False


def test_fractions_are_noise_levels_wherever_they_are_typed():
    denoisers = parse_denoisers(["WaveletShrinkage(sigma=25/255)", "BandletShrinkage(sigma=0.1)"])
    assert denoisers["WaveletShrinkage"].sigma == 25 / 255
    assert parse_settings(["sigma=25/255", "wavelet=db2"], WaveletShrinkage) == {
        "sigma": 25 / 255, "wavelet": "db2"
    }  # fmt: skip
    with pytest.raises(ValueError, match="plain values"):
        parse_denoisers(["WaveletShrinkage(sigma=1/0)"])


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.skipif(torch.cuda.is_available(), reason="threads matter less with a GPU")
@pytest.mark.parametrize(("of_two", "expected"), [(50, 1), (90, 2)])
def test_threads_that_wait_for_other_programs(of_two, expected, two_threads, monkeypatch, capsys):
    """The faster number of threads is used, if it is much faster, and said."""
    monkeypatch.setattr(_thread_count, "_rate", {1: 100, 2: of_two}.get)
    assert _thread_count.settle_threads() == torch.get_num_threads() == expected
    assert ("1 thread is faster than 2, and used" in capsys.readouterr().err) == (expected == 1)


def test_rates_are_measured(two_threads):
    assert _thread_count._rate(1) > 0
    assert torch.get_num_threads() == 1
