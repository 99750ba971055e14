"""How time grows with the number of images, with their pixels and with threads.

A row has the exponent p of ``time ~ quantity^p`` between the smallest and the largest quantity, by
least squares in logarithms: 1 is proportional, 0 free, and for threads -1 is ideal. Its standard
error is over rounds. Rounds run through all quantities in turn.
"""

import os
import time

import numpy as np
import torch

from benchmarks.peer_cases import SIGMA, noisy_stack
from gahb_sk import load_pretrained, psnr
from gahb_sk.datasets import make_c_alpha_images, make_disk_images
from gahb_sk.denoisers import (
    BandletShrinkage,
    DiskPosteriorMean,
    EmpiricalBayesDenoiser,
    WaveletShrinkage,
)
from gahb_sk.jacobians import leading_eigenpairs, linearize

QUANTITIES = {"images": (2, 4, 8, 16), "pixels": (32, 64, 128, 256), "threads": (1, 2)}


def denoising(make):
    """Return how a denoiser's call on n images of a side is made."""

    def prepare(n, side):
        noisy = noisy_stack(n, side)[1]
        denoiser = make()
        return lambda: denoiser.denoise(noisy, SIGMA)

    return prepare


def fitted(make, images):
    """Return the same for a denoiser that knows a class, fitted on images of it."""

    def prepare(n, side):
        clean = images(500 + n, side, random_state=1)
        denoiser = make().fit(clean[:500])
        return lambda: denoiser.denoise(clean[500:], SIGMA)

    return prepare


def eigenpairs(n, side):
    """Ten leading eigenpairs at each of n images."""
    network = load_pretrained("c-alpha-2")
    operators = [linearize(network, y, dtype="float32") for y in noisy_stack(n, side)[1]]
    return lambda: [leading_eigenpairs(operator, 10, method="lanczos") for operator in operators]


def scores(n, side):
    """PSNR of a stack."""
    clean, noisy = noisy_stack(n, side)
    return lambda: psnr(clean, noisy)


# The side at which images are counted, the number at which pixels are; None: all sides.
CASES = {
    "wavelets": (denoising(WaveletShrinkage), None),
    "bandlets": (denoising(BandletShrinkage), None),
    "network": (denoising(lambda: load_pretrained("c-alpha-2")), None),
    "empirical Bayes": (fitted(EmpiricalBayesDenoiser, make_disk_images), (32, 64, 128)),
    "posterior mean of disks": (fitted(DiskPosteriorMean, make_disk_images), (16, 24, 32, 48)),
    "C^2 images": (lambda n, side: lambda: make_c_alpha_images(n, side, random_state=0), None),
    "PSNR": (scores, None),
    "10 eigenpairs": (eigenpairs, (16, 32, 64)),
}


def calls_of(name, quantity):
    """Return a case's call at each value of the quantity, and the values."""
    prepare, sides = CASES[name]
    sides = sides or QUANTITIES["pixels"]
    if quantity == "pixels":
        return [prepare(2, side) for side in sides], np.square(sides)
    if quantity == "images":
        return [prepare(n, sides[1]) for n in QUANTITIES["images"]], QUANTITIES["images"]
    call = prepare(8, sides[1])
    return [threaded(call, n) for n in QUANTITIES["threads"]], QUANTITIES["threads"]


def threaded(call, n):
    """Return the call with so many threads."""
    from threadpoolctl import threadpool_limits

    def run():
        before = torch.get_num_threads()
        torch.set_num_threads(n)
        try:
            with threadpool_limits(n):
                call()
        finally:
            torch.set_num_threads(before)

    return run


def growth_rows(name, case, rounds, clock):
    """Measure the exponents of one case and return a row for each quantity."""
    rows = []
    for quantity in case:
        calls, values = calls_of(name, quantity)
        spent = np.array([[seconds_of(call, clock) for call in calls] for _ in range(rounds + 1)])
        exponents = [np.polyfit(np.log(values), np.log(one), 1)[0] for one in spent[1:]]
        middle = 1e3 * np.median(spent[1:], axis=0)
        rows.append({
            "case": name, "in": quantity, "from": int(values[0]), "to": int(values[-1]),
            "ms_from": middle[0], "ms_to": middle[-1], "exponent": np.mean(exponents),
            "exponent_se": np.std(exponents, ddof=1) / np.sqrt(rounds),
        })  # fmt: skip
    return rows


def seconds_of(call, clock=time.perf_counter):
    """Return the seconds of a call."""
    start = clock()
    call()
    return clock() - start


def quantities(clock):
    """Return what can be measured: threads need two cores and a clock on the wall."""
    several = clock == "wall" and len(os.sched_getaffinity(0)) > 1
    return [name for name in QUANTITIES if several or name != "threads"]
