"""Benchmarks against peers: what a row says, and that nothing is measured twice."""

import time
from functools import partial

import numpy as np
import pytest

from benchmarks import bench_peers, peer_cases, peer_costs, peer_growth, peer_images
from gahb_sk import WaveletShrinkage
from gahb_sk.datasets import make_disk_images
from gahb_sk.experiments import Table
from gahb_sk.reproduce import read_table


class Clock:
    """A clock that only the calls it makes move on, each by its own seconds."""

    now = 0.0

    def __call__(self):
        return self.now

    def call(self, *seconds):
        steps = iter(seconds)

        def one():
            self.now += next(steps)

        return one


def test_a_row_has_the_median_ratio_of_neighbouring_runs(monkeypatch):
    clock = Clock()
    monkeypatch.setitem(bench_peers.CLOCKS, "wall", clock)
    ours, peer = clock.call(9, 1, 2, 10), clock.call(9, 3, 8, 20)  # the first is the warm-up
    case = peer_cases.Case(ours, peer, "another", 2, "call", lambda: "nothing")
    (row,) = bench_peers.speed_rows("calls", case, rounds=(3, 3, 0), clock="wall")
    assert (row["ratio_25"], row["ratio"], row["ratio_75"]) == (2.5, 3, 3.5)
    assert (row["ms"], row["peer_ms"], row["rounds"]) == (1000, 4000, 3)
    assert row["worth"] == "nothing"


def test_both_take_turns_at_least_and_at_most_so_often():
    for most, budget, rounds in ((2, 100, 2), (5, 0, 2), (5, 100, 5)):
        turns = []
        ours, peer = (partial(turns.append, name) for name in ("ours", "peer"))
        seconds = bench_peers.interleave(ours, peer, (2, most, budget), time.perf_counter)
        # One round is the warm-up.
        assert turns == ["ours", "peer"] * (rounds + 1) and seconds.shape == (rounds, 2)


def test_a_case_is_measured_once(tmp_path, capsys):
    made = []

    def measure(name, one):
        made.append(name)
        return [{"case": name, "ratio": 1.23456}]

    file, part = tmp_path / "rows.csv", bench_peers.once(measure)
    bench_peers.run({"a": dict, "b": dict}, part, file, bench_peers.machine())
    assert "thread" in file.with_suffix(".txt").read_text()
    bench_peers.run({"a": dict, "b": dict, "c": dict}, part, file)
    assert made == ["a", "b", "c"]
    assert read_table(file)["ratio"].tolist() == [1.23] * 3
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_nothing_is_begun_after_the_deadline(tmp_path):
    part = bench_peers.once(lambda name, one: pytest.fail("begun"))
    bench_peers.run({"a": dict}, part, tmp_path / "rows.csv", deadline=time.monotonic() - 1)


def quality(images, done=()):
    rows = bench_peers.quality_rows("disks", lambda: images, done, (0.1, 0.3))
    return [row for part in rows for row in part]


def test_quality_has_a_row_for_each_denoiser_and_level_and_goes_on_where_it_was():
    X = make_disk_images(4, 16, random_state=0)
    images = peer_images.Images([X], 2, {"ours": WaveletShrinkage(), "other": peer_images.bayes})
    rows = quality(images)
    assert {(row["denoiser"], row["sigma"]) for row in rows} == {
        (name, sigma) for name in ("ours", "other") for sigma in (0.1, 0.3)
    }
    rest = quality(images, rows[:3])  # of the second denoiser one level is left
    assert [(row["denoiser"], row["sigma"]) for row in rest] == [("other", 0.3)]
    assert bench_peers.wide(Table.from_rows(rows[:3]), "psnr")["0.300"][1] == ""
    table = bench_peers.wide(Table.from_rows(rows), "psnr")
    first = rows[0]
    assert len(table) == 2
    assert table["0.100"][0] == f"{first['psnr']:.2f} ({first['psnr_se']:.2f})"


def test_photographs_of_several_sizes_count_as_so_many_images():
    stacks = [make_disk_images(1, side, random_state=side) for side in (16, 20, 24)]
    denoisers = {"ours": WaveletShrinkage()}
    rows = quality(peer_images.Images(stacks, 0, denoisers))
    alone = [quality(peer_images.Images([X], 0, denoisers)) for X in stacks[:1]]
    assert {row["n_images"] for row in rows} == {3}
    assert all(row["psnr_se"] > 0 for row in rows) and np.isnan(alone[0][0]["psnr_se"])


def test_the_floor_is_what_takes_longer():
    case = partial(peer_cases.Case, None, None, "", 1, "")
    assert peer_costs.floor_seconds(case(flops=8, bytes=6), 4, 2) == (3, "memory")
    assert peer_costs.floor_seconds(case(flops=8, bytes=2), 4, 2) == (2, "arithmetic")


def test_memory_of_a_call_is_counted():
    found = peer_costs.peak_megabytes(lambda: np.ones(2**22))
    assert np.isnan(found) or 30 < found < 40  # 32 MB; NaN where there is no /proc


def test_exponents_of_growth(monkeypatch):
    clock = Clock()
    growing = {"work": (lambda n, side: clock.call(*[n * side**4 * 1e-9] * 9), None)}
    monkeypatch.setattr(peer_growth, "CASES", growing)
    rows = peer_growth.growth_rows("work", ("images", "pixels"), 3, clock)
    assert [row["exponent"] for row in rows] == pytest.approx([1, 2])
    assert all(row["exponent_se"] < 1e-6 for row in rows)
