"""Training of the networks: quality against time, cost of a step and of inference, data flow.

    python benchmarks/bench_training.py rates --output rates.json
    python benchmarks/bench_training.py quality --output training.json --rates rates.json
    python benchmarks/bench_training.py speed
    python benchmarks/bench_training.py data

``quality`` trains networks on fresh C^alpha images (alpha 2, 40x40) and writes the mean PSNR over
test images beside that of BM3D and of the noisy images. A run is named RECIPE:NETWORK:MINUTES with
an optional :BATCH, for example ``fast:efficient:4`` or ``paper:unet:20``. Each keeps checkpoints
beside ``--output`` and its result in it: started again, the program goes on where it was. The
minutes are those of the clock, or, with ``--rates``, so many images as the machine handles in that
time when it is idle, as ``rates`` measured: then other programs do not falsify the comparison.
``speed`` times a training step of the library against the plain definition of the same network,
and ``transform`` against bare forward passes. ``data`` trains on 100,000 images of 80x80 from a
file and on fresh ones, and prints the resident memory and the time spent waiting for images.

Run ``rates`` and ``speed`` alone on the machine: two processes on two cores halve each other's
images.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from gahb_sk import NetworkDenoiser, add_gaussian_noise
from gahb_sk._files import write_text
from gahb_sk._random import seed_sequence
from gahb_sk.datasets import FreshImages, make_c_alpha_images, open_stack
from gahb_sk.denoisers import BM3DDenoiser
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.metrics import input_psnr, psnr
from gahb_sk.networks import UNet, _blocks as blocks, denoise
from gahb_sk.training import RECIPES, Machine, Trainer

SIGMAS = (0.005, 0.01, 0.03, 0.1, 0.3)
IMAGE_SIZE = 40
NETWORKS = {"unet": "unet", "efficient": "residual_unet"}
# What the claims compare: the paper's recipe on its network, and ours on two.
RUNS = (
    "paper:unet:20",
    "fast:unet:4",
    "fast:efficient:4",
    "fast:efficient:15",
    "fast:efficient:40",
    "fast:unet:40",
)


def levels(denoise_at, clean):
    """Mean PSNR of ``denoise_at(noisy, sigma)`` at each noise level."""
    found = {}
    for sigma in SIGMAS:
        noisy = add_gaussian_noise(clean, sigma, random_state=7)
        found[str(sigma)] = float(psnr(clean, denoise_at(noisy, sigma)).mean())
    return found


def parse(name):
    """Return recipe, network, minutes and batch size of a run's name."""
    recipe, network, minutes, *batch = name.split(":")
    return recipe, network, float(minutes), int(batch[0]) if batch else RECIPES[recipe].batch_size


def make(name, **parameters):
    recipe, network, _, batch_size = parse(name)
    recipe = {"base": recipe, "batch_size": batch_size}
    return NetworkDenoiser(NETWORKS[network], recipe=recipe, random_state=0, **parameters)


def fresh():
    return FreshImages(CAlphaImages(IMAGE_SIZE, alpha=2), random_state=0)


def train_once(name, rates, folder, clean):
    recipe, network, minutes, batch_size = parse(name)
    budget = {"max_images": None, "time_budget": 60 * minutes}
    if rates:
        images = round(60 * minutes * rates[f"{recipe}:{network}:{batch_size}"])
        budget = {"max_images": images, "time_budget": None}
    start = time.process_time()
    denoiser = make(name, checkpoint_dir=folder, **budget).fit(fresh())
    return {
        "images": denoiser.n_images_seen_,
        "seconds": denoiser.history_[-1]["seconds"],
        "cpu_seconds": time.process_time() - start,
        "psnr": levels(lambda noisy, sigma: denoiser.transform(noisy), clean),
    }


def quality(arguments):
    output = Path(arguments.output)
    results = json.loads(output.read_text()) if output.exists() else {}
    rates = json.loads(Path(arguments.rates).read_text()) if arguments.rates else None
    clean = make_c_alpha_images(
        arguments.test_images, image_size=IMAGE_SIZE, alpha=2, random_state=1
    )
    clean = clean.astype(np.float32)
    bm3d = BM3DDenoiser().fit(clean)
    jobs = {
        "noisy": lambda: {"psnr": {str(s): float(input_psnr(s)) for s in SIGMAS}},
        "BM3D": lambda: {"psnr": levels(lambda y, s: bm3d.transform(y, sigma=s), clean)},
    }
    for name in arguments.runs:
        folder = output.with_suffix("") / name.replace(":", "-")
        jobs[name] = lambda n=name, f=folder: train_once(n, rates, f, clean)
    for name, job in jobs.items():
        if name not in results:
            results[name] = job()
            write_text(output, json.dumps(results, indent=1))
        row = results[name]
        values = "  ".join(f"{value:6.2f}" for value in row["psnr"].values())
        middle = np.mean([row["psnr"][str(sigma)] for sigma in (0.03, 0.1, 0.3)])
        print(
            f"{name:22s} {values}  mean .03-.3 {middle:6.2f}  {row.get('images', '')}", flush=True
        )


def measure_rates(arguments):
    """Images a second of each run's network, recipe and batch, in a short training each."""
    rates = {}
    for name in arguments.runs:
        recipe, network, _, batch_size = parse(name)
        key = f"{recipe}:{network}:{batch_size}"
        if key in rates:
            continue
        denoiser = make(name, max_images=None, time_budget=arguments.seconds).fit(fresh())
        rates[key] = denoiser.n_images_seen_ / denoiser.history_[-1]["seconds"]
        write_text(arguments.output, json.dumps(rates, indent=1))
        print(f"{key:24s} {rates[key]:.0f} images/s", flush=True)


