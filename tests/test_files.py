import json
import os

import pytest

from gahb_sk._files import atomic_path, write_json, write_text


def test_written_whole(tmp_path):
    path = tmp_path / "new" / "page.html"
    write_text(path, "whole")
    assert path.read_text() == "whole"
    assert os.listdir(path.parent) == ["page.html"]


def test_an_interruption_leaves_the_old_file(tmp_path):
    path = tmp_path / "page.html"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["page.html"]


def test_permissions_are_those_of_a_new_file(tmp_path):
    (tmp_path / "plain").touch()
    write_text(tmp_path / "atomic", "")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_names_of_files_that_are_no_text(tmp_path):
    write_text(tmp_path / "page.html", os.fsdecode(b"caf\xe9.png"))
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == r"caf\udce9.png"


def test_json_holds_finite_numbers_or_null(tmp_path):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    nan, inf = float("nan"), float("inf")
    value = {"a": [1.5, nan, {"b": (inf, -inf, 2)}], "text": "NaN", "ok": True, "none": None}
    write_json(tmp_path / "x.json", value)
    found = json.loads((tmp_path / "x.json").read_text(), parse_constant=refuse)
    expected = [1.5, None, {"b": [None, None, 2]}]
    assert found == {"a": expected, "text": "NaN", "ok": True, "none": None}
