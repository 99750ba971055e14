"""What holds for every figure, and how new tables are compared with old ones."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from gahb_sk import zoo
from gahb_sk.experiments import Table
from gahb_sk.reproduce import (
    PLANS,
    Check,
    Outcome,
    PaperFigure,
    Setup,
    _shipped as shipped,
    all_figures,
    compare_with_shipped,
    get_figure,
    is_done,
    read_table,
    reproduce,
    write_reproduction,
)

WEIGHTS = Path(zoo.__file__).parent / "weights"

TABLE = Table({"who": ["a", "b"], "sigma": [0.1, 0.1], "psnr": [30.0, 31.0], "seconds": [1.0, 2.0]})


def run(setup):
    values = TABLE["psnr"] + setup.random_state
    return Outcome(
        Table({**TABLE, "psnr": values}),
        {"A picture.": Figure(), "Another.": Figure()},
        [Check("level", float(values[0]), 29.5, 30.5)],
        ["A note."],
    )


FIGURE = PaperFigure(99, "A test", "Numbers.", "They are near.", run, ("c-alpha-2",),
                ("who", "sigma"), {"psnr": 0.05}, optional=("no-such-network",))  # fmt: skip


@pytest.fixture
def release(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "RESULTS", tmp_path / "results")
    TABLE.to_csv(tmp_path / "results" / "figure-99.csv")


@pytest.mark.parametrize(
    ("value", "low", "high", "passed"),
    [
        (1.0, 1.0, 2.0, True),
        (2.0, 1.0, 2.0, True),
        (0.99, 1.0, None, False),
        (2.01, None, 2.0, False),
        (5.0, 1.0, None, True),
        (-5.0, None, 2.0, True),
        (float("nan"), None, 2.0, False),
        (float("nan"), 1.0, None, False),
    ],
)
def test_a_check_passes_between_its_limits(value, low, high, passed):
    assert Check("", value, low, high).passed is passed


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([1, 1], "reproduced"),
        ([1, 0], "reproduced in part"),
        ([0, 0], "not reproduced"),
    ],
)
def test_the_verdict_counts_the_checks(values, verdict):
    checks = [Check("", value, 0.5) for value in values]
    assert Outcome(TABLE, {}, checks).verdict == verdict


def test_without_a_part_of_the_paper_a_figure_is_reproduced_in_part():
    outcome = Outcome(TABLE, {}, [Check("", 1.0, 0.5)], complete=False)
    assert outcome.verdict == "reproduced in part"


def test_a_figure_that_is_done_anew_is_not_done_until_the_end(release, tmp_path, monkeypatch):
    write_reproduction(tmp_path, reproduce(FIGURE), Setup())
    again = reproduce(FIGURE, Setup(random_state=1))
    monkeypatch.setattr(Figure, "savefig", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_reproduction(tmp_path, again, Setup(random_state=1))
    assert not is_done(tmp_path, FIGURE, Setup())


def interrupt(*args, **options):
    raise KeyboardInterrupt


def test_a_table_is_read_as_it_was_written(tmp_path):
    table = Table(
        {"name": ["a", "b, c"], "n": [1, 2], "x": [0.5, float("nan")], "bound": [True, False]}
    )
    table.to_csv(tmp_path / "t.csv")
    again = read_table(tmp_path / "t.csv")
    for name, column in table.items():
        np.testing.assert_array_equal(again[name], column)
        assert again[name].dtype.kind == column.dtype.kind


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1\n")
    with pytest.raises(ValueError, match="cannot be read as a table"):
        read_table(tmp_path / "t.csv")
    with pytest.raises(ValueError, match="cannot be read as a table"):
        read_table(tmp_path / "none.csv")


def test_nothing_moved_within_the_tolerance(release):
    near = Table({**TABLE, "psnr": TABLE["psnr"] + [0.04, -0.04], "seconds": [9.0, 9.0]})
    assert compare_with_shipped(FIGURE, near) == []


def test_moves_are_told_the_largest_first(release):
    far = Table({**TABLE, "psnr": TABLE["psnr"] + [0.06, -1.0]})
    first, second = compare_with_shipped(FIGURE, far)
    assert first == "who b, sigma 0.1: psnr 31 -> 30"
    assert second.startswith("who a")


def test_an_unknown_value_has_moved(release):
    unknown = Table({**TABLE, "psnr": [30.0, float("nan")]})
    assert compare_with_shipped(FIGURE, unknown) == ["who b, sigma 0.1: psnr 31 -> nan"]


def test_rows_that_came_and_went_are_told(release):
    other = Table({**TABLE, "who": ["a", "c"]})
    assert compare_with_shipped(FIGURE, other) == [
        "who c, sigma 0.1: new",
        "who b, sigma 0.1: not computed this time",
    ]


def test_without_an_old_table_there_is_nothing_to_compare(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "RESULTS", tmp_path)
    assert reproduce(FIGURE).moved is None


def test_a_figure_is_done_until_something_changes(release, tmp_path):
    networks = tmp_path / "networks"
    shutil.copytree(WEIGHTS / "c-alpha-2", networks / "c-alpha-2")
    setup = Setup(networks=networks)
    assert not is_done(tmp_path, FIGURE, setup)
    record = write_reproduction(tmp_path, reproduce(FIGURE, setup), setup)
    assert record == json.loads((tmp_path / "figure-99" / "figure.json").read_text())
    assert is_done(tmp_path, FIGURE, setup)
    assert is_done(tmp_path, FIGURE, Setup())  # the same weights elsewhere
    assert not is_done(tmp_path, FIGURE, dataclasses.replace(setup, random_state=1))
    assert not is_done(tmp_path, FIGURE, dataclasses.replace(setup, n_images=3))
    weights = networks / "c-alpha-2" / "model.safetensors"
    weights.write_bytes(weights.read_bytes() + b" ")
    assert not is_done(tmp_path, FIGURE, setup)


def test_all_that_a_figure_made_is_written(release, tmp_path):
    setup = Setup(random_state=1)
    record = write_reproduction(tmp_path, reproduce(FIGURE, setup), setup)
    assert record["verdict"] == "not reproduced"
    assert len(record["moved"]) == 2
    assert list(record["pictures"]) == ["picture.png", "picture-2.png"]
    for name in ("picture.png", "picture-2.png", "results.csv"):
        assert (tmp_path / "figure-99" / name).stat().st_size
    np.testing.assert_array_equal(
        read_table(tmp_path / "figure-99" / "results.csv")["psnr"], TABLE["psnr"] + 1
    )


def test_a_figure_without_its_networks_is_refused():
    lacking = dataclasses.replace(FIGURE, networks=("c-alpha-2", "no-such-network"))
    with pytest.raises(ValueError, match="needs the networks no-such-network"):
        reproduce(lacking)


def test_networks_of_a_folder_come_before_those_of_the_package(tmp_path):
    shutil.copytree(WEIGHTS / "c-alpha-2", tmp_path / "c-alpha-2")
    assert Setup().folder("c-alpha-2") == WEIGHTS / "c-alpha-2"
    assert Setup(networks=tmp_path).folder("c-alpha-2") == tmp_path / "c-alpha-2"
    assert not Setup(networks=tmp_path).has("no-such-network")


@pytest.mark.parametrize("figure", all_figures(), ids=lambda figure: figure.name)
def test_every_figure_says_what_it_is(figure):
    assert get_figure(figure.number) is get_figure(str(figure.number)) is figure
    assert figure.title and figure.paper and figure.criterion
    assert figure.keys and figure.tolerances
    names = [*figure.networks, *figure.optional]
    assert {n for n in names if not n.startswith("pairs-")} <= set(PLANS)
    old = shipped.shipped_table(figure)
    assert (old is None) == bool(figure.missing(Setup())), "a table of the release is missing"
    if old is not None:
        assert {*figure.keys, *figure.tolerances} <= set(old)
        keys = list(zip(*(old[name].tolist() for name in figure.keys), strict=True))
        assert len(set(keys)) == len(keys) == old.n_rows


def test_an_unknown_figure_is_refused():
    with pytest.raises(ValueError, match="figure"):
        get_figure(7)
