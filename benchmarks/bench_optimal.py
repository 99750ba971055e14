"""Speed of the optimal denoisers.

    python benchmarks/bench_optimal.py          about a minute

Disks: 64 images of 40x40 at one noise level, with two threads; to reach: under 10 s. Empirical
Bayes: 100 noisy images of 40x40 against 10,000 training images, beside the plain loop over
images in NumPy, in the same process; to reach: 20 times its speed.
"""

import time

import numpy as np

from gahb_sk import add_gaussian_noise
from gahb_sk.datasets import make_disk_images
from gahb_sk.denoisers import DiskPosteriorMean, EmpiricalBayesDenoiser

SIZE = 40
SIGMAS = (1.0, 0.5, 0.3, 0.1, 0.03, 0.01)


def loop_empirical_bayes(noisy, training, sigma):
    """The definition: one noisy image after the other."""
    out = np.empty_like(noisy)
    for k, image in enumerate(noisy):
        log_weight = -((training - image) ** 2).sum((1, 2)) / (2 * sigma**2)
        weight = np.exp(log_weight - log_weight.max())
        out[k] = np.tensordot(weight / weight.sum(), training, 1)
    return out


def seconds(work, repeat=1):
    best = np.inf
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def bench_disks():
    clean = make_disk_images(64, SIZE, random_state=1)
    denoiser = DiskPosteriorMean(n_jobs=2).fit(clean)
    print("64 disk images of 40x40, posterior mean (the first includes making the grids)")
    for sigma in SIGMAS:
        noisy = add_gaussian_noise(clean, sigma, 0)
        took = seconds(lambda noisy=noisy, sigma=sigma: denoiser.transform(noisy, sigma))
        error = np.square(denoiser.transform(noisy, sigma) - clean).sum((1, 2)).mean()
        print(
            f"  sigma {sigma:5.2f}  {took:6.2f} s   squared error / sigma^2 {error / sigma**2:.2f}"
        )


def bench_empirical_bayes():
    training = make_disk_images(10_000, SIZE, random_state=0)
    clean = make_disk_images(100, SIZE, random_state=1)
    denoiser = EmpiricalBayesDenoiser().fit(training)
    print("100 images against 10,000 training images of 40x40, empirical Bayes")
    for sigma in (0.3, 0.1, 0.01):
        noisy = add_gaussian_noise(clean, sigma, 0)
        ours = seconds(lambda noisy=noisy, sigma=sigma: denoiser.transform(noisy, sigma), 3)
        part = noisy[:10]
        loop = 10 * seconds(
            lambda part=part, sigma=sigma: loop_empirical_bayes(part, training, sigma)
        )
        print(f"  sigma {sigma:5.2f}  {ours:6.3f} s   loop {loop:6.2f} s   {loop / ours:5.1f} x")


if __name__ == "__main__":
    bench_disks()
    bench_empirical_bayes()
