"""One image file with everything that writing it back needs: depth, alpha, orientation, profile."""

import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, JpegImagePlugin

from gahb_sk._files import atomic_path, save_array
from gahb_sk.datasets._archive import MAX_FILE_BYTES, DamagedFile
from gahb_sk.datasets._decode import (
    DAMAGE,
    MAX_PIXELS,
    all_bits,
    check_pixels,
    npy_header,
    open_picture,
)
from gahb_sk.datasets._pixels import full_range, to_unit_floats
from gahb_sk.datasets._png16 import png16, read_png16

IMAGE_FILE_EXTENSIONS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".npy")
_MODES = ("L", "LA", "RGB", "RGBA", "I;16", "F")
_TAGS = ("ImageDescription", "Make", "Model", "XResolution", "YResolution",
         "ResolutionUnit", "Software", "DateTime", "Artist", "Copyright", "XMLPacket",
         "ExifOffset", "GPSInfo")  # fmt: skip
_ROWS = 256  # converted at once


@dataclass(frozen=True)
class ImageFile:
    """An image as its file holds it.

    Attributes
    ----------
    pixels : ndarray of shape (H, W) or (H, W, C)
        Of the file's own dtype, alpha included.
    format : {"PNG", "PNG16", "JPEG", "TIFF", "TIFF16", "WEBP", "NPY"}
        How it is written; "PNG16" and "TIFF16" are those that Pillow would reduce to 8 bits.
    settings : dict
        What the writer needs: metadata, compression.
    """

    pixels: np.ndarray
    format: str
    settings: dict

    @property
    def n_colors(self):
        """1 for grey, 3 for colour; channels after these are alpha."""
        return 1 if self.pixels.ndim == 2 or self.pixels.shape[2] < 3 else 3

    @property
    def depth(self):
        """The dtype of the values, such as ``"uint16"``."""
        return self.pixels.dtype.name

    def image(self):
        """Return the colours as floats, without alpha.

        Returns
        -------
        image : ndarray of shape (n_colors, H, W)
            float32 in [0, 1] for integers; floats keep their values, and float64 its precision.
        """
        planes = np.moveaxis(np.atleast_3d(self.pixels)[..., : self.n_colors], 2, 0)
        if self.pixels.dtype.kind == "f":
            return planes.astype(np.result_type(planes, np.float32))
        image = planes.astype(np.float32)
        image /= np.float32(np.iinfo(self.pixels.dtype).max)
        return image

    def write(self, path, image):
        """Write other colours in the format of this file, whole or not at all.

        Parameters
        ----------
        path : str or path-like
            The file to write.
        image : ndarray of shape (n_colors, H, W)
            In the units of :meth:`image`. Integers are clipped and rounded; floats are neither.
        """
        changed = replace(self, pixels=self.pixels.copy())
        changed.put(image)
        changed.save(path)

    def put(self, image, rows=slice(None), columns=slice(None)):
        """Put other colours in the place of these, in memory.

        Parameters
        ----------
        image : ndarray of shape (n_colors, height, width)
            In the units of :meth:`image`. Integers are clipped and rounded; floats are neither.
        rows, columns : slice, default=slice(None)
            Where; all by default.
        """
        colours = np.atleast_3d(self.pixels)[rows, columns, : self.n_colors]  # a view
        for top in range(0, len(colours), _ROWS):
            part = np.moveaxis(image[:, top : top + _ROWS], 0, 2)
            colours[top : top + _ROWS] = _as_stored(part, colours.dtype)

    def save(self, path):
        """Write the file in its format, whole or not at all."""
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            _WRITERS[self.format](file, self.pixels, self.settings)


