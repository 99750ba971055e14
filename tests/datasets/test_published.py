"""CelebA, LSUN and Fashion-MNIST on files of their layout."""

import gzip
import struct
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from gahb_sk.datasets import load_celeba, load_fashion_mnist, load_lsun_bedrooms


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def test_celeba_keeps_the_published_window(tmp_path):
    pixels = np.full((218, 178, 3), 255, np.uint8)
    pixels[29:-29, 9:-9] = [30, 60, 120]
    write(tmp_path / "img_align_celeba" / "000001.png", pixels)
    faces = load_celeba(tmp_path)
    assert faces.shape == (1, 80, 80)
    assert_allclose(faces, 70 / 255, atol=1e-6)  # nothing of the frame is seen, nothing is lost
    pixels[29], pixels[-30], pixels[:, 9], pixels[:, -10] = 0, 0, 0, 0
    write(tmp_path / "img_align_celeba" / "000001.png", pixels)
    edge = load_celeba(tmp_path)[0]
    for line in (edge[0], edge[-1], edge[:, 0], edge[:, -1]):
        assert line.max() < 50 / 255


def test_celeba_resizes_by_bicubic_interpolation(tmp_path, rng):
    y, x = np.mgrid[:218, :178] / 200
    pixels = np.stack([x, y, (x + y) / 2], -1) * 255
    pixels = pixels.astype(np.uint8)
    write(tmp_path / "1.png", pixels)
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        archive.write(tmp_path / "1.png", "img/1.png")
    faces = load_celeba(tmp_path / "faces.zip", color=True)
    cropped = Image.fromarray(pixels[29:-29, 9:-9])
    expected = np.asarray(cropped.resize((80, 80), Image.Resampling.BICUBIC))
    assert_allclose(faces[0], np.moveaxis(expected, 2, 0) / 255.0, atol=1e-6)
    # on a slope, interpolation by half gives the mean of two neighbours
    middle = pixels[29:-29, 9:-9].reshape(80, 2, 80, 2, 3).mean((1, 3)) / 255
    inner = (slice(None), slice(4, -4), slice(4, -4))
    assert_allclose(faces[0][inner], np.moveaxis(middle, 2, 0)[inner], atol=1.6 / 255)


def test_celeba_skips_pictures_of_another_size(tmp_path):
    write(tmp_path / "a.png", np.zeros((218, 178, 3), np.uint8))
    write(tmp_path / "b.png", np.zeros((220, 178, 3), np.uint8))
    with pytest.warns(UserWarning, match="b.png: has 220x178 pixels"):
        faces, report = load_celeba(tmp_path, return_report=True)
    assert faces.shape == (1, 80, 80) and report.names == ["a.png"]
    with pytest.raises(ValueError, match=r"b.png has 220x178"):
        load_celeba(tmp_path, on_error="raise")


def test_bedrooms_of_an_exported_lmdb(tmp_path):
    pixels = np.full((256, 341, 3), 255, np.uint8)
    pixels[:, :256] = 51
    write(tmp_path / "a" / "b" / "one.webp", pixels)
    write(tmp_path / "a" / "c" / "two.png", pixels)
    rooms = load_lsun_bedrooms(tmp_path, color=True)
    assert rooms.shape == (2, 3, 80, 80)
    assert_allclose(rooms[1], 0.2, atol=1e-6)
    assert load_lsun_bedrooms(tmp_path, image_size=32, n_images=1).shape == (1, 32, 32)
    write(tmp_path / "a" / "small.png", pixels[:255])
    with pytest.warns(UserWarning, match="small.png: 255x341 pixels are smaller than the crop"):
        assert len(load_lsun_bedrooms(tmp_path)) == 2


def idx(values):
    head = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return head + values.tobytes()


@pytest.fixture
def fashion(tmp_path, rng):
    sets = {"train": 12, "t10k": 5}
    images = {s: rng.randint(0, 256, (n, 28, 28)).astype(np.uint8) for s, n in sets.items()}
    labels = {s: rng.randint(0, 10, n).astype(np.uint8) for s, n in sets.items()}
    for s in sets:
        (tmp_path / f"{s}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images[s])))
        (tmp_path / f"{s}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels[s])))
    return tmp_path, images, labels


def test_fashion_mnist(fashion):
    path, images, labels = fashion
    assert_allclose(load_fashion_mnist(path), images["train"] / 255.0, atol=1e-7)
    X, y = load_fashion_mnist(path, split="all", return_labels=True)
    assert X.dtype == np.float32 and X.shape == (17, 28, 28)
    assert_array_equal(y, np.concatenate([labels["train"], labels["t10k"]]))
    assert_allclose(X[12:], load_fashion_mnist(path, split="test"))


def test_fashion_mnist_unpacked(fashion):
    path, images, _ = fashion
    packed = path / "train-images-idx3-ubyte.gz"
    (path / "train-images-idx3-ubyte").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert_allclose(load_fashion_mnist(path), images["train"] / 255.0, atol=1e-7)


def test_fashion_mnist_says_how_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="dataset-fashion-mnist"):
        load_fashion_mnist(tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: gzip.compress(d)[:-30], "cannot be unpacked"),
        (lambda d: d, "cannot be unpacked"),
        (lambda d: gzip.compress(d[:-1]), "truncated"),
        (lambda d: gzip.compress(d + b"0"), "found more"),
        (lambda d: gzip.compress(d[:10]), "idx file"),
        (lambda d: gzip.compress(b"\0\0\x0d" + d[3:]), "idx file"),
        (lambda d: gzip.compress(d[:4] + b"\xff" * 4 + d[8:]), "announces"),
    ],
)
def test_fashion_mnist_damaged(fashion, damage, message):
    path, images, _ = fashion
    (path / "train-images-idx3-ubyte.gz").write_bytes(damage(idx(images["train"])))
    with pytest.raises(ValueError, match=f"train-images.*{message}"):
        load_fashion_mnist(path)


def test_fashion_mnist_of_debian():
    try:
        load_fashion_mnist(split="test")
    except FileNotFoundError:
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    X, y = load_fashion_mnist(split="all", return_labels=True)
    assert X.shape == (70_000, 28, 28) and set(y) == set(range(10))
