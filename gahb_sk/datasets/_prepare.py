"""Crop and resize, in the order crop, resize: what loaders do to a Pillow picture."""

from numbers import Integral

from gahb_sk._validation import check_name
from gahb_sk.datasets._archive import DamagedFile
from gahb_sk.datasets._decode import FILTERS
from gahb_sk.image_classes._sampling import check_image_size


class Prepare:
    """Crop and resize pictures as :func:`load_image_folder` documents; can be pickled."""

    def __init__(self, crop=None, image_size=None, resample="bicubic"):
        self.crop = _check_crop(crop)
        self.image_size = None if image_size is None else check_image_size(image_size, 1)
        self.resample = check_name(resample, FILTERS, "resample filter")

    def box(self, height, width):
        """Return ``(left, top, right, bottom)`` of the crop, or raise DamagedFile."""
        if self.crop is None:
            return 0, 0, width, height
        if self.crop == "square":
            side = min(height, width)
            box = _middle(height, width, side, side)
        elif len(self.crop) == 2:
            box = _middle(height, width, *self.crop)
        else:
            top, bottom = _edges(self.crop[:2], height)
            left, right = _edges(self.crop[2:], width)
            box = (left, top, right, bottom)
        if not (0 <= box[0] < box[2] <= width and 0 <= box[1] < box[3] <= height):
            raise DamagedFile(f"{height}x{width} pixels are smaller than the crop {self.crop}")
        return box

    def size(self, height, width):
        """Return the size of the result for a picture of that size."""
        left, top, right, bottom = self.box(height, width)
        return self.image_size or (bottom - top, right - left)

    def __call__(self, picture):
        """Crop and resize a Pillow picture."""
        from PIL import Image

        width, height = picture.size
        box = self.box(height, width)
        if box != (0, 0, width, height):
            picture = picture.crop(box)
        if self.image_size is None or picture.size == self.image_size[::-1]:
            return picture
        return picture.resize(self.image_size[::-1], Image.Resampling[self.resample.upper()])


def _check_crop(crop):
    if crop is None or (isinstance(crop, str) and crop == "square"):
        return crop
    if isinstance(crop, Integral) and not isinstance(crop, bool):
        crop = (crop, crop)
    whole = isinstance(crop, tuple | list) and all(
        (v is None and len(crop) == 4) or (isinstance(v, Integral) and not isinstance(v, bool))
        for v in crop
    )
    if not whole or len(crop) not in (2, 4) or (len(crop) == 2 and min(crop) < 1):
        raise ValueError(
            "crop: expected None, 'square', an int, (height, width) or (top, bottom, left, right), "
            f"got {crop!r}."
        )
    return tuple(crop)


def _edges(pair, side):
    """Resolve None and negative numbers as slices do, without shortening what is too long."""
    start, stop = pair
    start = 0 if start is None else start + side * (start < 0)
    stop = side if stop is None else stop + side * (stop < 0)
    return start, stop


def _middle(height, width, rows, columns):
    top, left = (height - rows) // 2, (width - columns) // 2
    return (left, top, left + columns, top + rows)