def read_image_file(path, max_pixels=MAX_PIXELS):
    """Read a png, jpg, tif, webp or npy file.

    An orientation stays in the metadata and is not applied to the pixels, except in those TIFF
    files that Pillow reads, which come upright. A palette becomes colours, and a transparent
    colour alpha, since neither survives a change of the colours. Values that fill fewer than 16
    bits, by the tags of a TIFF file, are spread over all 16.

    Parameters
    ----------
    path : str or path-like
        The file.
    max_pixels : int
        Bound on its size.

    Returns
    -------
    file : ImageFile

    Raises
    ------
    DamagedFile
        If it cannot be read, holds several images, or anything but grey and colour.
    """
    try:
        path = Path(path)
        if path.suffix.lower() not in IMAGE_FILE_EXTENSIONS:
            raise DamagedFile(f"expected one of {', '.join(IMAGE_FILE_EXTENSIONS)}")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise DamagedFile(f"more than {MAX_FILE_BYTES} bytes")
        read = _read_npy if path.suffix.lower() == ".npy" else _read_picture
        file = read(path.read_bytes(), max_pixels)
    except DamagedFile:
        raise
    except DAMAGE as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DamagedFile(f"cannot be read: {reason}") from error
    if file.pixels.dtype.kind == "f" and not np.isfinite(file.pixels).all():
        raise DamagedFile("holds NaN or infinity")
    return file


def decode_photograph(data):
    """Decode a photograph with all its bits.

    Parameters
    ----------
    data : bytes
        Of a file in any format Pillow reads, a TIFF file of up to 64 bits a colour, or a ``.npy``
        file.

    Returns
    -------
    photograph : PIL.Image.Image or ndarray of shape (H, W) or (H, W, C)
        8 bits as Pillow has them, more as float32 in [0, 1].

    Raises
    ------
    DamagedFile
        If it cannot be decoded, is too large, or holds floats outside [0, 1].
    """
    try:
        if data.startswith(np.lib.format.MAGIC_PREFIX):
            return to_unit_floats(_read_npy(data, MAX_PIXELS).pixels)
        if _is_deep_tiff(data, MAX_PIXELS):
            return to_unit_floats(_read_tiff16(data, MAX_PIXELS).pixels)
        picture = open_picture(data, MAX_PIXELS)
        picture.load()
        return to_unit_floats(read_png16(data)) if _is_deep_png(data) else all_bits(picture)
    except DamagedFile:
        raise
    except DAMAGE as error:
        raise DamagedFile(f"cannot be decoded: {error or type(error).__name__}") from error


def _as_stored(values, dtype):
    if dtype.kind == "f":
        return values
    top = np.iinfo(dtype).max
    return np.rint(np.clip(values, 0, 1) * top)


def _read_npy(data, max_pixels):
    npy_header(io.BytesIO(data), max_pixels)
    pixels = np.load(io.BytesIO(data), allow_pickle=False)
    if pixels.dtype not in (np.uint8, np.uint16, np.float16, np.float32, np.float64):
        raise DamagedFile(f"holds {pixels.dtype}; expected uint8, uint16 or floats")
    return ImageFile(pixels, "NPY", {})


def _read_picture(data, max_pixels):
    if _is_deep_tiff(data, max_pixels):
        return _read_tiff16(data, max_pixels)
    picture = open_picture(data, max_pixels)
    format_ = "JPEG" if picture.format == "MPO" else picture.format  # a phone's; the first is it
    if format_ not in _SETTINGS:
        raise DamagedFile(f"is {format_}; expected PNG, JPEG, TIFF or WEBP")
    if format_ == picture.format and getattr(picture, "n_frames", 1) > 1:
        raise DamagedFile(f"holds {picture.n_frames} images; expected one")
    settings = _SETTINGS[format_](picture, data)
    if _is_deep_png(data):
        return ImageFile(read_png16(data), "PNG16", settings)
    if picture.mode in ("1", "P", "PA") or picture.has_transparency_data:
        grey = picture.mode in ("1", "L", "LA", "I;16")
        alpha = "A" if picture.has_transparency_data else ""
        picture = picture.convert(("L" if grey else "RGB") + alpha)
    if picture.mode == "I":
        raise DamagedFile("holds signed or 32-bit integers; expected uint8, uint16 or floats")
    if picture.mode not in _MODES:
        raise DamagedFile(f"has colours {picture.mode}; expected grey or RGB")
    pixels = full_range(np.array(picture), getattr(picture, "tag_v2", {}))
    return ImageFile(pixels, format_, settings)


