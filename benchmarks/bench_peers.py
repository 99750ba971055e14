"""The library against what one would run instead: ``make bench``, ``make bench-quick``.

    python -m benchmarks.bench_peers --quick                   speed and quality: minutes
    python -m benchmarks.bench_peers speed --csv docs/results/peers_speed.csv
    python -m benchmarks.bench_peers costs growth training quality --minutes 10

``speed``: ours and the peer's run in turn in one process on the same input, so that what else runs
on the machine hits both. A row has the median of the ratios of neighbouring runs, its quartiles,
and what the two results are worth where that may differ. ``costs``: the part of the machine's
measured rates that is reached, and memory. ``growth``: exponents in images, pixels and threads.
``training``: PSNR after minutes of training, beside the paper's recipe. ``quality``: PSNR and SSIM
of all denoisers on the same noise.

Rows are kept in --folder; a case that is there is not measured again. With --minutes no case is
begun after that time: start the command again to go on.
"""

import argparse
import os
import platform
import time
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from benchmarks import (
    peer_cases,
    peer_costs,
    peer_growth,
    peer_images,
    peer_networks,
    peer_tables,
    peer_training,
)
from gahb_sk._files import write_text
from gahb_sk.experiments import Table, compare_denoisers
from gahb_sk.reproduce import read_table

PARTS = ("speed", "costs", "growth", "training", "quality")
MODULES = {"scikit-image": "skimage"}
# Of one thread: processor time is what an idle machine would take, on a busy one, too.
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
DECIMALS = {"sigma": 5, "ssim": 4, "ratio": 2, "ratio_25": 2, "ratio_75": 2, "reached": 4, "MB": 1,
            "peer_MB": 1, "GFLOP/s": 1, "GB/s": 1, "ms_from": 2, "ms_to": 2}  # fmt: skip
FOLDER = Path("docs/results")
# Rounds of a case: at least the first number, and up to the second within so many seconds.
ROUNDS, QUICK_ROUNDS = (2, 9, 4), (1, 3, 2)
NOT_QUICK = ("20 eigenpairs, 48x48", "20 eigenpairs, 64x64")  # minutes


def machine():
    """Return what the seconds depend on."""
    packages = ("numpy", "torch", "scikit-image", "bm3d", "deepinv")
    known = [name for name in packages if find_spec(MODULES.get(name, name))]
    versions = ", ".join(f"{name} {version(name)}" for name in known)
    return f"{processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} thread(s); {versions}"


