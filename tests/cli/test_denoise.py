"""gahb-sk denoise."""

import re

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from gahb_sk import load_pretrained
from gahb_sk.cli import main
from gahb_sk.datasets import ImageFile, load_sample_patches
from gahb_sk.denoisers import (
    OpponentColors,
    SelfEnsemble,
    SureAverage,
    VarianceStabilized,
    WaveletShrinkage,
)

FAST = ["--with", "WaveletShrinkage"]


def noisy(shape=(40, 56), sigma=0.1, seed=0):
    """Part of a photograph with noise, as bytes; colour if the shape has three entries."""
    rng = np.random.default_rng(seed)
    patch = load_sample_patches(64, color=True, n_patches=1, random_state=seed)[0]
    clean = np.moveaxis(patch, 0, 2)[: shape[0], : shape[1]]
    clean = clean if len(shape) == 3 else clean.mean(axis=2)
    return np.clip(clean + sigma * rng.standard_normal(clean.shape), 0, 1)


def as_bytes(image):
    return np.rint(255 * image).astype(np.uint8)


def denoise(*words):
    return main(["denoise", *map(str, words)])


@pytest.fixture
def folder(tmp_path):
    """The formats of everyday life, and a broken file."""
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    Image.fromarray(as_bytes(noisy((40, 56, 3)))).save(folder / "colour.png")
    tifffile.imwrite(folder / "sub" / "grey.tif", np.rint(65535 * noisy()).astype(np.uint16))
    Image.fromarray(as_bytes(noisy((41, 61, 3), 0.05))).save(folder / "photo.jpg", quality=95)
    Image.fromarray(np.array([[128]], np.uint8)).save(folder / "one.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    return folder


GOOD = {"colour.png", "photo.jpg", "one.png", "sub/grey.tif"}


def written(output):
    files = (path for path in output.rglob("*") if path.is_file())
    return {str(path.relative_to(output)) for path in files} - {
        ".gahb-sk-denoise.jsonl",
        "settings.toml",
    }


@pytest.mark.parametrize("model", ["photographs", "WaveletShrinkage"])
def test_a_folder(folder, tmp_path, capsys, model):
    output = tmp_path / "out"
    assert denoise(folder, "--output", output, "--with", model) == 1
    assert written(output) == GOOD
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if "broken.png" in line]
    assert len(lines) == 1 and "not a picture" in lines[0]
    assert "Traceback" not in err
    assert all(name in out for name in GOOD)
    assert "uint16" in out and "/255" in out and "41x61 colour" in out
    for name in GOOD:
        before, after = Image.open(folder / name), Image.open(output / name)
        assert (before.format, before.mode, before.size) == (after.format, after.mode, after.size)
        if name != "one.png":
            assert np.std(np.diff(np.asarray(after, float), axis=1)) < 0.9 * np.std(
                np.diff(np.asarray(before, float), axis=1)
            )
        before.close(), after.close()
    assert np.asarray(Image.open(output / "one.png")).item() in (127, 128, 129)


def test_files_that_exist_are_refused(folder, tmp_path, capsys):
    (folder / "broken.png").unlink()
    output = tmp_path / "out"
    assert denoise(folder, "--output", output, *FAST) == 0
    assert not (output / ".gahb-sk-denoise.jsonl").exists()
    before = {name: (output / name).stat().st_mtime_ns for name in GOOD}
    assert denoise(folder, "--output", output, *FAST) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert {name: (output / name).stat().st_mtime_ns for name in GOOD} == before
    assert denoise(folder, "--output", output, *FAST, "--overwrite") == 0
    assert all((output / name).stat().st_mtime_ns > before[name] for name in GOOD)


