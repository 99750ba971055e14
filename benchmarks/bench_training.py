"""Training of the networks: quality against time, and cost of a step and of inference.

    python benchmarks/bench_training.py quality --minutes 4 20 --output training.json
    python benchmarks/bench_training.py speed

``quality`` trains the 16-channel UNet on fresh C^alpha images (alpha 2, 40x40), with each recipe
for each number of minutes, and writes the mean PSNR over test images beside that of BM3D and of
the noisy images. Each run keeps checkpoints beside ``--output`` and its result in it: started
again, the program goes on where it was. ``speed`` times a training step of the library against
the plain definition of the same network, and ``transform`` against bare forward passes.

Run it alone on the machine: two processes on two cores halve each other's images.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from gahb_sk import UNetDenoiser, add_gaussian_noise
from gahb_sk._files import write_text
from gahb_sk._random import seed_sequence
from gahb_sk.datasets import FreshImages, make_c_alpha_images
from gahb_sk.denoisers import BM3DDenoiser
from gahb_sk.metrics import input_psnr, psnr
from gahb_sk.networks import RECIPES, Training, UNet
from gahb_sk.networks import _blocks as blocks
from gahb_sk.networks._inference import denoise

SIGMAS = (0.005, 0.01, 0.03, 0.1, 0.3)
IMAGE_SIZE = 40


def levels(denoise_at, clean):
    """Mean PSNR of ``denoise_at(noisy, sigma)`` at each noise level."""
    found = {}
    for sigma in SIGMAS:
        noisy = add_gaussian_noise(clean, sigma, random_state=7)
        found[str(sigma)] = float(psnr(clean, denoise_at(noisy, sigma)).mean())
    return found


def one_training(recipe, minutes, batch_size, folder, clean):
    stream = FreshImages(make_c_alpha_images, image_size=IMAGE_SIZE, alpha=2, random_state=0)
    denoiser = UNetDenoiser(
        recipe=recipe,
        batch_size=batch_size,
        max_images=None,
        time_budget=60 * minutes,
        checkpoint_dir=folder,
        random_state=0,
    ).fit(stream)
    values = levels(lambda noisy, sigma: denoiser.transform(noisy), clean)
    return {"images": denoiser.n_images_seen_, "psnr": values}


def quality(arguments):
    output = Path(arguments.output)
    results = json.loads(output.read_text()) if output.exists() else {}
    clean = make_c_alpha_images(
        arguments.test_images, image_size=IMAGE_SIZE, alpha=2, random_state=1
    )
    clean = clean.astype(np.float32)
    bm3d = BM3DDenoiser().fit(clean)
    jobs = {
        "noisy": lambda: {"psnr": {str(s): float(input_psnr(s)) for s in SIGMAS}},
        "BM3D": lambda: {"psnr": levels(lambda y, s: bm3d.transform(y, sigma=s), clean)},
    }
    for recipe in arguments.recipes:
        for minutes in arguments.minutes:
            for size in arguments.batch_sizes:
                name = f"{recipe}, {minutes:g} min, batch {size}"
                folder = output.with_suffix("") / name.replace(", ", "-").replace(" ", "")
                jobs[name] = lambda r=recipe, m=minutes, b=size, f=folder: one_training(
                    r, m, b, f, clean
                )
    for name, job in jobs.items():
        if name not in results:
            results[name] = job()
            write_text(output, json.dumps(results, indent=1))
        values = "  ".join(f"{value:6.2f}" for value in results[name]["psnr"].values())
        print(f"{name:30s} {values}  {results[name].get('images', '')}", flush=True)


def seconds(function, repeat):
    """Median seconds of a call, after two to warm up."""
    times = []
    for _ in range(repeat + 2):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return float(np.median(times[2:]))


def plain_step(batch_size):
    """A step of the network as it is written down: contiguous layout, plain norm."""
    network = UNet(16, 3, generator=torch.Generator().manual_seed(0))
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


def library_step(batch_size):
    network = UNet(16, 3, generator=torch.Generator().manual_seed(0))
    training = Training(network, RECIPES["fast"], (0.004, 1.0), seed_sequence(0), {"images": 10**9})
    network.train()
    clean = torch.rand(
        batch_size, 1, IMAGE_SIZE, IMAGE_SIZE, generator=torch.Generator().manual_seed(0)
    )

    def step():
        training.step(clean, *training.draw(training.images, training.steps, clean.shape))

    return step


def speed(arguments):
    for batch_size in arguments.batch_sizes:
        fast = seconds(library_step(batch_size), arguments.repeat)
        fused, blocks._is_fusable = blocks._is_fusable, lambda x: False
        plain = seconds(plain_step(batch_size), arguments.repeat)
        blocks._is_fusable = fused
        print(
            f"step, batch {batch_size}: {batch_size / fast:.0f} images/s, plain definition "
            f"{batch_size / plain:.0f}: {plain / fast:.2f} times as fast",
            flush=True,
        )
    clean = make_c_alpha_images(arguments.images, image_size=IMAGE_SIZE, random_state=1)
    clean = clean.astype(np.float32)
    denoiser = UNetDenoiser(max_images=64, random_state=0).fit(clean[:64])
    tensor = torch.from_numpy(clean)[:, None]

    @torch.no_grad()
    def bare():
        for part in tensor.split(128):
            denoise(denoiser.network_, part)

    ratio = seconds(lambda: denoiser.transform(clean), 5) / seconds(bare, 5)
    print(f"transform of {len(clean)} images: {ratio:.2f} times the bare forward passes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("quality")
    one.add_argument("--minutes", type=float, nargs="+", default=[4, 15, 20, 40])
    one.add_argument("--recipes", nargs="+", default=list(RECIPES))
    one.add_argument("--batch-sizes", type=int, nargs="+", default=[16])
    one.add_argument("--test-images", type=int, default=48)
    one.add_argument("--output", default="training.json")
    one.set_defaults(run=quality)
    two = commands.add_parser("speed")
    two.add_argument("--batch-sizes", type=int, nargs="+", default=[16, 32, 64])
    two.add_argument("--repeat", type=int, default=15)
    two.add_argument("--images", type=int, default=1000)
    two.set_defaults(run=speed)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
