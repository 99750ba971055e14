"""Samplers on a Gaussian class with its exact denoiser: error against number of denoisings.

    PYTHONPATH=/path/to/azula/and/deepinv python -m benchmarks.bench_samplers

Our samplers beside those of azula and deepinv, from level 10 to 0.01, with the same denoiser. The
law of the samples is known, so errors are exact up to the number of samples. Libraries that are not
installed are left out. ``bench_restoration`` does the same for restored images.
"""

import argparse
import importlib.util

import numpy as np
import torch

from gahb_sk.denoisers import GaussianPosteriorMean
from gahb_sk.image_classes import GaussianImages
from gahb_sk.sampling import FlowSampler, ScoreSampler

SIDE, D, START, END = 6, 36, 10.0, 0.01
CALLS = (25, 50, 100, 200)


def gaussian_class():
    """Return images with twelve modes of standard deviations 1 to 0.1."""
    vectors = np.linalg.qr(np.random.RandomState(0).standard_normal((D, D)))[0]
    variances = np.geomspace(1, 0.01, 12)
    covariance = (vectors[:, :12] * variances) @ vectors[:, :12].T
    return GaussianImages(np.full((SIDE, SIDE), 0.5), covariance), vectors[:, :12], variances


def ours(denoiser, calls, n):
    """Yield name and samples of our samplers with that many calls."""
    score = ScoreSampler(denoiser, n_steps=calls - 1, sigma_start=START, sigma_end=END,
                         random_state=0)  # fmt: skip
    constant = score.__class__(**{**score.get_params(deep=False), "growing_step": False})
    flow = FlowSampler(denoiser, n_steps=calls - 1, sigma_start=START, sigma_end=END,
                       random_state=0)  # fmt: skip
    for name, sampler in (
        ("FlowSampler", flow),
        ("ScoreSampler, the paper's rule", score),
        ("ScoreSampler, constant steps", constant),
    ):
        try:
            yield name, sampler.sample(n).images
        except ValueError:  # too few steps for the rule
            yield name, np.full((n, SIDE, SIDE), np.nan)


def azula(denoise, calls, n):
    """Yield name and samples of azula's samplers."""
    from azula.denoise import Denoiser, DiracPosterior
    from azula.noise import VESchedule
    from azula.sample import DDIMSampler, DDPMSampler, HeunSampler

    class Ours(Denoiser):
        schedule = VESchedule(END, START)

        def forward(self, x_t, t, **kwargs):
            return DiracPosterior(mean=denoise(x_t, self.schedule.sigma(t)))

    for cls, per_step in ((HeunSampler, 2), (DDIMSampler, 1), (DDPMSampler, 1)):
        sampler = cls(Ours(), steps=calls // per_step, silent=True)
        start = 0.5 + START * torch.randn(n, SIDE, SIDE, dtype=torch.float64)
        yield f"azula {cls.__name__}", sampler(start)


def deepinv(denoise, calls, n):
    """Yield name and samples of deepinv's solvers of the variance-exploding diffusion."""
    from deepinv.sampling import EulerSolver, HeunSolver, VarianceExplodingDiffusion

    class Ours(torch.nn.Module):
        def forward(self, x, sigma):
            return denoise(x.double(), sigma)

    for cls, per_step, alpha in (
        (HeunSolver, 2, 0.0),
        (EulerSolver, 1, 0.0),
        (EulerSolver, 1, 1.0),
    ):
        times = torch.linspace(1, 0, calls // per_step + 1, dtype=torch.float64)
        solver = cls(timesteps=times, rng=torch.Generator())
        sde = VarianceExplodingDiffusion(
            Ours(), END, START, alpha=alpha, solver=solver, minus_one_one=False
        )
        start = 0.5 + START * torch.randn(n, SIDE, SIDE, dtype=torch.float64)
        kind = "flow" if alpha == 0 else "SDE"
        yield f"deepinv {cls.__name__}, {kind}", solver.sample(sde, start).sample


def unconditional(n):
    """Print the errors of the variances along the twelve modes, in percent."""
    law, vectors, variances = gaussian_class()
    denoiser = GaussianPosteriorMean(law).fit(law.sample(2, 0))

    def denoise(x, sigma):
        return torch.from_numpy(denoiser.transform(x.numpy(), float(sigma)))

    torch.manual_seed(0)
    table = {}
    for calls in CALLS:
        rows = list(ours(denoiser, calls, n))
        for library in (azula, deepinv):
            if importlib.util.find_spec(library.__name__):
                rows += library(denoise, calls, n)
        for name, images in rows:
            modes = np.asarray(images, np.float64).reshape(n, D) @ vectors
            ratio = modes.var(axis=0) / variances
            table.setdefault(name, []).append(f"{100 * np.abs(ratio - 1).mean():6.1f}")
    print("mean error of 12 variances in %; chance alone "
          f"{100 * np.sqrt(2 / n) * np.sqrt(2 / np.pi):.1f}; calls", *CALLS)  # fmt: skip
    for name, errors in table.items():
        print(f"{name:34s}", *errors, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=4000)
    unconditional(parser.parse_args().samples)