def test_an_interrupted_run_goes_on(folder, tmp_path, capsys, monkeypatch):
    (folder / "broken.png").unlink()
    output, save = tmp_path / "out", ImageFile.save

    def interrupted(self, path):
        if path.name == "photo.jpg":
            raise KeyboardInterrupt
        save(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(ImageFile, "save", interrupted)
        assert denoise(folder, "--output", output, *FAST) == 1
    assert "interrupted after 2 of 4 files" in capsys.readouterr().err
    assert written(output) == {"colour.png", "one.png"}
    before = (output / "colour.png").stat().st_mtime_ns
    assert denoise(folder, "--output", output, *FAST, "--sigma", "0.2") == 1
    assert "other settings" in capsys.readouterr().err
    assert denoise(folder, "--output", output, *FAST) == 0
    assert written(output) == GOOD
    assert (output / "colour.png").stat().st_mtime_ns == before
    assert "colour.png" in capsys.readouterr().out


def test_a_repaired_file_is_the_only_one_done_again(folder, tmp_path):
    output = tmp_path / "out"
    assert denoise(folder, "--output", output, *FAST) == 1
    before = (output / "one.png").stat().st_mtime_ns
    Image.fromarray(as_bytes(noisy())).save(folder / "broken.png")
    assert denoise(folder, "--output", output, *FAST) == 0
    assert written(output) == GOOD | {"broken.png"}
    assert (output / "one.png").stat().st_mtime_ns == before


def test_a_changed_source_is_done_again(folder, tmp_path):
    output = tmp_path / "out"
    assert denoise(folder, "--output", output, *FAST) == 1
    Image.fromarray(np.array([[3]], np.uint8)).save(folder / "one.png")
    assert denoise(folder, "--output", output, *FAST) == 1
    assert np.asarray(Image.open(output / "one.png")).item() == 3


def test_what_was_written_is_no_input(folder, tmp_path):
    output = folder / "denoised"
    assert denoise(folder, "--output", output, *FAST) == 1
    assert denoise(folder, "--output", output, *FAST) == 1
    assert written(output) == GOOD


def test_originals_are_never_replaced(folder, capsys):
    """Neither by their own results nor by those of a file of the same name elsewhere."""
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    assert denoise(folder, "--output", folder, *FAST, "--overwrite") == 1
    assert "--output: " in (error := capsys.readouterr().err) and "replace its original" in error
    words = (folder / "sub" / "grey.tif", folder, "--output", folder / "sub", *FAST)
    assert denoise(*words, "--overwrite") == 1
    assert "replace its original" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before


@pytest.mark.parametrize("failed", [0, 1])  # a run with a broken file is kept open
def test_results_of_earlier_runs_are_no_input(folder, capsys, failed):
    failed or (folder / "broken.png").unlink()
    (folder / "sub" / "settings.toml").write_text("of = 'others'")
    assert denoise(folder, "--output", folder / "den", *FAST) == failed
    assert "left alone" not in capsys.readouterr().err
    assert denoise(folder, "--output", folder / "den2", *FAST) == failed
    assert f"{folder / 'den'} left alone" in capsys.readouterr().err
    assert written(folder / "den2") == GOOD
    assert denoise(folder / "den", "--output", folder / "twice", *FAST) == 0  # it was typed
    assert written(folder / "twice") == GOOD


def test_a_folder_may_hold_nothing_but_results(folder, tmp_path, capsys):
    assert denoise(folder / "sub", "--output", tmp_path / "all" / "den", *FAST) == 0
    for output in ("new", "all/den"):
        assert denoise(tmp_path / "all", "--output", tmp_path / output, *FAST) == 1
        assert "all' but those that this command wrote" in capsys.readouterr().err


def test_results_may_go_to_the_folder_above(folder):
    assert denoise(folder / "sub", "--output", folder, *FAST) == 0
    assert (folder / "grey.tif").exists()


def test_other_formats_are_named(folder, tmp_path, capsys):
    Image.fromarray(as_bytes(noisy())).save(folder / "scan.bmp")
    (folder / "sub" / "notes.txt").write_text("no image")
    denoise(folder, "--output", tmp_path / "out", *FAST)
    errors = capsys.readouterr().err
    assert "1 image(s) of other formats" in errors and "scan.bmp" in errors
    assert written(tmp_path / "out") == GOOD


def test_what_cannot_be_read_is_named(tmp_path, capsys):
    """Also links to nothing and to themselves, arrays without pixels; each with the reason."""
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(as_bytes(noisy((8, 8)))).save(folder / "good.png")
    (folder / "nothing.png").symlink_to("no-such-file.png")
    (folder / "circle.png").symlink_to("circle.png")
    np.save(folder / "empty.npy", np.zeros((0, 8)))
    assert denoise(folder, "--output", tmp_path / "out", *FAST) == 1
    errors = capsys.readouterr().err
    for line in ("nothing.png: cannot be read: No such file", "circle.png: cannot be read: ",
                 "empty.npy: has shape (0, 8), no pixels"):  # fmt: skip
        assert line in errors
    assert written(tmp_path / "out") == {"good.png"}


def test_what_a_file_is_asked_about_has_its_name(tmp_path, capsys):
    tifffile.imwrite(tmp_path / "camera.tif", np.full((8, 8), 4000, np.uint16))
    assert denoise(tmp_path / "camera.tif", "--output", tmp_path / "out", *FAST) == 0
    line = next(line for line in capsys.readouterr().err.splitlines() if "12 bits" in line)
    assert line.startswith(f"{tmp_path / 'camera.tif'}: the 16-bit values of an image end at 4000")


def test_one_file(folder, tmp_path, capsys):
    target = tmp_path / "new" / "b.png"
    assert denoise(folder / "colour.png", "--output", target, *FAST) == 0
    assert [path.name for path in target.parent.iterdir()] == ["b.png"]
    assert denoise(folder / "colour.png", "--output", tmp_path / "b.jpg", *FAST) == 1
    assert "formats are kept" in capsys.readouterr().err
    for output in (folder, folder / "colour.png"):
        assert denoise(folder / "colour.png", "--output", output, *FAST, "--overwrite") == 1
        assert "would replace its original" in capsys.readouterr().err


def test_two_files_of_one_name_are_refused(folder, tmp_path, capsys):
    Image.fromarray(as_bytes(noisy())).save(folder / "sub" / "one.png")
    words = (folder / "one.png", folder / "sub" / "one.png", "--output", tmp_path / "out")
    assert denoise(*words, *FAST) == 1
    assert "both be written" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["missing", "empty"])
