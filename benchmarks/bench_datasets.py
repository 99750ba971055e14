"""Speed and memory of the data room.

    python benchmarks/bench_datasets.py          about a minute
    python benchmarks/bench_datasets.py --long   also the two memory bounds: about six minutes

Rates are the best of several runs, with two threads; each rival is the plain loop one would write
in NumPy, an image at a time, run in the same process.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from gahb_sk.datasets import (
    ImageStack,
    make_c_alpha_images,
    make_disk_images,
    make_polygon_images,
    make_ray_images,
    make_sine_images,
    open_stack,
    remove_near_duplicates,
    save_stack,
)

SIZE = 80
THREADS = 2


def loop_c_alpha(n, size=SIZE, alpha=2.0):
    """C^alpha images by a plain loop: complex transforms, filters made anew for each image."""
    rng = np.random.default_rng(0)
    images = np.empty((n, size, size), np.float32)
    for image in images:
        k = np.maximum(np.abs(np.fft.fftfreq(size, 1 / size)), 1)
        noise = rng.uniform(-1, 1, size)
        contour = np.fft.ifft(np.fft.fft(noise) * k**-alpha).real
        boundary = np.round(size * contour) + size / 2
        mask = (np.arange(size)[:, None] < boundary).astype(float)
        padded = np.pad(mask, ((0, 1), (0, 1)), mode="reflect")
        mask = (padded[:-1, :-1] + padded[1:, :-1] + padded[:-1, 1:] + padded[1:, 1:]) / 4
        norm = np.hypot(*np.meshgrid(np.fft.fftfreq(size, 1 / size),
                                     np.fft.fftfreq(size, 1 / size)))  # fmt: skip
        sides = []
        for low, high in ((rng.uniform(), 1), (0, rng.uniform())):
            noise = rng.uniform(-1, 1, (size, size))
            g = np.fft.ifft2(np.fft.fft2(noise) * np.maximum(norm, 1) ** -alpha).real
            g = (g - g.min()) / (g.max() - g.min())
            sides.append(low + (high - low) * g)
        if rng.uniform() < 0.5:
            sides.reverse()
        image[...] = mask * sides[0] + (1 - mask) * sides[1]
    return images


def loop_disks(n, size=SIZE, fine=4):
    """Disks by a plain loop, the rim smoothed by 4x4 samples a pixel."""
    rng = np.random.default_rng(0)
    images = np.empty((n, size, size), np.float32)
    t = (np.arange(size * fine) + 0.5) / fine - 0.5
    for image in images:
        radius = rng.uniform(3, (size - 3) / 2)
        row, column = rng.uniform(radius, size - radius, 2)
        inside, outside = rng.uniform(0, 1, 2)
        mask = (t[:, None] - row) ** 2 + (t - column) ** 2 < radius**2
        mask = mask.reshape(size, fine, size, fine).mean((1, 3))
        image[...] = outside + (inside - outside) * mask
    return images


GENERATORS = {
    "C^alpha, 2x2 average": (partial(make_c_alpha_images, alpha=2.0), loop_c_alpha, 3000),
    "C^alpha, exact area": (partial(make_c_alpha_images, antialias="area"), loop_c_alpha, None),
    "C^alpha, rotated": (
        partial(make_c_alpha_images, antialias="area", orientation="random"), loop_c_alpha, None,
    ),
    "C^alpha, float64": (partial(make_c_alpha_images, dtype=np.float64), loop_c_alpha, None),
    "disks, exact area": (make_disk_images, loop_disks, 10_000),
    "disks, hard rim": (partial(make_disk_images, antialias="none"), None, 10_000),
    "disks, wrapped": (partial(make_disk_images, wrap=True), None, None),
    "disks and tangents": (partial(make_disk_images, return_tangents=True), None, None),
    "rays": (make_ray_images, None, None),
    "sine waves": (make_sine_images, None, None),
    "polygons": (make_polygon_images, None, None),
}  # fmt: skip


def best(function, repeats=5):
    """Seconds of the fastest of several runs."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def bench_generators(n):
    print(f"Images of {SIZE}x{SIZE} a second, {THREADS} threads and 1 thread, n = {n}")
    print(f"{'':24}{'2 threads':>10}{'1 thread':>10}{'loop':>8}{'ratio':>8}{'asked':>9}")
    loops = {f: 200 / best(partial(f, 200), 3) for f in (loop_c_alpha, loop_disks)}
    for name, (make, loop, asked) in GENERATORS.items():
        make = partial(make, image_size=SIZE, random_state=0)
        rates = [n / best(partial(make, n, n_jobs=jobs)) for jobs in (THREADS, 1)]
        against = f"{loops[loop]:8.0f}{rates[0] / loops[loop]:8.1f}" if loop else " " * 16
        print(f"{name:24}{rates[0]:10.0f}{rates[1]:10.0f}{against}{asked or '':>9}", flush=True)


