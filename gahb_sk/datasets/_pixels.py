"""From decoded pixels to the library's images: floats in [0, 1], channels first."""

import numpy as np


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
