import csv
import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gahb_sk.experiments import Table

ROWS = [
    {"name": "a", "sigma": 0.1 + 0.2, "n": 1, "bound": True},
    {"name": "b", "sigma": 0.5, "n": 2, "bound": False},
    {"name": "a", "sigma": 0.5, "n": 3, "bound": False},
]


def test_rows_and_columns_are_the_same_thing():
    table = Table.from_rows(ROWS)
    assert list(table.rows()) == ROWS
    assert list(Table(dict(table)).rows()) == ROWS
    assert (len(table), table.n_rows) == (3, 3)
    assert list(table) == list(ROWS[0]) and "sigma" in table
    assert {type(value) for row in table.rows() for value in row.values()} == {
        str, float, int, bool
    }  # fmt: skip


def test_where_compares_floats_up_to_rounding():
    table = Table.from_rows(ROWS)
    assert_array_equal(table.where(sigma=0.3)["n"], [1])
    assert_array_equal(table.where(name="a", sigma=0.5)["n"], [3])
    assert table.where(name="c").n_rows == 0


def test_where_keeps_the_class():
    class Special(Table):
        pass

    assert type(Special.from_rows(ROWS).where(name="a")) is Special


@pytest.mark.parametrize("columns", [{"a": [1], "b": [1, 2]}, {"a": [[1, 2]]}, {"a": 1}])
def test_columns_must_be_of_equal_length(columns):
    with pytest.raises(ValueError, match="equal length"):
        Table(columns)


def test_files_hold_every_digit(tmp_path):
    table = Table.from_rows(ROWS)
    table.to_csv(tmp_path / "t.csv")
    with open(tmp_path / "t.csv", newline="") as file:
        read = list(csv.DictReader(file))
    assert [float(row["sigma"]) for row in read] == table["sigma"].tolist()
    table.to_json(tmp_path / "t.json")
    assert json.loads((tmp_path / "t.json").read_text()) == ROWS


def test_json_has_null_for_what_is_not_finite(tmp_path):
    Table({"psnr": [1.0, np.nan, np.inf], "n": [1, 2, 3]}).to_json(tmp_path / "t.json")
    text = (tmp_path / "t.json").read_text()
    assert [row["psnr"] for row in json.loads(text)] == [1.0, None, None]
    assert "NaN" not in text and "Infinity" not in text


def test_to_frame():
    pytest.importorskip("pandas")
    frame = Table.from_rows(ROWS).to_frame()
    assert frame.to_dict("records") == ROWS
    assert frame.dtypes["n"] == np.int64
