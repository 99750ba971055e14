"""What a case costs beside the least it can cost: its floor in seconds, and the memory of both.

The floor is the larger of two times: the counted arithmetic at the rate of the machine's best
product of matrices, and the counted bytes at the rate of copying. Both rates are measured in turn
with the case, on the same core, so that what else runs on the machine hits all three.
"""

import ctypes
import gc
import time
from pathlib import Path

import numpy as np

_SIDE, _COPIED = 1024, 2**26  # of the matrices; bytes


def rates(dtype, clock=time.perf_counter):
    """Return additions and multiplications per second, and bytes per second, in one thread."""
    matrix = np.ones((_SIDE, _SIDE), dtype)
    source = np.ones(_COPIED, np.uint8)
    target = np.ones_like(source)
    product = seconds_of(lambda: matrix @ matrix, clock)
    copy = seconds_of(lambda: np.copyto(target, source), clock)
    return 2 * _SIDE**3 / product, 2 * _COPIED / copy


def seconds_of(call, clock):
    """Return the seconds of a call."""
    start = clock()
    call()
    return clock() - start


def floor_seconds(case, flops_rate, bytes_rate):
    """Return the least seconds of a call, and what sets them."""
    arithmetic, memory = case.flops / flops_rate, case.bytes / bytes_rate
    return (arithmetic, "arithmetic") if arithmetic >= memory else (memory, "memory")


def cost_rows(name, case, rounds, clock):
    """Measure floor and memory of one case and return its row."""
    case.ours()
    found = np.array([
        (seconds_of(case.ours, clock), *rates(case.dtype, clock)) for _ in range(rounds)
    ])  # fmt: skip
    own, flops_rate, bytes_rate = np.median(found, axis=0)
    floor, bound = floor_seconds(case, flops_rate, bytes_rate)
    known = floor > 0
    return [{
        "case": name, "unit": case.unit, "ms": 1e3 * own / case.n,
        "floor_ms": 1e3 * floor / case.n if known else np.nan,
        "reached": floor / own if known else np.nan,
        "by": bound if known else "", "counted": case.counted,
        "GFLOP/s": flops_rate / 1e9, "GB/s": bytes_rate / 1e9,
        "MB": peak_megabytes(case.ours), "peer_MB": peak_megabytes(case.peer),
    }]  # fmt: skip


def peak_megabytes(call):
    """Return the most memory a call holds at once beyond what is held before it; Linux only."""
    control = Path("/proc/self/clear_refs")
    if not control.exists():
        return np.nan
    call()  # what a first call sets up stays
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    control.write_text("5")  # the peak starts anew
    before = resident("VmRSS")
    call()
    return (resident("VmHWM") - before) / 1024


def resident(field):
    """Return a field of the process's status in kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])