def bench_growth(n):
    print(f"\nGrowth: seconds for 2n over twice the seconds for n (asked: within 15 %), n = {n}")
    for name in ("C^alpha, 2x2 average", "disks, exact area"):
        make = partial(GENERATORS[name][0], image_size=SIZE, random_state=0, n_jobs=THREADS)
        one, two = (best(partial(make, m), 7) for m in (n, 2 * n))
        print(f"{name:24}{two / (2 * one):10.3f}", flush=True)


def bench_stack(n):
    print(f"\nReading a stack of {n} images of {SIZE}x{SIZE}, images a second")
    with tempfile.TemporaryDirectory() as folder:
        X = make_disk_images(n, SIZE, random_state=0)
        path = save_stack(X, Path(folder) / "x.npy")
        stack, order = open_stack(path), np.random.default_rng(0).permutation(n)
        write_pictures(X[:1000], Path(folder) / "pictures")
        pictures = ImageStack.from_folder(Path(folder) / "pictures")
        passes = {
            "file, in order": (n, lambda: sum(map(len, stack.iter_batches(128)))),
            "file, shuffled": (n, lambda: sum(map(len, stack.iter_batches(128, order=order)))),
            "PNG files, 2 threads": (1000, lambda: sum(map(len, pictures.iter_batches(50)))),
            "PNG files, 1 thread": (
                1000, lambda: sum(map(len, pictures.iter_batches(50, n_workers=1))),
            ),
        }  # fmt: skip
        for name, (count, run) in passes.items():
            print(f"{name:24}{count / best(run, 3):10.0f}", flush=True)


def write_pictures(X, folder):
    from PIL import Image

    folder.mkdir()
    for k, x in enumerate(X):
        Image.fromarray((255 * x).astype(np.uint8)).save(folder / f"{k:05}.png")


def near_duplicates(n):
    """One process's job: look for near duplicates among n images of 20x20, report memory."""
    # White noise has no near duplicates: every image stays and is compared with all later ones.
    X = np.random.default_rng(0).random((n, 20, 20), dtype=np.float32)
    start = time.perf_counter()
    kept = remove_near_duplicates(X, threshold=0.95, return_indices=True)[1]
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"near duplicates of {n}: {took:.0f} s, {len(kept)} kept, {peak:.0f} MB resident")


def bench_memory():
    print("\nMemory (asked: below 2000 MB for near duplicates, below 600 MB to generate)")
    sys.stdout.flush()
    subprocess.run([sys.executable, __file__, "--near-duplicates", "200000"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        command = ["-m", "gahb_sk", "generate", "c-alpha", "--n", "100000", "--image-size", "80",
                   "--output", os.path.join(folder, "x.npy")]  # fmt: skip
        start = time.perf_counter()
        child = subprocess.Popen([sys.executable, *command], stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - start
        print(f"generate 100000 of 80x80: code {child.returncode}, {took:.0f} s, "
              f"{usage.ru_maxrss / 1024:.0f} MB resident")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=4000, help="images a run")
    parser.add_argument("--long", action="store_true", help="also the memory bounds")
    parser.add_argument("--near-duplicates", type=int, metavar="N", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.near_duplicates:
        near_duplicates(args.near_duplicates)
        return
    bench_generators(args.n)
    bench_growth(args.n)
    bench_stack(args.n)
    if args.long:
        bench_memory()


if __name__ == "__main__":
    main()
