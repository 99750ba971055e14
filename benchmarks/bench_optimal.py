"""Speed of the optimal denoisers.

    python benchmarks/bench_optimal.py                  disks and bayes: about a minute
    python benchmarks/bench_optimal.py large            writes 2.6 GB to a temporary file

``disks``: 64 images of 40x40 at one noise level, with two threads; to reach: under 10 s. ``bayes``:
empirical Bayes of 100 noisy images of 40x40 against 10,000 training images, beside the plain loop
over images in NumPy, in the same process; to reach: 20 times its speed. ``large``: the same against
100,000 training images of 80x80 in a file, read in blocks: seconds and peak memory.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from gahb_sk import add_gaussian_noise
from gahb_sk.datasets import (
    ImageStack,
    make_c_alpha_images,
    make_disk_images,
    open_stack,
    save_stack,
)
from gahb_sk.denoisers import DiskPosteriorMean, EmpiricalBayesDenoiser
from gahb_sk.image_classes import CAlphaImages

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
    """Return the least time of some calls."""
    best = np.inf
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def disks():
    """Print the seconds that the posterior mean of disks takes at each noise level."""
    clean = make_disk_images(64, SIZE, random_state=1)
    denoiser = DiskPosteriorMean(n_jobs=2).fit(clean)
    print("64 disk images of 40x40, posterior mean (the first includes making the grids)")
    for sigma in SIGMAS:
        noisy = add_gaussian_noise(clean, sigma, 0)
        took = seconds(partial(denoiser.transform, noisy, sigma))
        error = np.square(denoiser.transform(noisy, sigma) - clean).sum((1, 2)).mean()
        print(
            f"  sigma {sigma:5.2f}  {took:6.2f} s   squared error / sigma^2 {error / sigma**2:.2f}"
        )


def bayes():
    """Print the seconds of empirical Bayes and of a loop, in both precisions."""
    for dtype in (np.float32, np.float64):
        training = make_disk_images(10_000, SIZE, random_state=0, dtype=dtype)
        clean = make_disk_images(100, SIZE, random_state=1, dtype=dtype)
        denoiser = EmpiricalBayesDenoiser().fit(training)
        print(f"100 images against 10,000 training images of 40x40, {dtype.__name__}")
        for sigma in (1.0, 0.3, 0.1, 0.01):
            noisy = add_gaussian_noise(clean, sigma, 0)
            ours = seconds(partial(denoiser.transform, noisy, sigma), 3)
            loop = 10 * seconds(partial(loop_empirical_bayes, noisy[:10], training, sigma), 2)
            ratio = f"{loop / ours:5.1f} x"
            print(f"  sigma {sigma:5.2f}  {ours:6.3f} s   loop {loop:6.2f} s   {ratio}")


def large():
    """Print seconds and peak memory against 100,000 training images in a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.npy"
        stack = ImageStack.from_class(CAlphaImages(80, alpha=2.0), 100_000, 0)
        save_stack(stack, path)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            pool.apply(denoise_large, (path,))


def denoise_large(path):
    """Fit and denoise in a fresh process, so that its peak memory is its own."""
    training = open_stack(path)
    before = peak_memory()
    denoiser = EmpiricalBayesDenoiser()
    took = seconds(partial(denoiser.fit, training))
    clean = make_c_alpha_images(100, 80, 2.0, random_state=1)
    print(f"100 images against 100,000 of 80x80 in a file: fit {took:.1f} s")
    for sigma in (1.0, 0.3, 0.03):
        noisy = add_gaussian_noise(clean, sigma, 0)
        took = seconds(partial(denoiser.transform, noisy, sigma))
        print(f"  sigma {sigma:5.2f}  {took:6.2f} s")
    print(f"  peak memory {peak_memory():.2f} GB, of which imports {before:.2f} GB")


def peak_memory():
    """Return the peak resident memory of this process in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


TABLES = {"disks": disks, "bayes": bayes, "large": large}


def main(argv=None):
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("tables", nargs="*", choices=[*TABLES, []], help="disks and bayes if none")
    for name in parser.parse_args(argv).tables or ("disks", "bayes"):
        TABLES[name]()


if __name__ == "__main__":
    main()
