"""Files of generated images: resumable, whole or absent."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gahb_sk.datasets import FreshImages, _generate_file as module, generate_file
from gahb_sk.image_classes import DiskImages, RayImages


@pytest.fixture
def stream(global_random_seed):
    return FreshImages(DiskImages((6, 7)), random_state=global_random_seed)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(module, "CHUNK_BYTES", 4 * 6 * 7 * 5)  # five images


def stop_after(n):
    def progress(done):
        if done >= n:
            raise KeyboardInterrupt

    return progress


def test_file_holds_the_images(stream, tmp_path):
    seen = []
    path = generate_file(stream, 23, tmp_path / "x.npy", n_workers=2, progress=seen.append)
    assert_array_equal(np.load(path), stream.take(0, 23))
    assert seen == [0, 5, 10, 15, 20, 23]
    assert [p.name for p in tmp_path.iterdir()] == ["x.npy"]


@pytest.mark.parametrize("torn", [0, 1, 100])
def test_an_interrupted_file_ends_as_one_that_was_not(stream, tmp_path, torn):
    whole = generate_file(stream, 23, tmp_path / "whole.npy")
    path = tmp_path / "x.npy"
    with pytest.raises(KeyboardInterrupt):
        generate_file(stream, 23, path, progress=stop_after(10))
    assert not path.exists()
    with open(f"{path}.partial", "ab") as file:  # a write that was cut off
        file.write(bytes(torn))
    seen = []
    generate_file(stream, 23, path, progress=seen.append)
    assert seen[0] == 10
    assert path.read_bytes() == whole.read_bytes()
    assert {p.name for p in tmp_path.iterdir()} == {"x.npy", "whole.npy"}


def test_a_rest_of_other_images_is_not_continued(stream, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        generate_file(stream, 23, tmp_path / "x.npy", progress=stop_after(10))
    other = FreshImages(DiskImages((6, 7), antialias="none"), random_state=1)
    with pytest.raises(FileExistsError, match="other settings"):
        generate_file(other, 23, tmp_path / "x.npy")
    with pytest.raises(FileExistsError, match="other settings"):
        generate_file(stream, 24, tmp_path / "x.npy")
    generate_file(other, 23, tmp_path / "x.npy", overwrite=True)
    assert_array_equal(np.load(tmp_path / "x.npy"), other.take(0, 23))


def test_arrays_among_the_parameters_are_told_apart(tmp_path, rng):
    one, two = rng.uniform(size=(2, 6, 7))
    streams = [FreshImages(RayImages(image=u), random_state=0) for u in (one, two, one)]
    described = [module.describe_stream(s, 3) for s in streams]
    assert described[0] == described[2] != described[1]


def test_an_older_file_is_kept(stream, tmp_path):
    path = generate_file(stream, 3, tmp_path / "x.npy")
    with pytest.raises(FileExistsError, match="exists already"):
        generate_file(stream, 5, path)
    assert len(np.load(path)) == 3
    generate_file(stream, 5, path, overwrite=True)
    assert len(np.load(path)) == 5


def test_a_rest_without_its_settings_is_begun_anew(stream, tmp_path):
    (tmp_path / "x.npy.partial").write_bytes(b"who knows")
    generate_file(stream, 4, tmp_path / "x.npy")
    assert_array_equal(np.load(tmp_path / "x.npy"), stream.take(0, 4))


def test_bad_arguments(stream, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="n_samples"):
        generate_file(stream, 0, tmp_path / "x.npy")
    with pytest.raises(ValueError, match="ending in .npy"):
        generate_file(stream, 2, tmp_path / "x.png")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    with pytest.raises(OSError, match="are needed"):
        generate_file(stream, 1000, tmp_path / "x.npy")