def _common(picture):
    names = ("icc_profile", "exif", "dpi")
    return {name: picture.info[name] for name in names if picture.info.get(name)}


def _jpeg(picture, data):
    settings = _common(picture)
    if picture.mode not in ("L", "RGB"):  # said by the caller
        return settings
    settings["qtables"] = picture.quantization
    settings["progressive"] = bool(picture.info.get("progressive"))
    sampling = JpegImagePlugin.get_sampling(picture)
    return settings | ({"subsampling": sampling} if sampling >= 0 else {})


def _webp(picture, data):
    return _common(picture) | {"lossless": b"VP8L" in data, "quality": 95, "exact": True}


def _tiff(picture, data):
    exif = picture.getexif()
    codes = [ExifTags.Base[name].value for name in _TAGS if name in ExifTags.Base.__members__]
    tags = {code: exif.get_ifd(code) or exif[code] for code in codes if code in exif}
    settings = {"tiffinfo": tags}
    if picture.info.get("icc_profile"):
        settings["icc_profile"] = picture.info["icc_profile"]
    compression = picture.info.get("compression", "raw")
    lossless = ("tiff_lzw", "tiff_adobe_deflate", "packbits")
    return settings | ({"compression": compression} if compression in lossless else {})


_SETTINGS = {"PNG": lambda picture, data: _common(picture), "JPEG": _jpeg, "WEBP": _webp,
             "TIFF": _tiff}  # fmt: skip


def _is_deep_tiff(data, max_pixels):
    """Whether a TIFF file has colours of more than 8 bits, or floats, that Pillow can't open."""
    if data[:4] not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return False
    try:
        picture = open_picture(data, max_pixels)
    except DamagedFile:
        return True
    bits = picture.tag_v2.get(258, (1,))
    return len(bits) > 1 and max(bits) > 8


def _is_deep_png(data):
    """Whether a PNG file has 16 bits and several channels, of which Pillow keeps 8 bits each."""
    return data.startswith(b"\x89PNG") and data[24] == 16 and data[25] != 0


def _read_tiff16(data, max_pixels):
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        check_pixels(page.imagelength, page.imagewidth, max_pixels)
        if len(file.pages) > 1:
            raise DamagedFile(f"holds {len(file.pages)} images; expected one")
        pixels = page.asarray()
        pixels = np.moveaxis(pixels, 0, 2) if page.planarconfig == 2 else pixels
        tags = {code: page.tags[code] for code in (274, 34675) if code in page.tags}
        pixels = full_range(pixels, {tag.code: tag.value for tag in page.tags})
    if pixels.dtype.kind not in "uf":
        raise DamagedFile(f"holds {pixels.dtype}; expected unsigned integers or floats")
    if pixels.ndim not in (2, 3) or pixels.shape[2:] > (4,):
        raise DamagedFile(f"has shape {pixels.shape}; expected (H, W) or (H, W, C), C <= 4")
    photometric = "rgb" if pixels.shape[2:] in ((3,), (4,)) else "minisblack"
    settings = {"photometric": photometric, "metadata": None}
    if 34675 in tags:
        settings["iccprofile"] = tags[34675].value
    if 274 in tags:
        settings["extratags"] = [(274, 3, 1, int(tags[274].value), True)]
    return ImageFile(pixels, "TIFF16", settings)


def _write_tiff16(file, pixels, settings):
    import tifffile

    alpha = {"extrasamples": ["unassalpha"]} if pixels.shape[2:] in ((2,), (4,)) else {}
    tifffile.imwrite(file, pixels, **settings, **alpha)


def _write_with_pillow(format_):
    return lambda file, pixels, settings: Image.fromarray(pixels).save(file, format_, **settings)


_WRITERS = {
    "NPY": lambda file, pixels, settings: save_array(file, pixels),
    "PNG16": lambda file, pixels, settings: file.writelines(png16(pixels, settings)),
    "TIFF16": _write_tiff16,
    **{name: _write_with_pillow(name) for name in ("PNG", "JPEG", "TIFF", "WEBP")},
}
