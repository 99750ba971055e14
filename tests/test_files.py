import os

import pytest

from gahb_sk._files import atomic_path, write_text


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
