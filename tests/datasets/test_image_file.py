"""Image files: what is written back is what was read, but for the colours that changed."""

import io
import struct

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageCms, ImageOps

from gahb_sk.datasets import DamagedFile, load_photographs, read_image_file

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ORIENTATION = 274


def exif_bytes(orientation=6):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif.tobytes()


def opened(path):
    """A picture without an open file."""
    return Image.open(io.BytesIO(path.read_bytes()))


def random_pixels(channels, dtype, shape=(7, 11), seed=0):
    rng = np.random.default_rng(seed)
    shape = shape + ((channels,) if channels > 1 else ())
    if np.dtype(dtype).kind == "f":
        return rng.random(shape).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def write(path, pixels):
    """Write pixels with other software where there is one."""
    if path.suffix == ".npy":
        np.save(path, pixels)
    elif path.suffix == ".tif":
        photometric = "rgb" if pixels.ndim == 3 and pixels.shape[2] > 2 else "minisblack"
        alpha = {"extrasamples": ["unassalpha"]} if pixels.shape[2:] in ((2,), (4,)) else {}
        tifffile.imwrite(path, pixels, photometric=photometric, **alpha)
    elif pixels.dtype == np.uint16 and pixels.ndim == 3:
        from gahb_sk.datasets._png16 import png16

        path.write_bytes(b"".join(png16(pixels, {})))
    else:
        Image.fromarray(pixels).save(path, lossless=True, exact=True)
    return path


CASES = [
    *((".png", c, np.uint8) for c in (1, 2, 3, 4)),
    *((".png", c, np.uint16) for c in (1, 2, 3, 4)),
    *((".tif", c, dtype) for c in (1, 3, 4) for dtype in (np.uint8, np.uint16, np.float32)),
    *((".tif", c, dtype) for c in (1, 3) for dtype in (np.float16, np.float64)),
    *((".npy", c, dtype) for c in (1, 3, 4) for dtype in (np.uint8, np.uint16, np.float64)),
    *((".webp", c, np.uint8) for c in (3, 4)),
]


@pytest.mark.parametrize(("suffix", "channels", "dtype"), CASES)
def test_an_unchanged_image_is_written_bit_for_bit(tmp_path, suffix, channels, dtype):
    pixels = random_pixels(channels, dtype)
    file = read_image_file(write(tmp_path / f"a{suffix}", pixels))
    assert file.pixels.dtype == dtype
    assert_array_equal(file.pixels, pixels)
    image = file.image()
    assert image.shape == (1 if channels < 3 else 3, 7, 11)
    file.write(tmp_path / f"b{suffix}", image)
    again = read_image_file(tmp_path / f"b{suffix}")
    assert_array_equal(again.pixels, pixels)
    assert again.format == file.format


@pytest.mark.parametrize(("suffix", "channels", "dtype"), CASES)
def test_alpha_stays_while_colours_change(tmp_path, suffix, channels, dtype):
    pixels = random_pixels(channels, dtype)
    file = read_image_file(write(tmp_path / f"a{suffix}", pixels))
    half = np.full(file.image().shape, 0.5)
    file.write(tmp_path / f"b{suffix}", half)
    again = read_image_file(tmp_path / f"b{suffix}")
    assert_allclose(again.image(), half, atol=1 / 255)
    if channels in (2, 4):
        assert_array_equal(again.pixels[..., -1], pixels[..., -1])


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_orientation_and_profile_are_kept(tmp_path, suffix):
    source = Image.fromarray(random_pixels(3, np.uint8, (16, 24)))
    source.save(tmp_path / f"a{suffix}", icc_profile=PROFILE, exif=exif_bytes(), lossless=True)
    file = read_image_file(tmp_path / f"a{suffix}")
    file.write(tmp_path / f"b{suffix}", file.image())
    first, second = (opened(tmp_path / f"{name}{suffix}") for name in "ab")
    assert second.info["icc_profile"] == PROFILE
    shown = [np.asarray(ImageOps.exif_transpose(one), float) for one in (first, second)]
    assert shown[0].shape == (24, 16, 3)
    assert np.abs(shown[0] - shown[1]).mean() <= (15 if suffix == ".jpg" else 0)
    if suffix != ".tif":  # Pillow turns the pixels of these as it reads them
        assert second.getexif()[ORIENTATION] == 6


def test_orientation_and_profile_of_deep_colours_are_kept(tmp_path):
    from gahb_sk.datasets._png16 import png16

    pixels = random_pixels(3, np.uint16)
    settings = {"icc_profile": PROFILE, "exif": exif_bytes(), "dpi": (300, 300)}
    (tmp_path / "a.png").write_bytes(b"".join(png16(pixels, settings)))
    tifffile.imwrite(
        tmp_path / "a.tif", pixels, photometric="rgb", iccprofile=PROFILE,
        extratags=[(ORIENTATION, 3, 1, 6, True)],
    )  # fmt: skip
    for name in ("a.png", "a.tif"):
        file = read_image_file(tmp_path / name)
        file.write(tmp_path / f"b{name}", file.image())
        again = opened(tmp_path / f"b{name}")
        assert again.info["icc_profile"] == PROFILE
        assert again.getexif()[ORIENTATION] == 6
    assert_allclose(opened(tmp_path / "ba.png").info["dpi"], (300, 300), rtol=1e-3)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_keeps_its_quality(tmp_path, mode):
    source = Image.fromarray(random_pixels(3, np.uint8, (32, 48))).convert(mode)
    source.save(tmp_path / "a.jpg", quality=61, subsampling=0, progressive=True)
    file = read_image_file(tmp_path / "a.jpg")
    file.write(tmp_path / "b.jpg", file.image())
    first, second = (opened(tmp_path / f"{name}.jpg") for name in "ab")
    assert first.quantization == second.quantization
    assert second.info["progressive"] == 1
    assert first.mode == second.mode == mode
    assert_allclose(np.asarray(first, float), np.asarray(second, float), atol=20)