def test_nothing_to_denoise(tmp_path, capsys, path):
    (tmp_path / "empty").mkdir()
    assert denoise(tmp_path / path, "--output", tmp_path / "out") == 1
    assert path in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_noise_level_is_given_or_measured(tmp_path, capsys):
    rng = np.random.default_rng(0)
    clean = np.zeros((96, 96))
    clean[32:64, 32:64] = 0.5
    np.save(tmp_path / "a.npy", clean + 0.1 * rng.standard_normal(clean.shape))
    slope = np.linspace(0, 0.3, 50)
    np.save(tmp_path / "flat.npy", slope + 0.1 * rng.standard_normal((50, 50)))
    results, levels = {}, {}
    for sigma in ("auto", "0.1", "1/10", tmp_path / "flat.npy"):
        words = (tmp_path / "a.npy", "--output", tmp_path / "b.npy", *FAST, "--overwrite")
        assert denoise(*words, "--sigma", sigma) == 0
        results[sigma] = np.load(tmp_path / "b.npy")
        levels[sigma] = float(capsys.readouterr().out.split()[-2])
    assert_array_equal(results["0.1"], results["1/10"])
    assert_allclose(list(levels.values()), 0.1, atol=0.005)
    assert levels["0.1"] == levels["1/10"] == 0.1


