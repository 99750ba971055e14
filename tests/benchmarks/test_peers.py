"""Benchmarks against peers: what a row says, and that nothing is measured twice."""

import time
from functools import partial

import numpy as np
import pytest

from benchmarks import (
    bench_peers,
    peer_cases,
    peer_costs,
    peer_growth,
    peer_images,
    peer_tables,
    peer_training,
)
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
    rows = bench_peers.quality_rows("disks", lambda: images, done)
    return [row for part in rows for row in part]


def test_quality_has_a_row_for_each_image_and_goes_on_where_it_was():
    X = make_disk_images(4, 16, random_state=0)
    denoisers = {"ours": WaveletShrinkage(), "other": peer_images.bayes}
    images = peer_images.Images([X], 2, denoisers, (0.1, 0.3))
    rows = quality(images)
    assert [(row["denoiser"], row["sigma"], row["image"]) for row in rows] == [
        (name, sigma, image) for name in denoisers for sigma in (0.1, 0.3) for image in (2, 3)
    ]
    assert quality(images, rows[:6]) == rows[6:]  # of the second denoiser one level is left
    assert quality(images, rows) == []


def test_photographs_of_several_sizes_are_told_apart():
    stacks = [make_disk_images(1, side, random_state=side) for side in (16, 20, 24)]
    rows = quality(peer_images.Images(stacks, 0, {"ours": WaveletShrinkage()}, (0.1,)))
    assert [(row["stack"], row["image"]) for row in rows] == [(0, 0), (1, 0), (2, 0)]


def scores(denoiser, *values, sigma=0.1):
    return [
        {"case": "disks", "denoiser": denoiser, "sigma": sigma, "stack": 0, "image": k, "psnr": x}
        for k, x in enumerate(values)
    ]


def test_the_table_ranks_and_pairs_and_keeps_bounds_apart():
    rows = scores("bm3d", 20, 30) + scores("network", 32, 22)[::-1] + scores("posterior mean", 40)
    rows += scores("bm3d", 10, sigma=0.3)
    best, second, last = peer_tables.ranked(Table.from_rows(rows), "psnr", ["disks"]).rows()
    # Errors of the means are 5 dB; both images differ by 12 and -8 dB.
    assert (best["denoiser"], best["psnr"], best["over bm3d"]) == (
        "network", "27.00 (5.00)", "+2.00 (10.00)",
    )  # fmt: skip
    assert (second["denoiser"], second["psnr"], second["over bm3d"]) == ("bm3d", "25.00 (5.00)", "")
    assert best["optimum"] == second["optimum"] == "40.00"
    assert (last["sigma"], last["psnr"], last["optimum"]) == ("0.3", "10.00", "")


def test_the_best_of_ours_is_set_against_the_best_peer():
    rows = scores("bm3d", 20, 30) + scores("scikit-image TV", 20, 31) + scores("bandlets", 25, 32)
    rows += scores("wavelets", 10, 10) + scores("posterior mean", 40, 42)
    (row,) = peer_tables.best(Table.from_rows(rows), "psnr", ["disks"]).rows()
    assert (row["ours"], row["peer"], row["optimum"]) == (
        "bandlets", "scikit-image TV", "41.00 (1.00)",
    )  # fmt: skip
    assert row["ours over it"] == "+3.00 (2.00)"


def test_levels_of_photographs_are_of_255():
    assert peer_tables.level_text("photographs, grey", 0.09804) == "25/255"
    assert peer_tables.level_text("disks", 0.03) == "0.03"


def test_time_to_quality_is_interpolated_in_the_logarithm_and_bounded_beyond():
    lengths = {peer_training.PAPER: {1: 30, 4: 35, 8: 39}, "ours": {0.5: 34, 2: 36, 8: 38}}
    rows = [
        {"recipe": recipe, "minutes": float(minutes), "psnr mean": float(level)}
        for recipe, curve in lengths.items()
        for minutes, level in curve.items()
    ]
    found = [*peer_training.time_to_quality(Table.from_rows(rows)).rows()]
    assert [row["ours, minutes"] for row in found] == ["< 0.50", "1.00", "> 8.00"]
    assert [row["ours, times faster"] for row in found] == ["> 2.0", "4.0", "< 1.0"]


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