def test_a_palette_becomes_colours_and_a_transparent_colour_alpha(tmp_path):
    colours = Image.fromarray(random_pixels(3, np.uint8))
    colours.quantize(8).save(tmp_path / "p.png")
    file = read_image_file(tmp_path / "p.png")
    assert_array_equal(file.pixels, np.asarray(opened(tmp_path / "p.png").convert("RGB")))
    key = colours.getpixel((3, 2))
    colours.save(tmp_path / "t.png", transparency=key)
    file = read_image_file(tmp_path / "t.png")
    assert file.pixels.shape[2] == 4 and file.pixels[2, 3, 3] == 0
    file.write(tmp_path / "u.png", file.image())
    assert_array_equal(read_image_file(tmp_path / "u.png").pixels, file.pixels)


def test_a_compressed_tiff_stays_compressed(tmp_path):
    Image.fromarray(np.zeros((64, 64), np.uint16)).save(
        tmp_path / "a.tif", compression="tiff_lzw", description="a star"
    )
    file = read_image_file(tmp_path / "a.tif")
    file.write(tmp_path / "b.tif", file.image())
    again = opened(tmp_path / "b.tif")
    assert again.info["compression"] == "tiff_lzw"
    assert again.tag_v2[270] == "a star"


def truncated(name, pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, name)
    return buffer.getvalue()[: len(buffer.getvalue()) // 2]


def animated():
    frames = [Image.fromarray(random_pixels(3, np.uint8, seed=k)) for k in range(2)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def npy(pixels):
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    return buffer.getvalue()


def tiff(pixels):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels)
    return buffer.getvalue()


def jpeg(mode):
    buffer = io.BytesIO()
    Image.new(mode, (8, 8)).save(buffer, "JPEG")
    return buffer.getvalue()


NOISE = random_pixels(3, np.uint8, (40, 40))
BAD = {
    "text.png": (lambda: b"not a picture", "not a picture"),
    "empty.jpg": (lambda: b"", "not a picture"),
    "cut.png": (lambda: truncated("PNG", NOISE), "cannot be read"),
    "cut.jpg": (lambda: truncated("JPEG", NOISE), "cannot be read"),
    "two.webp": (animated, "2 images"),
    "stack.npy": (lambda: npy(np.zeros((5, 8, 8))), "one image"),
    "int.npy": (lambda: npy(np.zeros((8, 8), int)), "int64"),
    "nan.npy": (lambda: npy(np.full((8, 8), np.nan)), "NaN"),
    "empty.npy": (lambda: npy(np.zeros((0, 7))), "no pixels"),
    "signed.tif": (lambda: tiff(np.zeros((4, 7), np.int16)), "signed or 32-bit integers"),
    "objects.npy": (lambda: npy(np.array([[{}]], object)), "objects"),
    "cmyk.jpg": (lambda: jpeg("CMYK"), "CMYK"),
    "a.txt": (lambda: b"", "expected one of"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_kept_is_refused_with_the_reason(tmp_path, name):
    make, reason = BAD[name]
    (tmp_path / name).write_bytes(make())
    with pytest.raises(DamagedFile, match=reason):
        read_image_file(tmp_path / name)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(DamagedFile, match="No such file"):
        read_image_file(tmp_path / "a.png")


def test_a_failing_write_leaves_nothing(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((4, 4)))
    file = read_image_file(tmp_path / "a.npy")
    with pytest.raises(ValueError):
        file.write(tmp_path / "b.npy", np.zeros((1, 3, 3)))
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]


def test_too_many_pixels_are_refused_before_decoding(tmp_path):
    for suffix, channels, dtype in ((".png", 3, np.uint8), (".tif", 3, np.uint16)):
        path = write(tmp_path / f"a{suffix}", random_pixels(channels, dtype))
        with pytest.raises(DamagedFile, match="7x11 pixels"):
            read_image_file(path, max_pixels=76)


def tiff_of_12_bits(pixels):
    """A TIFF file of 12-bit values, two in three bytes, as cameras write it (even widths)."""
    first, second = pixels[:, ::2], pixels[:, 1::2]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=2)
    data = packed.astype(np.uint8).tobytes()
    height, width = pixels.shape
    tags = {256: width, 257: height, 258: 12, 259: 1, 262: 1, 273: 8, 277: 1, 278: height,
            279: len(data)}  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + directory


@pytest.mark.parametrize("packed", [True, False])
def test_values_of_12_bits_reach_from_0_to_1(tmp_path, packed):
    pixels = np.linspace(0, 4095, 8 * 10).astype(np.uint16).reshape(8, 10)
    path = tmp_path / "camera.tif"
    if packed:
        path.write_bytes(tiff_of_12_bits(pixels))
    else:
        tifffile.imwrite(path, pixels, extratags=[(281, 3, 1, 4095, True)])  # MaxSampleValue
    assert_allclose(read_image_file(path).image()[0], pixels / 4095, atol=1e-5)
    assert_allclose(load_photographs(tmp_path)[0], pixels / 4095, atol=1e-5)


def test_12_bits_in_16_that_nobody_mentions_are_asked_about(tmp_path):
    tifffile.imwrite(tmp_path / "camera.tif", np.full((8, 8), 4000, np.uint16))
    with pytest.warns(UserWarning, match="end at 4000: are they of 12 bits"):
        read_image_file(tmp_path / "camera.tif")
