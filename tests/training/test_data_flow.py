"""Training from a stack larger than memory."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = """
import resource, sys
from gahb_sk import NetworkDenoiser
from gahb_sk.datasets import open_stack
denoiser = NetworkDenoiser(max_images=320, random_state=0).fit(open_stack(sys.argv[1]))
print(denoiser.n_images_seen_, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="sparse files, and memory in units of 1 kB")
def test_a_hundred_thousand_images_in_bounded_memory(tmp_path):
    """2.6 GB of images (a file with a hole, read as zeros), less than 700 MB resident."""
    path = tmp_path / "images.npy"
    header = {"descr": "<f4", "fortran_order": False, "shape": (100_000, 80, 80)}
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 4 * 100_000 * 80 * 80)
    result = subprocess.run(
        # Through a shell: a process counts the memory of the one that started it as its own.
        ["sh", "-c", '"$0" -c "$1" "$2"; exit $?', sys.executable, SCRIPT, str(path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    images, megabytes = map(float, result.stdout.split())
    assert images == 320 and megabytes < 700