def test_a_noise_level_in_units_of_bytes_is_refused(folder, tmp_path, capsys):
    assert denoise(folder, "--output", tmp_path / "out", *FAST, "--sigma", "25") == 1
    assert "did you mean 25/255?" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    words = (folder / "sub" / "grey.tif", "--output", tmp_path / "g.tif", *FAST)
    assert denoise(*words, "--sigma", "25") == 1
    assert "did you mean 25/255?" in capsys.readouterr().err
    np.save(tmp_path / "floats.npy", 1.2 * noisy() - 0.1)  # outside [0, 1] by their noise
    for name in ("floats.npy", "in/sub/grey.tif", "in/photo.jpg"):
        for model in ("WaveletShrinkage", "photographs"):  # blind or not
            words = (tmp_path / name, "--output", tmp_path / "out", "--with", model)
            assert denoise(*words, "--sigma", "25") == 1
            assert "did you mean 25/255?" in capsys.readouterr().err
    np.save(tmp_path / "counts.npy", 1000 * noisy())
    words = (tmp_path / "counts.npy", "--output", tmp_path / "c.npy", *FAST)
    assert denoise(*words, "--sigma", "100") == 0
    assert np.load(tmp_path / "c.npy").max() > 100
    words = (tmp_path / "counts.npy", "--output", tmp_path / "d.npy", *FAST)
    assert denoise(*words, "--sigma", "25/255") == 1
    assert "is a noise level of images in [0, 1], but the values" in capsys.readouterr().err


def test_the_noise_level_may_stand_in_the_denoiser(folder, tmp_path, capsys):
    words = (folder / "colour.png", "--output", tmp_path / "b.png", "--overwrite", "--with")
    assert denoise(*words, "WaveletShrinkage(sigma=30/255)") == 0
    assert "30.0/255" in capsys.readouterr().out
    within = (tmp_path / "b.png").read_bytes()
    assert denoise(*words, "WaveletShrinkage", "--sigma", "30/255") == 0
    assert (tmp_path / "b.png").read_bytes() == within
    assert denoise(*words, "WaveletShrinkage(sigma=30/255)", "--sigma", "30/255") == 0
    capsys.readouterr()
    for model, sigma, message in (
        ("WaveletShrinkage(sigma=25)", (), "did you mean 25/255?"),
        ("WaveletShrinkage(sigma=0.3)", ("--sigma", "0.1"), "got 0.1 and 0.3"),
        ("SelfEnsemble(denoiser=WaveletShrinkage(sigma=0.3))", ("--sigma", "auto"), "0.3 and auto"),
        ("WaveletShrinkage(sigma='a')", (), "--with: sigma: expected a number"),
    ):
        assert denoise(*words, model, *sigma) == 1
        assert message in capsys.readouterr().err


@pytest.mark.parametrize("text", ["25/0", "a", "-1", "nan", "inf", "", "1/2/3"])
def test_what_is_no_noise_level(text, folder, tmp_path, capsys):
    assert denoise(folder, "--output", tmp_path / "out", *FAST, f"--sigma={text}") == 1
    assert "25/255" in capsys.readouterr().err


def test_sizes_of_memory(folder, tmp_path, capsys):
    words = (folder / "colour.png", "--output", tmp_path / "b.png", *FAST, "--overwrite")
    sizes = {"100": 0, "2K": 0, "1.5M": 0, "0.1G": 1, "32MiB": 1, "1gb": 1, "33000000": 1}
    for text, enough in sizes.items():  # the smallest tile takes 25 million bytes
        assert denoise(*words, "--max-memory", text) == 1 - enough
    capsys.readouterr()
    for text in ("", "M", "1T", "1.2.3"):
        with pytest.raises(SystemExit):
            denoise(*words, f"--max-memory={text}")
        assert "500M" in capsys.readouterr().err


