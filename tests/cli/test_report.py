import dataclasses
import json
import os
import stat

import numpy as np
import pytest

from gahb_sk import OracleShrinkage, WaveletShrinkage
from gahb_sk.cli import main
from gahb_sk.cli._comparison_page import FILES, Section, draw, write_page, write_report
from gahb_sk.cli._page import check_output, versions
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.experiments import compare_denoisers

PNG = b"\x89PNG\r\n\x1a\n"


def section_of(sigma=(0.1, 0.3), n_examples=2, **changes):
    comparison = compare_denoisers(
        {"<plain> & simple": WaveletShrinkage(), "oracle": OracleShrinkage()},
        make_c_alpha_images(8, image_size=16, random_state=0),
        sigma,
        cv=0.5,
        n_examples=n_examples,
    )
    values = {"alpha": 2.0, "left_out": ["bad<.png: truncated"], **changes}
    return Section("A <title>", "Text & more.", comparison, {"seed": 0}, **values)


@pytest.fixture(scope="module")
def section():
    return section_of()


def test_page_holds_table_pictures_settings_and_command(section, tmp_path):
    page = write_report(tmp_path, section, "gahb-sk compare --sigma '0.1'").read_text()
    means = section.comparison.means()
    for row in means.rows():
        assert f"{row['psnr']:.2f} &plusmn; {row['psnr_se']:.2f}" in page
    assert page.count("data:image/png;base64,") == 2
    assert "{{" not in page
    assert "gahb-sk compare --sigma &#x27;0.1&#x27;" in page
    for text in ("seed", "numpy", "optimal (bound)", "bad&lt;.png: truncated"):
        assert text in page


def test_names_are_escaped(section, tmp_path):
    page = write_report(tmp_path, section, "command").read_text()
    assert "<plain>" not in page and "&lt;plain&gt; &amp; simple" in page
    assert "<title>A <title>" not in page


def test_best_is_a_rival_never_a_bound(section, tmp_path):
    page = write_report(tmp_path, section, "command").read_text()
    means = section.comparison.means()
    best = means.where(denoiser="<plain> & simple")["psnr"]
    bound = means.where(denoiser="oracle")["psnr"]
    assert (bound > best).all()
    for value, gap in zip(best, bound - best, strict=True):
        assert f"is best with {value:.2f} dB, {gap:.2f} dB below the best oracle" in page


def test_json_is_strict_and_whole(tmp_path):
    single = section_of(sigma=(0.1,))  # its slope is undefined
    write_report(tmp_path, single, "command")

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    result = json.loads((tmp_path / "results.json").read_text(), parse_constant=refuse)
    assert result["slopes"][0]["slope"] is None
    assert isinstance(result["means"][0]["psnr_se"], float)
    assert result["command"] == "command"
    assert len(result["results"]) == single.comparison.n_rows


@pytest.mark.parametrize("n_train", [7, 4])
def test_json_is_strict_where_errors_and_means_are_unknown(n_train, tmp_path):
    """One test image has no standard error; flat images, all exact, have no PSNR at all."""
    X = make_c_alpha_images(8, image_size=16, random_state=0)
    X[4:7] = 0
    split = np.arange(n_train), np.arange(n_train, 7 if n_train < 7 else 8)
    denoisers = {"wavelets": WaveletShrinkage(), "oracle": OracleShrinkage()}
    comparison = compare_denoisers(denoisers, X, [0.1], cv=[split], n_examples=1)
    page = write_report(tmp_path, Section("Title", "Text.", comparison, {}), "command").read_text()

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    result = json.loads((tmp_path / "results.json").read_text(), parse_constant=refuse)
    oracle = result["means"][1]
    assert oracle["psnr_se"] is None and (oracle["psnr"] is None) == (n_train == 4)
    assert "nan" not in page.split("data:image")[0] and "inf" not in page.split("data:image")[0]
    assert ("- &plusmn; - /" in page) == ("every image exact" in page) == (n_train == 4)
    assert ("are left out of its mean" in page) == (n_train == 4)


def test_a_name_that_is_no_text_is_shown(section, tmp_path):
    named = dataclasses.replace(section, left_out=[os.fsdecode(b"caf\xe9.png: damaged")])
    page = write_report(tmp_path, named, "command").read_text(encoding="utf-8")
    assert r"caf\udce9.png: damaged" in page
    json.loads((tmp_path / "results.json").read_text())


def test_pictures_are_those_of_the_page(section, tmp_path):
    write_report(tmp_path, section, "command")
    for name, png in draw(section).items():
        assert png.startswith(PNG)
        assert (tmp_path / name).read_bytes()[:8] == PNG


def test_no_examples_no_grid():
    assert list(draw(section_of(n_examples=0))) == ["curves.png"]


def test_page_of_several_sections(section, tmp_path):
    pictures = draw(section)
    write_page(tmp_path / "both.html", [(section, pictures)] * 2, "command")
    assert (tmp_path / "both.html").read_text().count("<section>") == 2


def test_a_failure_leaves_the_old_page(section, tmp_path, monkeypatch):
    page = write_report(tmp_path, section, "first")
    before = page.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_report(tmp_path, section, "second")
    assert page.read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_check_output_leaves_nothing(tmp_path):
    assert check_output(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "line",
    [
        "denoise bad.png", "denoise bad.png also-bad.png", "compare --images bad.png",
        "compare --images one.npy --denoisers WaveletShrinkage --cv 50", "audit c-alpha-2 bad.png",
        "restore c-alpha-2 bad.png --task inpaint", "sample nonsense", "train bad.png --time 1s",
        "reproduce 1 --networks nowhere", "generate disks --n 2 --set sides=3",
    ],
)  # fmt: skip
@pytest.mark.parametrize("output", ["new", "new/folder/below"])
def test_a_refused_input_leaves_no_folder(line, output, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("bad.png", "also-bad.png"):
        (tmp_path / name).write_text("no picture")
    np.save("one.npy", np.zeros((2, 16, 16), "float32"))
    before = sorted(tmp_path.iterdir())
    try:
        code = main([*line.split(), "--output", output])
    except SystemExit as stop:
        code = stop.code
    assert code != 0 and sorted(tmp_path.iterdir()) == before


def test_check_output_names_what_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="--output: cannot write to .*file"):
        check_output(tmp_path / "file")


@pytest.mark.parametrize("name", FILES)
def test_check_output_names_a_folder_in_the_way_of_a_file(name, tmp_path):
    (tmp_path / name).mkdir()
    with pytest.raises(OSError, match=f"--output: cannot write the file .*{name}.*folder"):
        check_output(tmp_path, FILES)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_check_output_in_a_folder_without_permission(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(OSError, match="--output"):
        check_output(tmp_path)


def test_versions_name_what_computes():
    found = versions()
    assert found["numpy"] == np.__version__
    assert {"gahb-sk", "Python", "torch", "machine"} <= set(found)