def seconds(function, repeat):
    """Median seconds of a call, after two to warm up."""
    times = []
    for _ in range(repeat + 2):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return float(np.median(times[2:]))


def paired(first, second, repeat):
    """Ratio of the median seconds of two calls, taken by turns on the same machine."""
    times = np.empty((repeat + 2, 2))
    for row in times:
        for column, function in enumerate((first, second)):
            start = time.perf_counter()
            function()
            row[column] = time.perf_counter() - start
    return float(np.divide(*np.median(times[2:], axis=0)))


def plain_step(batch_size):
    """A step of the network as it is written down: contiguous layout, plain norm."""
    network = UNet(16, 3).build(generator=torch.Generator().manual_seed(0))
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    rng = torch.Generator().manual_seed(0)
    clean = torch.rand(batch_size, 1, IMAGE_SIZE, IMAGE_SIZE, generator=rng)

    def step():
        noise = torch.randn(clean.shape, generator=rng)
        noise = noise * torch.rand(batch_size, 1, 1, 1, generator=rng) ** 2
        loss = (network(clean + noise) - noise).square().sum() / batch_size
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def library_step(batch_size, compiled=False, network=None):
    network = network or UNet(16, 3).build(generator=torch.Generator().manual_seed(0))
    machine = Machine(compile=compiled)
    trainer = Trainer(
        network, RECIPES["fast"], (0.004, 1.0), seed_sequence(0), {"images": 10**9}, machine=machine
    )
    network.train()
    rng = torch.Generator().manual_seed(0)
    clean = torch.rand(batch_size, 1, IMAGE_SIZE, IMAGE_SIZE, generator=rng)
    batch = trainer.draw(0, 0, clean.shape)  # as from the worker thread
    return lambda: trainer.step(clean, *batch)


def speed(arguments):
    for batch_size in arguments.batch_sizes:
        fast = seconds(library_step(batch_size), arguments.repeat)
        compiled = seconds(library_step(batch_size, compiled=True), arguments.repeat)
        fused, blocks._is_fusable = blocks._is_fusable, lambda x: False
        plain = seconds(plain_step(batch_size), arguments.repeat)
        blocks._is_fusable = fused
        print(
            f"step, batch {batch_size}: {batch_size / fast:.0f} images/s, plain definition "
            f"{batch_size / plain:.0f}: {plain / fast:.2f} times as fast, compiled "
            f"{plain / compiled:.2f} times",
            flush=True,
        )
    clean = make_c_alpha_images(arguments.images, image_size=IMAGE_SIZE, random_state=1)
    clean = clean.astype(np.float32)
    denoiser = NetworkDenoiser("unet", max_images=64, random_state=0).fit(clean[:64])
    tensor = torch.from_numpy(clean)[:, None]

    @torch.no_grad()
    def bare():
        for part in tensor.split(128):
            denoise(denoiser.network_, part)

    ratio = paired(lambda: denoiser.transform(clean), bare, 10)
    print(f"transform of {len(clean)} images: {ratio:.2f} times the bare forward passes")


def data(arguments):
    """Train in a process of its own on each source: memory is that of the process's life."""
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "images.npy"
        few = make_c_alpha_images(1000, image_size=80, random_state=0).astype(np.float32)
        header = {"descr": "<f4", "fortran_order": False, "shape": (100_000, 80, 80)}
        with open(path, "wb") as file:  # not mapped: the pages would count as memory of the child
            np.lib.format.write_array_header_1_0(file, header)
            for _ in range(100):
                file.write(few.tobytes())
        for source in (str(path), "fresh"):
            for network in NETWORKS:
                command = [sys.executable, __file__, "feed", source, network]
                subprocess.run([*command, str(arguments.images)], check=True)


def feed(arguments):
    lazy = arguments.source != "fresh"
    X = open_stack(arguments.source) if lazy else fresh()
    settings = {"max_images": arguments.images, "random_state": 0}
    record = NetworkDenoiser(NETWORKS[arguments.network], **settings).fit(X).history_[-1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = "100,000 images of 80x80 in a file" if lazy else "fresh 40x40"
    print(
        f"{arguments.network}, {what}: {peak:.0f} MB resident, "
        f"{100 * record['waited'] / record['seconds']:.1f} % of the time spent waiting for images",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("quality")
    one.add_argument("--runs", nargs="+", default=RUNS, metavar="RECIPE:NETWORK:MINUTES[:BATCH]")
    one.add_argument("--rates", help="what 'rates' wrote: budgets in images instead of seconds")
    one.add_argument("--test-images", type=int, default=48)
    one.add_argument("--output", default="training.json")
    one.set_defaults(run=quality)
    two = commands.add_parser("rates")
    two.add_argument("--runs", nargs="+", default=RUNS, metavar="RECIPE:NETWORK:MINUTES[:BATCH]")
    two.add_argument("--seconds", type=float, default=20)
    two.add_argument("--output", default="rates.json")
    two.set_defaults(run=measure_rates)
    three = commands.add_parser("speed")
    three.add_argument("--batch-sizes", type=int, nargs="+", default=[16, 32, 64])
    three.add_argument("--repeat", type=int, default=15)
    three.add_argument("--images", type=int, default=1000)
    three.set_defaults(run=speed)
    four = commands.add_parser("data")
    four.add_argument("--images", type=int, default=4000)
    four.add_argument("--folder", default=None, help="where 2.6 GB fit for a while")
    four.set_defaults(run=data)
    five = commands.add_parser("feed")
    five.add_argument("source")
    five.add_argument("network", choices=NETWORKS)
    five.add_argument("images", type=int)
    five.set_defaults(run=feed)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
