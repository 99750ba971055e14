"""The library against what one would run instead: ``make bench``, ``make bench-quick``.

    python -m benchmarks.bench_peers --quick                   speed and quality: minutes
    python -m benchmarks.bench_peers speed --csv docs/results/peers_speed.csv
    python -m benchmarks.bench_peers quality --csv docs/results/peers_quality.csv

``speed``: ours and the peer's run in turn in one process on the same input, so that what else runs
on the machine hits both. A row has the median of the ratios of neighbouring runs, its quartiles,
and what the two results are worth where that may differ. ``quality``: PSNR and SSIM of all
denoisers on the same noise. With --csv a case that the file holds is not run again.
"""

import argparse
import os
import platform
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from benchmarks import peer_cases, peer_images
from gahb_sk._files import write_text
from gahb_sk.experiments import Table, compare_denoisers
from gahb_sk.reproduce import read_table

LEVELS = (0.01, 0.03, 15 / 255, 0.1, 25 / 255, 50 / 255, 0.3)
QUICK_LEVELS = (0.1,)
# Of one thread: processor time is what an idle machine would take, on a busy one, too.
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
DECIMALS = {"sigma": 5, "ratio": 2, "ratio_25": 2, "ratio_75": 2, "ms": 3, "peer_ms": 3}


def machine():
    """Return what the seconds depend on."""
    packages = ("numpy", "torch", "scikit-image", "bm3d")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} thread(s); {versions}"


def processor():
    """Return the name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def interleave(ours, peer, rounds, clock):
    """Return the seconds of both, run in turn, the first round left out as a warm-up."""
    seconds = np.empty((rounds + 1, 2))
    for row in seconds:
        for k, run in enumerate((ours, peer)):
            start = clock()
            run()
            row[k] = clock() - start
    return seconds[1:]


def speed_rows(name, case, rounds, clock):
    """Time one case and return its row."""
    seconds = interleave(case.ours, case.peer, rounds, CLOCKS[clock])
    low, middle, high = np.quantile(seconds[:, 1] / seconds[:, 0], (0.25, 0.5, 0.75))
    own_ms, peer_ms = 1e3 * np.median(seconds, axis=0) / case.n
    return [{"case": name, "unit": case.unit, "peer": case.against, "ms": own_ms,
             "peer_ms": peer_ms, "ratio": middle, "ratio_25": low, "ratio_75": high,
             "worth": case.worth()}]  # fmt: skip


def quality_rows(name, images, levels):
    """Compare all denoisers on one kind of images and return their rows."""
    comparison = compare_denoisers(images.denoisers, images.X, levels, cv=images.cv, random_state=0)
    kept = ("denoiser", "kind", "bound", "sigma", "psnr", "psnr_se", "ssim", "ssim_se",
            "n_images")  # fmt: skip
    return [{"case": name, **{key: row[key] for key in kept}} for row in comparison.means().rows()]


def run(cases, measure, csv, note=""):
    """Measure the cases that ``csv`` does not hold yet, one after the other, and print them.

    ``note`` says how, in a text file beside it.
    """
    if csv:
        write_text(csv.with_suffix(".txt"), note + "\n")
    rows = list(read_table(csv).rows()) if csv and csv.is_file() else []
    done = {row["case"] for row in rows}
    for name, make in cases.items():
        if name not in done:
            rows += measure(name, make())
            if csv:
                Table.from_rows(rows).rounded(3, **DECIMALS).to_csv(csv)
        for row in (row for row in rows if row["case"] == name):
            print("  ".join(shown(value) for value in row.values()), flush=True)


def shown(value):
    """Return a cell as text."""
    return f"{value:.3g}" if isinstance(value, float | np.floating) else str(value)


def main(argv=None):
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=["speed", "quality", []], help="default both")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, images and levels")
    parser.add_argument("--clock", choices=[*CLOCKS], default="wall", help="cpu on a busy machine")
    parser.add_argument("--only", nargs="+", metavar="CASE", help="the cases with these names")
    parser.add_argument("--csv", type=Path, help="where to keep the rows of one part")
    args = parser.parse_args(argv)
    parts = args.parts or ["speed", "quality"]
    if args.csv and len(parts) > 1:
        parser.error("--csv: expected with one part, speed or quality")
    for part in parts:
        if part == "speed":
            rounds = 3 if args.quick else 9
            cases = peer_cases.CASES
            measure = partial(speed_rows, rounds=rounds, clock=args.clock)
            note = f"{machine()}; {rounds} rounds, {args.clock} time"
        else:
            levels = QUICK_LEVELS if args.quick else LEVELS
            cases, measure = peer_images.cases(args.quick), partial(quality_rows, levels=levels)
            note = machine()
        names = [name for name in cases if args.only is None or name in args.only]
        run({name: cases[name] for name in names}, measure, args.csv, note)


if __name__ == "__main__":
    main()
