"""Memory is asked for before the work begins, and transforms stay within a bound."""

import gc
import os
import re
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest

from gahb_sk import WaveletShrinkage
from gahb_sk.denoisers import (
    DiskPosteriorMean,
    TangentProjection,
    WienerDenoiser,
    all_denoisers,
)
from gahb_sk.image_classes import DiskImages
from tests.instances import make_denoiser


def have(monkeypatch, n_bytes):
    """Let the machine have so much memory."""
    values = {"SC_PHYS_PAGES": n_bytes, "SC_PAGE_SIZE": 1}
    real = os.sysconf
    monkeypatch.setattr(os, "sysconf", lambda name: values.get(name) or real(name))


@pytest.mark.parametrize("cls", [DiskPosteriorMean, TangentProjection])
def test_what_does_not_fit_is_refused_at_once(cls, monkeypatch):
    X = np.zeros((1, 2048, 2048), np.float32)
    have(monkeypatch, 2**34)
    tracemalloc.start()
    with pytest.raises(MemoryError, match=r"2048x2048 pixels .* GiB of memory, .* has 16\."):
        cls().fit(X).denoise(X, 0.1, clean=X)
    assert tracemalloc.get_traced_memory()[1] < 2**29
    tracemalloc.stop()


def test_the_estimate_is_no_less_than_what_is_used(monkeypatch):
    law, small = (DiskImages(side, lattice="integer") for side in (96, 16))  # of one grid each
    X = law.sample(1, 0)
    DiskPosteriorMean(small).fit_transform(small.sample(1, 0))  # loads what the work needs
    with monkeypatch.context() as patched:
        have(patched, 1)
        with pytest.raises(MemoryError) as refused:
            DiskPosteriorMean(law).fit(X).transform(X, 0.5)
    estimate = 2**30 * float(re.search(r"about ([\d.]+) GiB", str(refused.value))[1])
    tracemalloc.start()
    DiskPosteriorMean(law).fit(X).transform(X, 0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert estimate / 3 < peak < estimate


MANY, LARGE = (10_000, 64), (1, 2048)
# Numbers and sides of images for those that take minutes otherwise.
SMALLER = {
    "BM3DDenoiser": ((100, 64), (1, 512)),
    "BandletShrinkage": ((1000, 64), (1, 1024)),
    "CAlphaPosteriorMean": ((2, 64), (1, 64)),
    "CovarianceWindowsDenoiser": ((20, 32), LARGE),
    "DiskPosteriorMean": ((2, 64), LARGE),
    "GaussianPosteriorMean": ((2000, 32), LARGE),
    "LocalEmpiricalBayesDenoiser": ((200, 64), LARGE),
    "NonLocalMeansDenoiser": ((2000, 64), (1, 1024)),
    "PretrainedDenoiser": ((1000, 64), LARGE),
    "SmoothedEmpiricalBayesDenoiser": ((2000, 64), LARGE),
    "TangentProjection": ((2, 64), LARGE),
    "TotalVariationDenoiser": ((2000, 64), (1, 1024)),
    "VarianceStabilized": ((2000, 64), LARGE),
}


def in_status(name):
    """A number of bytes that Linux knows of this process."""
    with open("/proc/self/status") as file:
        return 1024 * int(next(line for line in file if line.startswith(name)).split()[1])


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="only Linux counts it")
@pytest.mark.parametrize("kind", ["many", "large"])
@pytest.mark.parametrize("name", all_denoisers())
def test_transforms_need_a_gigabyte_beyond_input_and_output(name, kind, monkeypatch):
    """All of the process is counted, torch too. What needs more is refused before it begins."""
    have(monkeypatch, 2**33)
    n, side = SMALLER.get(name, (MANY, LARGE))[kind == "large"]
    X = np.random.default_rng(0).random((n, side, side), np.float32)
    denoiser = make_denoiser(name)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the highest memory counts from now on
    before = in_status("VmRSS")
    try:
        denoiser.fit(X[:50])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes, and of noise where disks are expected
            out = denoiser.denoise(X, 0.1, clean=X)
    except MemoryError as error:
        assert "GiB of memory, of which this machine has 8" in str(error)
        out = X
    assert in_status("VmHWM") - before - out.nbytes < 2**30


@pytest.mark.slow
def test_thousands_of_fits_and_transforms_leave_nothing_behind():
    X = np.random.default_rng(0).random((4, 8, 8))

    def rounds(n):
        for _ in range(n):
            WienerDenoiser().fit(X).transform(X, 0.1)
            WaveletShrinkage().fit(X).transform(X, 0.1)
        gc.collect()  # what waits for the collector is not left behind
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    before = rounds(50)
    left = rounds(2000) - before
    tracemalloc.stop()
    assert left < 1e5
