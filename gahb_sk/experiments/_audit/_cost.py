"""What denoising costs: time and memory, and on which device."""

import time
from pathlib import Path

import numpy as np

from gahb_sk.experiments._audit._result import Section, Verdict
from gahb_sk.experiments._table import Table
from gahb_sk.networks._devices import resolve_device
from gahb_sk.training._machine import resolve_machine

_REPEATS = 3
_PEAK = Path("/proc/self/clear_refs")  # Linux resets the peak of a process's memory there


def cost(case):
    """Measure the median of three runs over the images of the audit."""
    _, noisy = case.pair(case.middle, case.n_images)
    clean = None if case.noisy else case.X[: case.n_images].astype(np.float64)
    seconds, peaks = [], []
    for _ in range(_REPEATS):
        before = _reset_peak()
        start = time.perf_counter()
        case.denoise(noisy, case.middle, clean)
        seconds.append(time.perf_counter() - start)
        peaks.append(_memory("VmHWM") - before)
    megapixels = len(noisy) * noisy.shape[-1] * noisy.shape[-2] / 1e6
    row = {
        "denoiser": case.name,
        "device": device_of(case.denoiser),
        "seconds_per_megapixel": float(np.median(seconds) / megapixels),
        "images_per_second": float(len(noisy) / np.median(seconds)),
        "peak_megabytes": float(np.max(peaks)),  # memory that was freed before is used again
        "n_images": len(noisy),
    }
    text = (
        f"{row['seconds_per_megapixel']:.3g} s per megapixel on {row['device']}, "
        f"{row['images_per_second']:.3g} images of this size per second"
    )
    notes = []
    if np.isfinite(row["peak_megabytes"]):
        text += f", with at least {max(1, row['peak_megabytes']):.0f} MB of memory at its peak"
    else:
        notes.append("Memory is left out: this system does not tell its peak.")
    return Section(
        verdicts=[Verdict("What does it cost?", "fact", f"{text}.")],
        tables={"cost": Table.from_rows([row])},
        notes=notes,
    )


def device_of(denoiser):
    """Return the name of the device on which a denoiser computes."""
    if hasattr(denoiser, "module_"):
        return str(next(iter(denoiser.module_.parameters())).device)
    if denoiser.kind == "learned" and hasattr(denoiser, "machine"):
        return str(resolve_device(resolve_machine(denoiser.machine).device))
    return "cpu"


def _reset_peak():
    """Forget the peak so far, and return the memory in use, in MB; NaN where that is unknown."""
    try:
        _PEAK.write_text("5")
    except OSError:
        return np.nan
    return _memory("VmRSS")


def _memory(name):
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return np.nan
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), np.nan)
