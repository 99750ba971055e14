"""From decoded pixels to the library's images: floats in [0, 1], channels first."""

import warnings

import numpy as np

_BITS, _LARGEST = 258, 281  # TIFF tags: BitsPerSample, MaxSampleValue
_FEWER = tuple(2**bits - 1 for bits in range(9, 16))


def to_unit_floats(pixels, name="image"):
    """Convert pixels to float32 in [0, 1]: integers by their largest value, floats as they are."""
    if pixels.dtype == bool or np.issubdtype(pixels.dtype, np.unsignedinteger):
        top = 1 if pixels.dtype == bool else np.iinfo(pixels.dtype).max
        return pixels.astype(np.float32) / np.float32(top)
    if not np.issubdtype(pixels.dtype, np.floating):
        raise ValueError(
            f"{name}: expected unsigned integers or floats in [0, 1], got {pixels.dtype}."
        )
    if pixels.size and not (pixels.min() >= 0 and pixels.max() <= 1):
        raise ValueError(
            f"{name}: expected floats in [0, 1], got the range [{pixels.min():g}, "
            f"{pixels.max():g}]. Rescale them first."
        )
    return pixels.astype(np.float32)


def full_range(pixels, tags):
    """Spread values of 9 to 15 bits, as cameras have, over the 16 bits that hold them.

    Parameters
    ----------
    pixels : ndarray
        Left as they are if they are no 16-bit integers.
    tags : dict
        Those of a TIFF file, by number; they say how many bits count. Where they do not, nothing
        is guessed.

    Warns
    -----
    UserWarning
        If the values look like 12 bits or fewer and no tag says so.
    """
    if pixels.dtype != np.uint16 or not pixels.size:
        return pixels
    top = int(pixels.max())
    bits, largest = (int(np.max(tags.get(tag, 0))) for tag in (_BITS, _LARGEST))
    named = [value for value in (2**bits - 1, largest) if value in _FEWER and value >= top]
    if named:
        return np.rint(pixels * (65535 / named[0])).astype(np.uint16)
    if 255 < top <= 4095:
        warnings.warn(
            f"the 16-bit values of an image end at {top}: are they of 12 bits or fewer? They are "
            "read as parts of 65535. If that is wrong, write the file with all 16 bits in use, or "
            "with the TIFF tag MaxSampleValue.",
            stacklevel=2,
        )
    return pixels


def channels_first(pixels, color=False):
    """Turn ``(H, W[, C])`` floats into ``(H, W)`` (grey) or, if ``color``, ``(3, H, W)``.

    Grey is the mean of red, green and blue. Alpha (second of 2 or fourth of 4 channels) is dropped.
    """
    if pixels.ndim == 3:
        pixels = pixels[..., : 3 if pixels.shape[2] >= 3 else 1]
        pixels = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    if pixels.ndim == 2:
        return np.repeat(pixels[None], 3, axis=0) if color else pixels
    return np.ascontiguousarray(np.moveaxis(pixels, 2, 0)) if color else pixels.mean(2)


def halve(image):
    """Average 2x2 pixels of ``(..., H, W)``; an odd last row or column is left out."""
    height, width = (side // 2 * 2 for side in image.shape[-2:])
    image = image[..., :height, :width]
    rows = image[..., 0::2, :] + image[..., 1::2, :]
    return (rows[..., 0::2] + rows[..., 1::2]) * image.dtype.type(0.25)
