"""Run all benchmarks: ``make bench``. Cases that the tables hold are not run again."""

import subprocess
import sys

COMMANDS = (
    ["benchmarks.bench_peers"],
    ["benchmarks.bench_datasets"],
    ["benchmarks.bench_classical", "speed", "geometry"],
    ["benchmarks.bench_optimal", "disks", "bayes"],
    ["benchmarks.bench_training", "speed"],
    ["benchmarks.bench_analysis", "shrinkage"],
    ["benchmarks.bench_sampling", "speed"],
)

if __name__ == "__main__":
    for command in COMMANDS:
        print("==", " ".join(command), flush=True)
        subprocess.run([sys.executable, "-m", *command], check=True)
