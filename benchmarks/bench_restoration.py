"""Inverse samplers on a Gaussian class with its exact denoiser: error against denoisings.

    PYTHONPATH=/path/to/azula/and/deepinv python -m benchmarks.bench_restoration

Images are restored from 30 % of their pixels with noise, whose law given the measurement is known:
normal, with mean m and covariance C. Of each sampler two numbers are printed, the distance of the
mean of its samples from m, in units of sqrt(trace C), and the trace of their covariance over that
of C. All start from level 10, with the same denoiser. Libraries that are not installed are left
out.
"""

import argparse
import importlib.util

import numpy as np
import torch

from benchmarks.bench_samplers import END, SIDE, START, D, gaussian_class
from gahb_sk.denoisers import GaussianPosteriorMean
from gahb_sk.sampling import FlowSampler, Inpainting, ScoreSampler

CALLS = (25, 50, 100, 200)
NOISE = 0.1


class Problem:
    """A measured image of the Gaussian class, and the law of the images that it may be."""

    def __init__(self):
        self.image_class, vectors, variances = gaussian_class()
        self.vectors, self.variances = torch.from_numpy(vectors), torch.from_numpy(variances)
        covariance = (vectors * variances) @ vectors.T
        self.mask = np.random.RandomState(1).rand(SIDE, SIDE) < 0.3
        known = self.mask.ravel()
        truth = self.image_class.sample(1, 1)[0].ravel()
        self.measured = truth[known] + NOISE * np.random.RandomState(2).randn(known.sum())
        noisy = covariance[np.ix_(known, known)] + NOISE**2 * np.eye(known.sum())
        gain = covariance[:, known] @ np.linalg.inv(noisy)
        self.mean = 0.5 + gain @ (self.measured - 0.5)
        self.trace = np.trace(covariance - gain @ covariance[known])

    def denoise(self, x, sigma):
        """Return the posterior means of images ``(..., 36)``, differentiably."""
        weights = (self.variances / (self.variances + sigma**2)).to(x.dtype)
        vectors = self.vectors.to(x.dtype)
        return 0.5 + ((x - 0.5) @ vectors * weights) @ vectors.T

    def errors(self, samples):
        """Return the error of the mean, and the ratio of the traces."""
        samples = np.asarray(samples, np.float64).reshape(-1, D)
        away = np.linalg.norm(samples.mean(axis=0) - self.mean) / np.sqrt(self.trace)
        return away, samples.var(axis=0).sum() / self.trace


def ours(problem, calls, n):
    """Yield name and samples of our samplers with that many denoisings."""
    law, options = problem.image_class, {"sigma_start": START, "sigma_end": END}
    denoiser = GaussianPosteriorMean(law).fit(law.sample(2, 0))
    for name, sampler in (
        ("FlowSampler", FlowSampler(denoiser, n_steps=calls - 1, **options)),
        ("ScoreSampler, the paper's rule", ScoreSampler(denoiser, n_steps=calls - 1, **options)),
    ):
        given = problem.measured, Inpainting(problem.mask)
        sampler.set_params(random_state=0)
        try:
            yield name, sampler.inverse(*given, n_samples=n, measurement_sigma=NOISE).images
        except ValueError:  # too few steps for the rule
            yield name, np.full((n, D), np.nan)


def azula(problem, calls, n):
    """Yield name and samples of azula's guided denoisers with its deterministic sampler."""
    from azula.denoise import Denoiser, DiracPosterior
    from azula.guidance.diffpir import DiffPIRDenoiser
    from azula.guidance.mmps import MMPSDenoiser
    from azula.guidance.tmpd import TMPDenoiser
    from azula.linalg.covariance import IsotropicCovariance
    from azula.noise import VESchedule
    from azula.sample import DDIMSampler, HeunSampler

    class Ours(Denoiser):
        schedule = VESchedule(END, START)

        def forward(self, x_t, t, **kwargs):
            return DiracPosterior(mean=problem.denoise(x_t, self.schedule.sigma(t)))

    known = torch.from_numpy(problem.mask.ravel())
    y = torch.from_numpy(problem.measured).expand(n, -1)

    def measure(x):
        return x[:, known]

    noise = IsotropicCovariance(NOISE**2)
    guided = {
        f"MMPS, {k} iteration{'s' * (k > 1)}": MMPSDenoiser(Ours(), y, measure, noise, "cg", k)
        for k in (1, 5)
    }
    guided["DiffPIR"] = DiffPIRDenoiser(Ours(), y, measure, NOISE**2)
    guided["TMPD"] = TMPDenoiser(Ours(), y, measure, NOISE**2)
    for name, denoiser in guided.items():
        for cls, per_step in ((DDIMSampler, 1), (HeunSampler, 2)):
            start = 0.5 + START * torch.randn(n, D, dtype=torch.float64)
            sampler = cls(denoiser, steps=calls // per_step, silent=True)
            yield f"azula {name}, {cls.__name__}", sampler(start)


def deepinv(problem, calls, n):
    """Yield name and samples of deepinv's posterior diffusions, and of DDRM."""
    from deepinv import sampling
    from deepinv.physics import GaussianNoise, Inpainting as Mask

    class Ours(torch.nn.Module):
        def forward(self, x, sigma, *args, **kwargs):
            levels = torch.as_tensor(sigma).double().reshape(-1, 1)
            return problem.denoise(x.flatten(1).double(), levels).view(x.shape)

    denoiser, shape = Ours(), (n, 1, SIDE, SIDE)
    mask = torch.from_numpy(problem.mask).double()[None]
    physics = Mask(mask=mask, img_size=shape[1:], noise_model=GaussianNoise(NOISE))
    image = np.zeros(D)
    image[problem.mask.ravel()] = problem.measured
    y = torch.from_numpy(image).view(1, 1, SIDE, SIDE).expand(shape).clone()
    terms = {
        "moment matching": sampling.MomentMatchingDataFidelity(denoiser, cg_max_iter=20),
        "DPS": sampling.DPSDataFidelity(denoiser, guidance="annealed"),
        "PiGDM": sampling.PiGDMDataFidelity(denoiser, cg_max_iter=20),
    }
    for name, term in terms.items():
        for cls, alpha in ((sampling.DDIMSolver, 0.0), (sampling.EulerSolver, 1.0)):
            times = torch.linspace(1, 0, calls, dtype=torch.float64)
            solver = cls(timesteps=times, rng=torch.Generator())
            sde = sampling.VarianceExplodingDiffusion(denoiser, END, START, alpha=alpha)
            model = sampling.PosteriorDiffusion(term, denoiser, sde, solver, minus_one_one=False)
            start = 0.5 + START * torch.randn(shape, dtype=torch.float64)
            yield f"deepinv {name}, {cls.__name__}", model(y, physics, x_init=start).detach()
    levels = np.geomspace(START, END, calls)
    yield "deepinv DDRM", sampling.DDRM(denoiser, sigmas=levels)(y, physics)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=2000)
    n = parser.parse_args().samples
    torch.manual_seed(0)
    problem, table = Problem(), {}
    print("error of the mean / trace of the covariance over the true one; denoisings:", *CALLS)
    for calls in CALLS:
        rows = list(ours(problem, calls, n))
        for library in (azula, deepinv):
            if importlib.util.find_spec(library.__name__):
                rows += library(problem, calls, n)
        for name, samples in rows:
            error, ratio = problem.errors(samples)
            table.setdefault(name, []).append(f"{error:5.2f} / {ratio:4.2f}")
    for name, cells in table.items():
        print(f"{name:36s}", *cells, sep="  ", flush=True)


if __name__ == "__main__":
    main()
