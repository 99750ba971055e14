"""Benchmarks against peers: what a row says, and that no case is measured twice."""

import time
from functools import partial

import numpy as np
import pytest

from benchmarks import bench_peers, peer_cases, peer_images
from gahb_sk import WaveletShrinkage
from gahb_sk.datasets import make_disk_images
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
    (row,) = bench_peers.speed_rows("calls", case, rounds=3, clock="wall")
    assert (row["ratio_25"], row["ratio"], row["ratio_75"]) == (2.5, 3, 3.5)
    assert (row["ms"], row["peer_ms"]) == (1000, 4000)
    assert row["worth"] == "nothing"


def test_both_take_turns():
    turns = []
    ours, peer = (partial(turns.append, name) for name in ("ours", "peer"))
    seconds = bench_peers.interleave(ours, peer, 2, time.perf_counter)
    assert turns == ["ours", "peer"] * 3 and seconds.shape == (2, 2)  # one round is the warm-up


def test_a_case_is_measured_once(tmp_path, capsys):
    made = []

    def measure(name, one):
        made.append(name)
        return [{"case": name, "ratio": 1.23456}]

    file = tmp_path / "rows.csv"
    bench_peers.run({"a": dict, "b": dict}, measure, file, bench_peers.machine())
    assert "thread" in file.with_suffix(".txt").read_text()
    bench_peers.run({"a": dict, "b": dict, "c": dict}, measure, file)
    assert made == ["a", "b", "c"]
    assert read_table(file)["ratio"].tolist() == [1.23] * 3
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_quality_has_a_row_for_each_denoiser_and_level():
    X = make_disk_images(4, 16, random_state=0)
    split = [(np.arange(2), np.arange(2, 4))]
    images = peer_images.Images(X, split, {"ours": WaveletShrinkage(), "other": peer_images.bayes})
    rows = bench_peers.quality_rows("disks", images, (0.1, 0.3))
    assert {(row["denoiser"], row["sigma"]) for row in rows} == {
        (name, sigma) for name in ("ours", "other") for sigma in (0.1, 0.3)
    }


def test_one_table_for_one_part(tmp_path, capsys):
    with pytest.raises(SystemExit):
        bench_peers.main(["--csv", str(tmp_path / "rows.csv")])
    assert "expected with one part" in capsys.readouterr().err
