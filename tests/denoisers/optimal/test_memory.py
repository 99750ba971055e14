"""Memory is asked for before the work begins, and transforms stay within a bound."""

import gc
import os
import re
import tracemalloc

import numpy as np
import pytest

from gahb_sk import WaveletShrinkage
from gahb_sk.denoisers import DiskPosteriorMean, OracleShrinkage, TangentProjection, WienerDenoiser
from gahb_sk.image_classes import DiskImages


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


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(10_000, 64, 64), (1, 2048, 2048)])
@pytest.mark.parametrize("denoiser", [WaveletShrinkage(), WienerDenoiser(), OracleShrinkage()])
def test_transforms_need_a_gigabyte_beyond_input_and_output(denoiser, shape):
    X = np.random.default_rng(0).random(shape, np.float32)
    denoiser.fit(X[:50])
    tracemalloc.start()
    out = denoiser.denoise(X, 0.1, clean=X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - out.nbytes < 2**30


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
