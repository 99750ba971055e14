"""PNG files of 16-bit colours and alpha, of which Pillow keeps the high bytes only."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

_GREY_ALPHA, _RGBA = 4, 6  # the format's colour types
_ROWS = 64  # compressed at once


def read_png16(data):
    """Return the pixels ``(H, W, C)`` of a PNG of 16 bits with two to four channels.

    Pillow undoes the compression and the filters, and is asked for the high bytes, then for the
    low ones. Grey with alpha has the bytes of 8-bit RGBA and is read as that.
    """
    if data[25] == _GREY_ALPHA:
        header = data[12:24] + bytes([8, _RGBA]) + data[26:29]
        data = data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]
        pairs = np.array(Image.open(io.BytesIO(data)))
        return pairs.reshape(*pairs.shape[:2], 2, 2).view(">u2")[..., 0].astype(np.uint16)
    high, low = (Image.open(io.BytesIO(data)) for _ in range(2))
    low.tile = [tile._replace(args=tile.args.removesuffix("B") + "L") for tile in low.tile]
    pixels = np.array(high).astype(np.uint16) << 8
    return np.bitwise_or(pixels, np.asarray(low), out=pixels)


def png16(pixels, settings):
    """Yield the bytes of a PNG file.

    Parameters
    ----------
    pixels : ndarray of shape (H, W, C), uint16
        Two to four channels.
    settings : dict
        ``icc_profile`` and ``exif`` as bytes, ``dpi`` as two numbers; each may be missing.
    """
    height, width, channels = pixels.shape
    kind = {2: _GREY_ALPHA, 3: 2, 4: _RGBA}[channels]
    yield b"\x89PNG\r\n\x1a\n"
    yield _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    if "icc_profile" in settings:
        yield _chunk(b"iCCP", b"ICC\0\0" + zlib.compress(settings["icc_profile"]))
    if "dpi" in settings:
        per_metre = [round(float(value) / 0.0254) for value in settings["dpi"]]
        yield _chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1))
    if "exif" in settings:
        yield _chunk(b"eXIf", settings["exif"].removeprefix(b"Exif\0\0"))
    packer = zlib.compressobj()
    for top in range(0, height, _ROWS):
        yield _chunk(b"IDAT", packer.compress(_filtered(pixels[top : top + _ROWS])))
    yield _chunk(b"IDAT", packer.flush())
    yield _chunk(b"IEND", b"")


def _filtered(rows):
    """Each row with filter 1: every byte less the one a pixel to its left."""
    values = rows.astype(">u2").reshape(len(rows), -1).view(np.uint8)
    out = np.ones((len(rows), 1 + values.shape[1]), np.uint8)
    out[:, 1:] = values
    step = 2 * rows.shape[2]
    out[:, 1 + step :] -= values[:, :-step]
    return out.tobytes()


def _chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
