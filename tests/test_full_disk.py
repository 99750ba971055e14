"""No space for a file: an OSError, the older file stays, and nothing is left beside it."""

import contextlib

import numpy as np
import pytest

from gahb_sk import NetworkDenoiser, WienerDenoiser
from gahb_sk.cli import main
from gahb_sk.datasets import FreshImages, generate_file, save_stack
from gahb_sk.experiments import Table, compare_denoisers
from gahb_sk.image_classes import DiskImages
from gahb_sk.networks import UNet
from tests.instances import smooth_images

resource = pytest.importorskip("resource")  # not on Windows
SIZE = 1000  # bytes of the largest file that fits


@contextlib.contextmanager
def full_disk():
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def network(seed=0, **changes):
    return NetworkDenoiser(UNet(2, 1), max_images=4, random_state=seed, **changes)


def sample(folder, seed):
    words = ["WienerDenoiser", "--like", "disks", "--image-size", "12", "--n", "4"]
    if main(["sample", *words, "--seed", str(seed), "--output", str(folder)]):
        raise OSError("the command said so")


# Each writes other values for another seed.
WRITERS = {
    "model": lambda folder, seed: network(seed).fit(smooth_images(4)).save(folder),
    "checkpoint": lambda folder, seed: network(checkpoint_dir=folder / str(seed)).fit(
        smooth_images(4)
    ),
    "stack": lambda folder, seed: save_stack(smooth_images(8) + seed, folder / "x.npy"),
    "table": lambda folder, seed: Table({"a": np.arange(500) + seed}).to_csv(folder / "x.csv"),
    "scores": lambda folder, seed: compare_denoisers(
        [WienerDenoiser()], smooth_images(8), [0.1], cv=2, random_state=seed, folder=folder
    ),
    "command": sample,
}


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", WRITERS)
def test_what_was_there_stays(name, tmp_path):
    WRITERS[name](tmp_path, 0)
    before = files(tmp_path)
    assert max(map(len, before.values())) > SIZE
    with full_disk(), pytest.raises(OSError):
        WRITERS[name](tmp_path, 1)
    assert files(tmp_path) == before
    WRITERS[name](tmp_path, 1)
    assert files(tmp_path) != before


def test_a_generated_file_goes_on_when_there_is_space(tmp_path):
    stream, path = FreshImages(DiskImages(16), 0), tmp_path / "x.npy"
    with full_disk(), pytest.raises(OSError):
        generate_file(stream, 20, path)
    assert not path.exists()
    whole = np.load(generate_file(stream, 20, tmp_path / "at once.npy"))
    assert np.array_equal(np.load(generate_file(stream, 20, path)), whole)
    assert not [file for file in files(tmp_path) if file.suffix != ".npy"]
