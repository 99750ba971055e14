"""From the bytes of one image file to one image, within a bound on its size."""

import io
import struct
import tokenize
import zlib

import numpy as np
from PIL import Image, UnidentifiedImageError

from gahb_sk.datasets._archive import DamagedFile
from gahb_sk.datasets._pixels import channels_first, full_range, to_unit_floats

MAX_PIXELS = 2**26  # of one image file: 67 million, and less than what Pillow warns of
FILTERS = ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")
DAMAGE = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError,
          OverflowError, MemoryError, NotImplementedError, RecursionError, tokenize.TokenError,
          struct.error, zlib.error, Image.DecompressionBombError)  # fmt: skip


def decode(data, name, *, color=False, prepare=None, max_pixels=MAX_PIXELS):
    """Decode an image file.

    Parameters
    ----------
    data : bytes
        A file in any format Pillow reads, or a ``.npy`` file of one image (H, W) or (H, W, C).
    name : str
        Its name; the extension tells ``.npy``.
    color : bool, default=False
        Three channels, or grey (the mean of red, green and blue).
    prepare : callable, default=None
        Crops and resizes a Pillow image (8 bits a channel, or grey floats) before it is converted.
    max_pixels : int
        Bound on the decoded size, checked before decoding.

    Returns
    -------
    image : ndarray of shape (H, W) or (3, H, W), float32 in [0, 1]

    Raises
    ------
    DamagedFile
        If it cannot be decoded, or is too large.
    """
    try:
        if name.lower().endswith(".npy"):
            return _decode_npy(data, color, prepare, max_pixels)
        return _decode_picture(data, color, prepare, max_pixels)
    except DamagedFile:
        raise
    except DAMAGE as error:
        raise DamagedFile(f"cannot be decoded: {error or type(error).__name__}") from error


def picture_size(data, name, max_pixels=MAX_PIXELS):
    """Return ``(height, width)`` from the header alone, or raise DamagedFile."""
    try:
        if name.lower().endswith(".npy"):
            return npy_header(io.BytesIO(data), max_pixels)[:2]
        width, height = open_picture(data, max_pixels).size
        return height, width
    except DamagedFile:
        raise
    except DAMAGE as error:
        raise DamagedFile(f"cannot be read: {error or type(error).__name__}") from error


def open_picture(data, max_pixels):
    try:
        picture = Image.open(io.BytesIO(data))
    except UnidentifiedImageError as error:  # its message holds an address in memory
        raise DamagedFile("is not a picture, or a damaged one") from error
    check_pixels(picture.size[1], picture.size[0], max_pixels)
    return picture


def check_pixels(height, width, max_pixels):
    if height * width > max_pixels:
        raise DamagedFile(f"{height}x{width} pixels are more than max_pixels={max_pixels}")


def _decode_picture(data, color, prepare, max_pixels):
    picture = open_picture(data, max_pixels)
    picture.load()
    pixels = all_bits(picture)
    if pixels is not picture:
        return _from_array(pixels, color, prepare)
    if picture.mode not in ("L", "RGB"):
        grey = picture.mode in ("1", "LA", "La")
        picture = picture.convert("L" if grey else "RGB")
    picture = picture if prepare is None else prepare(picture)
    return channels_first(to_unit_floats(np.asarray(picture)), color)


def all_bits(picture):
    """Return a picture of 16 bits or floats as floats in [0, 1], and any other as it is."""
    if not picture.mode.startswith("I") and picture.mode != "F":
        return picture
    pixels = np.asarray(picture)
    if pixels.dtype == np.int32:  # Pillow's mode I, as it opens some 16-bit files
        pixels = pixels.astype(np.uint16) if 0 <= pixels.min() <= pixels.max() < 2**16 else pixels
    return to_unit_floats(full_range(pixels, getattr(picture, "tag_v2", {})))


def _from_array(pixels, color, prepare):
    """Prepare floats channel by channel (Pillow resizes floats in one channel only)."""
    image = channels_first(pixels, color)
    if prepare is None:
        return image
    planes = [np.asarray(prepare(Image.fromarray(p))) for p in image.reshape(-1, *image.shape[-2:])]
    out = np.stack(planes).clip(0, 1)
    return out if color else out[0]


def npy_header(file, max_pixels):
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise DamagedFile(f"has .npy format version {version}; expected 1.0 or 2.0")
    major = version[0]
    shape, _, dtype = getattr(np.lib.format, f"read_array_header_{major}_0")(file)
    if len(shape) not in (2, 3) or (len(shape) == 3 and not 1 <= shape[2] <= 4):
        raise DamagedFile(f"has shape {shape}; expected one image (H, W) or (H, W, C), C <= 4")
    if 0 in shape:
        raise DamagedFile(f"has shape {shape}, no pixels")
    if dtype.hasobject:
        raise DamagedFile("holds Python objects")
    check_pixels(shape[0], shape[1], max_pixels)
    return shape


def _decode_npy(data, color, prepare, max_pixels):
    npy_header(io.BytesIO(data), max_pixels)
    pixels = np.load(io.BytesIO(data), allow_pickle=False)
    return _from_array(to_unit_floats(pixels), color, prepare)
