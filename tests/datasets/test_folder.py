"""Image files of folders and zip archives, whole and damaged."""

import gc
import io
import pickle
import struct
import tarfile
import zipfile
import zlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from gahb_sk.datasets import ImageStack, load_image_folder, load_photographs


def encode(pixels, kind="png"):
    file = io.BytesIO()
    if kind == "npy":
        np.save(file, pixels)
    else:
        Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@pytest.fixture
def pixels(rng):
    return rng.randint(0, 256, (6, 12, 10, 3)).astype(np.uint8)


@pytest.fixture
def folder(pixels, tmp_path):
    path = tmp_path / "images"
    (path / "sub").mkdir(parents=True)
    for k, image in enumerate(pixels):
        (path / ("sub" if k >= 4 else "") / f"{k}.png").write_bytes(encode(image))
    (path / "notes.txt").write_text("no image")
    (path / ".hidden.png").write_bytes(b"nothing")
    return path


def zipped(folder, target):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return target


def tarred(folder, target):
    kind = target.suffix.removeprefix(".")
    with tarfile.open(target, "w:" + ("" if kind == "tar" else kind)) as archive:
        archive.add(folder, arcname=".")
    return target


def grey(pixels):
    return pixels.astype(np.float64).mean(-1) / 255


def test_grey_is_the_mean_of_the_channels(folder, pixels):
    images, report = load_image_folder(folder, return_report=True)
    assert images.dtype == np.float32 and images.shape == (6, 12, 10)
    assert_allclose(images, grey(pixels), atol=1e-6)
    assert report.names == ["0.png", "1.png", "2.png", "3.png", "sub/4.png", "sub/5.png"]
    assert report.skipped == []


def test_colour_comes_channels_first(folder, pixels):
    images = load_image_folder(folder, color=True)
    assert_allclose(images, np.moveaxis(pixels, -1, 1) / 255.0, atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"color": True}, {"recursive": False}, {"crop": 5}])
def test_zip_and_lazy_stack_give_the_same(folder, tmp_path, options):
    images = load_image_folder(folder, **options)
    archive = zipped(folder, tmp_path / "images.zip")
    assert_array_equal(load_image_folder(archive, **options), images)
    for path in (folder, archive):
        stack = ImageStack.from_folder(path, **options)
        assert stack.shape == images.shape and stack.dtype == images.dtype
        assert_array_equal(np.asarray(stack[::-1]), images[::-1])
        again = pickle.loads(pickle.dumps(stack))
        assert_array_equal(again[1], images[1])


def test_filter_and_bounds_on_what_is_read(folder):
    assert len(load_image_folder(folder, recursive=False)) == 4
    assert len(load_image_folder(folder, n_images=3)) == 3
    assert ImageStack.from_folder(folder, n_images=3).shape[0] == 3
    with pytest.raises(ValueError, match="expected images .*found none"):
        load_image_folder(folder, extensions=[".jpg"])
    with pytest.raises(ValueError, match="extensions"):
        load_image_folder(folder, extensions=[])


@pytest.mark.parametrize(
    ("crop", "rows", "columns"),
    [
        ("square", slice(1, 11), slice(None)),
        (6, slice(3, 9), slice(2, 8)),
        ((4, 8), slice(4, 8), slice(1, 9)),
        ((2, -3, 1, -1), slice(2, -3), slice(1, -1)),
        ((None, 5, -4, None), slice(None, 5), slice(-4, None)),
    ],
)
def test_crops_are_slices(folder, pixels, crop, rows, columns):
    assert_allclose(load_image_folder(folder, crop=crop), grey(pixels)[:, rows, columns], atol=1e-6)


def test_resizing_by_a_whole_factor_with_box_is_averaging(folder, pixels):
    images = load_image_folder(folder, image_size=(6, 5), resample="box")
    expected = grey(pixels).reshape(6, 6, 2, 5, 2).mean((2, 4))
    assert_allclose(images, expected, atol=1 / 255)  # Pillow rounds each channel to 8 bits


