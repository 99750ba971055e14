"""Sampling: what it costs beside the bare forward passes, and what it draws.

    python benchmarks/bench_sampling.py speed
    python benchmarks/bench_sampling.py disks --samples 40
    python benchmarks/bench_sampling.py gaussian

``speed`` samples 64 images of 40x40 with the 16-channel UNet (its weights are random, so all chains
run the same number of steps) against the same number of forward passes, and together against one by
one. ``disks`` draws from the exact posterior mean of the class of disks and measures how far each
sample is from the nearest disk of the class. ``gaussian`` compares the variances of samples with
those of a Gaussian class, for both step rules.
"""

import argparse
import time

import numpy as np
import torch
from scipy.optimize import minimize

from gahb_sk import NetworkDenoiser, WienerDenoiser
from gahb_sk.datasets import make_c_alpha_images, make_disk_images
from gahb_sk.denoisers import DiskPosteriorMean
from gahb_sk.image_classes import disk_coverage
from gahb_sk.sampling import FlowSampler, ScoreSampler


def seconds(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def speed(arguments):
    X = make_c_alpha_images(64, image_size=40, random_state=0)
    network = NetworkDenoiser("unet", max_images=arguments.training, random_state=0).fit(X)
    steps = arguments.steps

    def sampler():
        return ScoreSampler(
            network, max_steps=steps, sigma_end=1e-6, on_divergence="nan", random_state=0
        )

    tensor = torch.from_numpy(X)[:, None]

    @torch.no_grad()
    def bare(batch):
        for _ in range(steps + 1):
            batch - network.network_(batch)

    few = 4
    timed = {
        "together": lambda: sampler().sample(64),
        "passes": lambda: bare(tensor),
        "alone": lambda: [sampler().sample(1, first=k) for k in range(few)],
    }
    # In turn, and the best of each, so that what else runs on the machine counts little.
    rounds = [[seconds(run)[0] for run in timed.values()] for _ in range(arguments.repeats)]
    together, passes, alone = np.min(rounds, axis=0)
    print(
        f"64 samples, {steps} steps, {torch.get_num_threads()} threads, best of "
        f"{arguments.repeats}: {together:.2f} s, bare passes {passes:.2f} s: "
        f"{together / passes:.3f} times"
    )
    print(f"one by one {alone / few:.3f} s a sample, together {together / 64:.3f} s: "
          f"{alone / few / (together / 64):.2f} times as fast")  # fmt: skip


def nearest_disk(image):
    """Root mean square distance to the nearest disk: the best of many, then a local search."""
    side = len(image)

    def residual(geometry):
        mask = disk_coverage(geometry[None], (side, side))[0]
        basis = np.stack([mask.ravel(), 1 - mask.ravel()], axis=1)
        fit = np.linalg.lstsq(basis, image.ravel(), rcond=None)[0]
        return np.sqrt(np.square(basis @ np.clip(fit, 0, 1) - image.ravel()).mean())

    rng = np.random.default_rng(0)
    radius = rng.uniform(3, (side - 3) / 2, 600)
    low, high = radius[:, None] - 0.5, side - 0.5 - radius[:, None]
    centre = rng.uniform(low, high, (600, 2))
    starts = np.column_stack([centre, radius])
    best = sorted(starts, key=residual)[:5]
    return min(minimize(residual, start, method="Nelder-Mead").fun for start in best)


def disks(arguments):
    side = arguments.image_size
    denoiser = DiskPosteriorMean().fit(make_disk_images(1, side, random_state=0))
    for name, sampler in {
        "score": ScoreSampler(denoiser, sigma_end=0.02, random_state=0),
        "flow": FlowSampler(denoiser, sigma_start=5.0, n_steps=25, random_state=0),
    }.items():
        spent, samples = seconds(lambda s=sampler: s.sample(arguments.samples).images)
        away = np.array([nearest_disk(image.astype(np.float64)) for image in samples])
        print(
            f"{name}: {np.mean(away <= 0.02):.1%} of {len(away)} samples within 0.02 of a disk, "
            f"median {np.median(away):.4f}, largest {away.max():.4f}; {spent:.0f} s",
            flush=True,
        )
    # fmt: skip


def gaussian(arguments):
    rng = np.random.RandomState(0)
    d, variances = 36, np.zeros(36)
    variances[:12] = np.geomspace(1.0, 0.01, 12)
    vectors = np.linalg.qr(rng.standard_normal((d, d)))[0]
    shifts = (vectors * np.sqrt(d * variances)).T
    denoiser = WienerDenoiser().fit(np.concatenate([shifts, -shifts]).reshape(-1, 6, 6))
    n = arguments.samples
    for label, sampler in {
        "growing steps, h0 .01": ScoreSampler(denoiser, sigma_start=4, sigma_end=0.02, mean=0.0,
                                              random_state=0),
        "steps of .1": ScoreSampler(denoiser, h0=0.1, growing_step=False, sigma_start=4,
                                    sigma_end=0.02, mean=0.0, random_state=0),
        "steps of .02": ScoreSampler(denoiser, h0=0.02, growing_step=False, sigma_start=4,
                                     sigma_end=0.02, mean=0.0, max_steps=9000, random_state=0),
        "flow, 50 steps": FlowSampler(denoiser, sigma_start=20, mean=0.0, random_state=0),
    }.items():  # fmt: skip
        modes = sampler.sample(n).images.reshape(n, -1) @ vectors[:, :12]
        ratio = modes.var(axis=0) / variances[:12]
        print(f"{label:22s} variance of samples / of the class: {ratio.mean():.3f} "
              f"({ratio.min():.3f} to {ratio.max():.3f})", flush=True)  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    for run in (speed, disks, gaussian):
        one = commands.add_parser(run.__name__)
        one.add_argument("--samples", type=int, default={"disks": 40}.get(run.__name__, 2000))
        one.add_argument("--image-size", type=int, default=24)
        one.add_argument("--steps", type=int, default=60)
        one.add_argument("--training", type=int, default=64)
        one.add_argument("--repeats", type=int, default=5)
        one.set_defaults(run=run)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