def test_tiles_give_what_the_whole_image_gives(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "a.npy", rng.random((300, 420), np.float32))
    words = (tmp_path / "a.npy", "--output", tmp_path / "b.npy", "--overwrite")
    outputs = []
    for size in ("1G", "100M"):
        assert denoise(*words, "--max-memory", size) == 0
        outputs.append(np.load(tmp_path / "b.npy"))
    assert_allclose(outputs[0], outputs[1], atol=1e-5)


@pytest.mark.parametrize(
    ("model", "shape"),
    [("photographs", (40, 56)), ("WaveletShrinkage", (40, 56, 3)), ("WaveletShrinkage", (4, 6000))],
)
def test_the_memory_that_an_image_needs_is_named(tmp_path, capsys, model, shape):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random(shape, np.float32))
    words = (tmp_path / "a.npy", "--output", tmp_path / "b.npy", "--with", model, "--max-memory")
    for typed in ("1", "100K"):
        assert denoise(*words, typed) == 1
        line = capsys.readouterr().err.splitlines()[-1]
        assert line.startswith(f"{tmp_path / 'a.npy'}: needs --max-memory ")
    least = int(re.search("([0-9]+)M( is enough|\\.$)", line)[1])
    assert ("extremely slow" in line) == (shape == (4, 6000))  # the others are not cut
    assert denoise(*words, f"{least - 1}M") == 1
    assert denoise(*words, f"{least}M") == 0


def test_a_grey_network_denoises_luminance_and_colors(tmp_path):
    image = noisy((40, 56, 3)).astype(np.float32)
    np.save(tmp_path / "a.npy", image)
    words = ("--output", tmp_path / "b.npy", "--with", "photograph-patches")
    assert denoise(tmp_path / "a.npy", *words) == 0
    network = OpponentColors(load_pretrained("photograph-patches"))
    (planes,) = network.denoise(np.moveaxis(image, 2, 0)[None])
    assert_allclose(np.load(tmp_path / "b.npy"), np.moveaxis(planes, 0, 2), atol=1e-6)


@pytest.mark.parametrize("ensemble", [False, True])
def test_grey_networks_in_wrappers_take_color(ensemble, tmp_path):
    counts = np.random.default_rng(0).poisson(50, (24, 32, 3)).astype(np.float32)
    np.save(tmp_path / "a.npy", counts)
    model = "SelfEnsemble(denoiser='photographs')" if ensemble else "'photographs'"
    words = ("--output", tmp_path / "b.npy", "--with", f"VarianceStabilized(denoiser={model})")
    assert denoise(tmp_path / "a.npy", *words) == 0
    network = load_pretrained("photographs-color")
    expected = VarianceStabilized(SelfEnsemble(network) if ensemble else network)
    planes = expected.denoise(np.moveaxis(counts, 2, 0)[None])[0]
    assert_allclose(np.load(tmp_path / "b.npy"), np.moveaxis(planes, 0, 2), rtol=1e-4)


def test_what_was_changed_since_is_done_again(folder, tmp_path):
    words = (folder, "--output", tmp_path / "out", *FAST)
    assert denoise(*words) == 1
    first = (tmp_path / "out" / "colour.png").read_bytes()
    (tmp_path / "out" / "colour.png").write_bytes(b"changed")
    assert denoise(*words) == 1
    assert (tmp_path / "out" / "colour.png").read_bytes() == first


def test_mistakes_are_found_before_the_work(folder, tmp_path, capsys):
    many = (folder, folder / "one.png", "--output", tmp_path / "many.png", *FAST)
    assert denoise(*many) == 1 and "expected a folder" in capsys.readouterr().err
    for name in (tmp_path, "page.txt"):
        page = (folder, "--output", tmp_path / "out", *FAST, "--compare", name)
        assert denoise(*page) == 1 and "a page in .html" in capsys.readouterr().err
    level = (folder, "--output", tmp_path / "out", "--sigma", "missing.tif", *FAST)
    assert denoise(*level) == 1 and "there is no file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_denoiser_of_counts_is_named_with_what_it_wraps(tmp_path):
    counts = np.random.default_rng(0).poisson(np.full((40, 56), 9.0)).astype(np.float32)
    np.save(tmp_path / "a.npy", counts)
    for wrapped in ("WaveletShrinkage(wavelet='db2')", "'photographs'"):
        words = ("--with", f"VarianceStabilized(denoiser={wrapped})", "--overwrite")
        assert denoise(tmp_path / "a.npy", "--output", tmp_path / "b.npy", *words) == 0
        assert np.std(np.load(tmp_path / "b.npy") - 9) < 1