@pytest.mark.parametrize(
    "crop", [0, (0, 3), (1, 2, 3), "middle", (1.5, 2), True, (1, None), [3, "a"]]
)
def test_crops_that_are_none_raise(folder, crop):
    with pytest.raises(ValueError, match="crop"):
        load_image_folder(folder, crop=crop)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.array([[0, 255], [51, 102]], np.uint8), [[0, 1], [0.2, 0.4]]),
        (np.array([[0, 65535], [13107, 26214]], np.uint16), [[0, 1], [0.2, 0.4]]),
        (np.array([[True, False], [False, True]]), [[1, 0], [0, 1]]),
        (np.array([[[51, 255], [0, 0]]], np.uint8), [[0.2, 0]]),  # grey with alpha
        (np.array([[[255, 0, 0, 9], [51, 51, 51, 0]]], np.uint8), [[1 / 3, 0.2]]),
    ],
)
@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_pixel_kinds(pixels, expected, kind, tmp_path):
    (tmp_path / f"x.{kind}").write_bytes(encode(pixels, kind))
    assert_allclose(load_image_folder(tmp_path)[0], expected, atol=1e-6)
    color = load_image_folder(tmp_path, color=True)[0]
    assert color.shape == (3, *np.shape(expected))
    assert_allclose(color.mean(0), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_npy_images(dtype, tmp_path, rng):
    unit = rng.uniform(size=(5, 6, 3))
    top = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    np.save(tmp_path / "x.npy", (unit * top).astype(dtype))
    assert_allclose(load_image_folder(tmp_path)[0], unit.mean(2), atol=1 / 200)
    small = load_image_folder(tmp_path, image_size=3, color=True)
    assert small.shape == (1, 3, 3, 3) and 0 <= small.min() <= small.max() <= 1


def bomb():
    """A PNG of a few bytes whose header announces 20,000 x 20,000 pixels."""
    header = struct.pack(">IIBBBBB", 20000, 20000, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n"
    for name, body in chunks:
        crc = zlib.crc32(name + body)
        data += struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)
    return data


BAD = {
    "truncated.png": lambda good: good[: len(good) // 2],
    "noise.png": lambda good: b"this is no picture",
    "empty.png": lambda good: b"",
    "bomb.png": lambda good: bomb(),
    "truncated.jpg": lambda good: encode(np.zeros((64, 64, 3), np.uint8) + 9, "jpeg")[:-200],
    "pickle.npy": lambda good: encode(np.array([[{}]], object), "npy"),
    "stack.npy": lambda good: encode(np.zeros((2, 12, 10, 3)), "npy"),
    "range.npy": lambda good: encode(np.full((12, 10), 7.0), "npy"),
    "nan.npy": lambda good: encode(np.full((12, 10), np.nan), "npy"),
    "integers.npy": lambda good: encode(np.ones((12, 10), np.int64), "npy"),
    "cut.npy": lambda good: encode(np.ones((12, 10)), "npy")[:-8],
    "header.npy": lambda good: encode(np.ones((12, 10)), "npy").replace(b"(12, 10)", b"(12, 10 "),
    "tiny.png": lambda good: encode(np.zeros((3, 3), np.uint8)),  # smaller than the crop
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_skipped_counted_and_listed(name, folder, pixels, tmp_path):
    (folder / name).write_bytes(BAD[name](encode(pixels[0])))
    for path in (folder, zipped(folder, tmp_path / "x.zip")):
        with pytest.warns(UserWarning, match=f"1 of 7 images were skipped .*{name}"):
            images, report = load_image_folder(path, crop=8, return_report=True)
        assert len(images) == 6
        assert [skipped[0] for skipped in report.skipped] == [name]
        with pytest.raises(ValueError, match=name):
            load_image_folder(path, crop=8, on_error="raise")


@pytest.mark.parametrize("name", ["noise.png", "bomb.png", "tiny.png", "stack.npy", "header.npy"])
def test_a_lazy_stack_skips_what_its_header_shows(name, folder, pixels):
    (folder / name).write_bytes(BAD[name](encode(pixels[0])))
    with pytest.warns(UserWarning, match=f"1 of 7 images were skipped .*{name}"):
        stack = ImageStack.from_folder(folder, crop=8)
    assert len(stack) == 6
    with pytest.raises(ValueError, match=name):
        ImageStack.from_folder(folder, crop=8, on_error="raise")


def test_the_reason_for_what_is_no_picture_is_always_the_same(folder):
    (folder / "notes.png").write_text("no picture")
    (folder / "sub" / "empty.png").touch()
    with pytest.warns(UserWarning, match="skipped"):
        _, report = load_image_folder(folder, return_report=True)
    reason = "is not a picture, or a damaged one"
    assert report.skipped == [("notes.png", reason), ("sub/empty.png", reason)]


def test_a_lazy_stack_names_the_file_that_turns_out_damaged(folder, pixels):
    good = encode(pixels[0])
    (folder / "3.png").write_bytes(good[: len(good) // 2])
    stack = ImageStack.from_folder(folder)
    with pytest.raises(OSError, match="3.png"):
        np.asarray(stack)


def test_no_usable_image_raises_with_the_reason(tmp_path):
    (tmp_path / "x.png").write_bytes(b"no")
    with pytest.raises(ValueError, match="none of 1 images can be used .*x.png"):
        load_image_folder(tmp_path)


def test_empty_or_missing_folders(tmp_path):
    with pytest.raises(ValueError, match="found none"):
        load_image_folder(tmp_path)
    with pytest.raises(FileNotFoundError, match="found nothing"):
        load_image_folder(tmp_path / "nowhere")


def test_sizes_that_differ_are_named(folder, pixels):
    (folder / "7.png").write_bytes(encode(pixels[0][:5]))
    with pytest.raises(ValueError, match=r"7.png.* image_size="):
        load_image_folder(folder, recursive=False)
    with pytest.raises(ValueError, match=r"7.png"):
        ImageStack.from_folder(folder, recursive=False)
    photographs = load_photographs(folder, recursive=False)
    assert [p.shape for p in photographs] == [(12, 10)] * 4 + [(5, 10)]
    halved = load_photographs(folder, recursive=False, halve_photographs=True)
    assert halved[-1].shape == (2, 5)
    assert_allclose(halved[0], grey(pixels)[0].reshape(6, 2, 5, 2).mean((1, 3)), atol=1e-6)
    assert load_image_folder(folder, image_size=4).shape == (7, 4, 4)


@pytest.mark.parametrize("name", ["../evil.png", "/etc/evil.png", "a/../../evil.png", "..\\e.png"])
def test_archives_with_names_that_leave_them_are_refused(name, tmp_path, pixels):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("good.png", encode(pixels[0]))
        archive.writestr(name, encode(pixels[1]))
    with pytest.raises(ValueError, match="leaves the archive"):
        load_image_folder(tmp_path / "x.zip")


def test_a_zip_bomb_is_not_unpacked(tmp_path, pixels):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("good.png", encode(pixels[0]))
        with archive.open("bomb.png", "w") as bomb:
            for _ in range(257):
                bomb.write(bytes(2**20))
    with pytest.warns(UserWarning, match="bomb.png: more than 268435456 bytes unpacked"):
        assert len(load_image_folder(tmp_path / "x.zip")) == 1


def test_a_damaged_member_is_skipped_and_a_damaged_archive_refused(folder, tmp_path):
    archive = zipped(folder, tmp_path / "x.zip")
    data = bytearray(archive.read_bytes())
    place = data.find(b"2.png") + 60
    data[place : place + 20] = bytes(20)
    archive.write_bytes(data)
    with pytest.warns(UserWarning, match=r"2.png"):
        assert len(load_image_folder(archive)) == 5
    archive.write_bytes(data[:200])
    with pytest.raises(ValueError, match="expected a zip or tar archive"):
        load_image_folder(archive)


@pytest.mark.parametrize("kind", ["tar", "gz", "bz2", "xz"])
def test_tar_archives_give_what_their_folder_gives(kind, folder, tmp_path):
    archive = tarred(folder, tmp_path / f"images.{kind}")
    images, report = load_image_folder(archive, return_report=True)
    expected, of_folder = load_image_folder(folder, return_report=True)
    assert_array_equal(images, expected)
    assert report.names == of_folder.names
    assert len(load_image_folder(archive, recursive=False)) == 4
    stack = ImageStack.from_folder(archive)
    copy = pickle.loads(pickle.dumps(stack))
    del stack  # a copy needs nothing of it
    assert_array_equal(copy[[5, 0]], expected[[5, 0]])


def test_a_packed_tar_leaves_no_file(folder, tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    stack = ImageStack.from_folder(tarred(folder, tmp_path / "images.gz"))
    assert len(list(place.iterdir())) == 1
    del stack
    gc.collect()
    assert not list(place.iterdir())


def add(archive, name, data, **attributes):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for key, value in attributes.items():
        setattr(member, key, value)
    archive.addfile(member, io.BytesIO(data))


def test_links_in_a_tar_are_reported(tmp_path, pixels):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        add(archive, "good.png", encode(pixels[0]))
        add(archive, "link.png", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    with pytest.warns(UserWarning, match=r"link.png: a link; pack what it links to"):
        assert len(load_image_folder(tmp_path / "x.tar")) == 1


@pytest.mark.parametrize("kind", ["tar", "gz"])
def test_tars_with_names_that_leave_them_are_refused(kind, tmp_path, pixels):
    file = tmp_path / f"x.{kind}"
    with tarfile.open(file, "w:" + kind.replace("tar", "")) as archive:
        add(archive, "good.png", encode(pixels[0]))
        add(archive, "a/../../evil.png", encode(pixels[1]))
    with pytest.raises(ValueError, match="leaves the archive"):
        load_image_folder(file)


def test_a_cut_tar(folder, tmp_path, rng):
    (folder / "9.npy").write_bytes(encode(rng.rand(99, 99), "npy"))
    whole = tarred(folder, tmp_path / "x.gz").read_bytes()
    (tmp_path / "x.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="expected a whole tar archive, but"):
        load_image_folder(tmp_path / "x.gz")
    whole = tarred(folder, tmp_path / "x.tar").read_bytes()
    (tmp_path / "x.tar").write_bytes(whole[: whole.find(b"9.npy") + 20_000])
    with pytest.raises(ValueError, match="expected a whole tar archive, but"):
        load_image_folder(tmp_path / "x.tar")


def test_bound_on_the_decoded_size(folder):
    with pytest.raises(ValueError, match="12x10 pixels are more than max_pixels=100"):
        load_image_folder(folder, max_pixels=100, on_error="raise")