def processor():
    """Return the name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def interleave(ours, peer, rounds, clock):
    """Return the seconds of both, run in turn, the first round left out as a warm-up.

    ``rounds``: at least so many, at most so many, and the seconds after which no more are begun.
    """
    least, most, budget = rounds
    seconds, begun = [], time.monotonic()
    while len(seconds) <= least or (len(seconds) <= most and time.monotonic() - begun < budget):
        row = []
        for call in (ours, peer):
            start = clock()
            call()
            row.append(clock() - start)
        seconds.append(row)
    return np.array(seconds[1:])


def speed_rows(name, case, rounds, clock):
    """Time one case and return its row."""
    seconds = interleave(case.ours, case.peer, rounds, CLOCKS[clock])
    low, middle, high = np.quantile(seconds[:, 1] / seconds[:, 0], (0.25, 0.5, 0.75))
    own_ms, peer_ms = 1e3 * np.median(seconds, axis=0) / case.n
    return [{"case": name, "unit": case.unit, "peer": case.against, "ms": own_ms,
             "peer_ms": peer_ms, "ratio": middle, "ratio_25": low, "ratio_75": high,
             "rounds": len(seconds), "worth": case.worth()}]  # fmt: skip


def once(measure):
    """Return a part whose cases are measured at one go: ``measure(name, made)`` gives the rows."""

    def rows(name, make, done):
        if not done:
            yield measure(name, make())

    return rows


def quality_rows(name, make, done):
    """Score one denoiser after the other on every image, at the levels not done yet."""
    images, known = make(), {(row["denoiser"], round(row["sigma"], 5)) for row in done}
    for denoiser, one in images.denoisers.items():
        left = [sigma for sigma in images.levels if (denoiser, round(sigma, 5)) not in known]
        rows = []
        for k, X in enumerate(images.stacks if left else ()):
            found = compare_denoisers({denoiser: one}, X, left, cv=images.split(X), random_state=k)
            rows += [{"case": name, "denoiser": denoiser, "sigma": row["sigma"], "stack": k,
                      **{key: row[key] for key in ("image", "psnr", "ssim")}}
                     for row in found.images.rows()]  # fmt: skip
        if rows:
            yield rows


def run(cases, measure, csv, note="", deadline=np.inf):
    """Measure what ``csv`` does not hold yet, case by case, and print all rows.

    ``note`` says how, in a text file beside it. After the deadline nothing more is begun.
    """
    if csv:
        write_text(csv.with_suffix(".txt"), note + "\n")
    rows = list(read_table(csv).rows()) if csv and csv.is_file() else []
    for name, make in cases.items():
        done = [row for row in rows if row["case"] == name]
        show(done)
        if time.monotonic() > deadline:
            continue
        for new in measure(name, make, done):
            rows += new
            show(new)
            if csv:
                Table.from_rows(rows).rounded(3, **DECIMALS).to_csv(csv)
            if time.monotonic() > deadline:
                break


def show(rows):
    """Print rows, a line each."""
    for row in rows:
        cells = (f"{x:.3g}" if isinstance(x, float | np.floating) else str(x) for x in row.values())
        print("  ".join(cells), flush=True)


def parts(quick, clock):
    """Return the cases of each part, and how one is measured."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    speed = {**peer_cases.CASES, **peer_networks.CASES}
    if quick:
        speed = {name: case for name, case in speed.items() if name not in NOT_QUICK}
    quantities = peer_growth.quantities(clock)
    return {
        "speed": (speed, once(partial(speed_rows, rounds=rounds, clock=clock))),
        "costs": (speed, once(partial(peer_costs.cost_rows, rounds=3, clock=CLOCKS[clock]))),
        "growth": (
            {name: lambda: quantities for name in peer_growth.CASES},
            once(partial(peer_growth.growth_rows, rounds=2, clock=CLOCKS[clock])),
        ),
        "training": (peer_training.CASES, once(peer_training.training_rows)),
        "quality": (peer_images.cases(quick), quality_rows),
    }


def derived(part, table, cases):
    """Yield the tables that the docs show of what a part measured, by name."""
    if part == "quality":
        for metric in peer_tables.DECIMALS:
            yield metric, peer_tables.ranked(table, metric, cases)
        yield "best", peer_tables.best(table, "psnr", cases)
    if part == "training":
        yield "time_to_quality", peer_training.time_to_quality(table)


def main(argv=None):
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default all")
    parser.add_argument("--quick", action="store_true", help="speed and quality, in minutes")
    parser.add_argument("--clock", choices=[*CLOCKS], default="wall", help="cpu on a busy machine")
    parser.add_argument("--only", nargs="+", metavar="CASE", help="the cases with these names")
    parser.add_argument("--minutes", type=float, default=np.inf, help="begin no case after these")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the rows are kept")
    args = parser.parse_args(argv)
    deadline = time.monotonic() + 60 * args.minutes
    known = parts(args.quick, args.clock)
    for part in args.parts or (("speed", "quality") if args.quick else PARTS):
        cases, measure = known[part]
        names = [name for name in cases if args.only is None or name in args.only]
        csv = None if args.quick else args.folder / f"peers_{part}.csv"
        note = f"{machine()}; {args.clock} time"
        run({name: cases[name] for name in names}, measure, csv, note, deadline)
        if csv and csv.is_file():
            for shown, table in derived(part, read_table(csv), [*cases]):
                table.to_csv(args.folder / f"peers_{shown}.csv")


if __name__ == "__main__":
    main()