def test_two_denoisers_are_averaged(tmp_path):
    image = noisy((40, 56)).astype(np.float32)
    np.save(tmp_path / "a.npy", image)
    both = "SureAverage(denoiser='photograph-patches', other=WaveletShrinkage())"
    words = ("--output", tmp_path / "b.npy", "--sigma", "0.1", "--with", both)
    assert denoise(tmp_path / "a.npy", *words) == 0
    average = SureAverage(load_pretrained("photograph-patches"), WaveletShrinkage())
    assert_allclose(np.load(tmp_path / "b.npy"), average.denoise(image[None], 0.1)[0], atol=1e-6)


def test_an_ensemble_is_a_mean_over_symmetries(tmp_path):
    image = noisy((40, 56)).astype(np.float32)
    np.save(tmp_path / "a.npy", image)
    words = ("--output", tmp_path / "b.npy", "--with", "photograph-patches", "--ensemble")
    assert denoise(tmp_path / "a.npy", *words) == 0
    mean = SelfEnsemble(load_pretrained("photograph-patches")).denoise(image[None])[0]
    assert_allclose(np.load(tmp_path / "b.npy"), mean, atol=1e-6)


def test_a_page_shows_before_and_after(folder, tmp_path):
    page = tmp_path / "new" / "page.html"
    assert denoise(folder, "--output", tmp_path / "out", *FAST, "--compare", page) == 1
    text = page.read_text()
    assert text.count("data:image/png") == len(GOOD)
    assert "gahb-sk denoise" in text and "--compare" in text


def test_a_page_that_another_run_wrote_is_kept(folder, tmp_path, capsys):
    page, other = tmp_path / "keep.html", tmp_path / "other.html"
    page.write_text("mine")
    words = (folder, "--output", tmp_path / "out", *FAST, "--compare")
    assert denoise(*words, page) == 1
    assert "keep.html' exists" in capsys.readouterr().err
    assert page.read_text() == "mine" and not (tmp_path / "out").exists()
    assert denoise(*words, other) == 1  # of the broken file: the run is to go on
    Image.fromarray(as_bytes(noisy())).save(folder / "broken.png")
    assert denoise(*words, page) == 1 and page.read_text() == "mine"
    assert denoise(*words, other) == 0
    assert other.read_text().count("data:image/png") == len(GOOD) + 1
    assert denoise(*words, page, "--overwrite") == 0 and page.read_text() != "mine"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("WienerDenoiser", "needs training"),
        ("OracleShrinkage", "needs the clean image"),
        ("xyz", "Denoisers are BM3DDenoiser, .*; gahb-sk info lists the networks"),
        ("NoSuchThing", "Did you mean"),
        ("photographs-colour", "Did you mean 'photographs-color'"),
        ("no/such/folder", "There is no folder 'no/such/folder'"),
        ("SelfEnsemble(denoiser=WaveletShrinkage(wavlet='db2'))", "Did you mean 'wavelet'"),
        (
            "SureAverage(denoiser='photographs')",
            r"needs other, a denoiser: SureAverage\(other=...\)",
        ),
        ("photograph", "no network, folder or denoiser 'photograph'. Did you mean 'photographs'"),
    ],
)
def test_what_cannot_denoise_is_refused(folder, tmp_path, capsys, model, message):
    assert denoise(folder, "--output", tmp_path / "out", "--with", model) == 1
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()
