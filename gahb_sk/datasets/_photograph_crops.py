"""Endless crops of whole photographs at several scales, turned and mirrored."""

import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image

from gahb_sk._random import image_generators, seed_sequence
from gahb_sk.datasets._decode import all_bits
from gahb_sk.datasets._image_file import decode_photograph
from gahb_sk.datasets._pixels import channels_first, to_unit_floats

# A photograph is only made smaller, at least by this factor: shrinking removes compression noise.
_LEAST_SHRINKING = 1.25
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


class PhotographCrops:
    r"""A stream of square crops: crop k depends on the seed and on k alone.

    Each photograph is scaled (Lanczos) so that its shorter side has each of ``shorter_sides``
    pixels, and never made larger. A crop takes a photograph, a scale, a place, and one of the eight
    symmetries of the square, each with equal probability. Whole scenes in few pixels teach a
    denoiser more than the smooth surfaces that a small crop of a large photograph shows.

    Parameters
    ----------
    photographs : sequence of str, path-like or file objects
        Photographs with three channels or one, of 8 or 16 bits or floats in [0, 1]. A ``.npy`` file
        holds one image (H, W) or (H, W, C).
    crop_size : int, default=48
        Side of a crop in pixels.
    shorter_sides : sequence of int, default=(320, 480, 720)
        Shorter sides of the scaled photographs, in pixels. Those above 0.8 times the shorter side
        of a photograph are left out for it, except the smallest one. A photograph that is smaller
        than all stays as it is.
    color : bool, default=False
        Whether crops have three channels. Otherwise they are grey, with the luma weights of ITU-R
        BT.601 (0.299, 0.587, 0.114).
    random_state : int, RandomState or None, default=None
        Seed of the crops.

    Attributes
    ----------
    shape_of_image : tuple of int
        ``(crop_size, crop_size)``, or with three channels in front.
    dtype : numpy.dtype
        float32. Intensities are in [0, 1].
    fingerprint_ : str
        Digest of the scaled photographs and the settings.

    Raises
    ------
    ValueError
        If there is no photograph, or a crop does not fit into one.
    DamagedFile
        If a file cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from PIL import Image
    >>> from gahb_sk.datasets import PhotographCrops
    >>> import io
    >>> file = io.BytesIO()
    >>> Image.fromarray(np.arange(6000, dtype=np.uint8).reshape(60, 100)).save(file, "png")
    >>> crops = PhotographCrops([file], 16, shorter_sides=(24, 40), random_state=0)
    >>> crops.take(1_000_000, 1_000_003).shape
    (3, 16, 16)
    """

    dtype = np.dtype(np.float32)

    def __init__(
        self,
        photographs,
        crop_size=48,
        *,
        shorter_sides=(320, 480, 720),
        color=False,
        random_state=None,
    ):
        self.crop_size = crop_size
        self.shorter_sides = tuple(sorted(shorter_sides))
        self.color = color
        self._root = seed_sequence(random_state)
        self._scaled = [scaled_copies(file, self.shorter_sides, color) for file in photographs]
        if not self._scaled or crop_size > self.shorter_sides[0]:
            raise ValueError(
                "photographs, crop_size: expected at least one photograph, and crops no larger "
                f"than {self.shorter_sides[0]} pixels, got {len(self._scaled)} photograph(s) and "
                f"crop_size={crop_size!r}."
            )
        self._check_sizes()
        self.shape_of_image = (3,) * color + (crop_size, crop_size)
        self.fingerprint_ = self._digest()

    def __len__(self):
        """Return the number of photographs."""
        return len(self._scaled)

    def take(self, start, stop):
        """Return crops ``start, ..., stop - 1``, shape ``(stop - start, *shape_of_image)``."""
        crops = np.empty((stop - start, *self.shape_of_image), self.dtype)
        generators = image_generators(self._root, range(start, stop))
        for crop, generator in zip(crops, generators, strict=True):
            crop[...] = to_unit_floats(self._crop(generator))
        return crops

    def _check_sizes(self):
        for k, copies in enumerate(self._scaled):
            height, width = copies[0].shape[-2:]
            if min(height, width) < self.crop_size:
                raise ValueError(
                    f"photographs: expected sides of at least crop_size={self.crop_size} pixels, "
                    f"got {height}x{width} in number {k}. Leave it out, or take smaller crops."
                )

    def _crop(self, generator):
        """Draw one crop, of 8 bits or floats as the photograph, channels first."""
        copies = self._scaled[generator.integers(len(self._scaled))]
        image = copies[generator.integers(len(copies))]
        top, left = (generator.integers(side - self.crop_size + 1) for side in image.shape[-2:])
        cut = image[..., top : top + self.crop_size, left : left + self.crop_size]
        return symmetric_copy(cut, generator.integers(8))

    def _digest(self):
        settings = [self.crop_size, self.shorter_sides, self.color, [str(self._root.entropy)]]
        digest = hashlib.sha256(json.dumps(settings).encode())
        for copies in self._scaled:
            for image in copies:
                digest.update(np.ascontiguousarray(image).data)
        return digest.hexdigest()

    def __repr__(self):
        return f"PhotographCrops({len(self)} photographs, crop {self.shape_of_image})"


def scaled_copies(file, shorter_sides, color):
    """Return a photograph at several scales.

    Parameters
    ----------
    file : str, path-like, file object or PIL.Image.Image
    shorter_sides : sequence of int
        Ascending; see :class:`PhotographCrops`.
    color : bool

    Returns
    -------
    copies : list of ndarray of shape (H, W) or (3, H, W), uint8 or float32
        Floats in [0, 1] if the photograph has more than 8 bits.
    """
    planes = photograph_planes(file, color)
    shortest = min(planes[0].size)
    sides = [side for side in shorter_sides if side * _LEAST_SHRINKING <= shortest]
    return [scaled(planes, side) for side in sides or [min(shortest, shorter_sides[0])]]


def photograph_planes(file, color):
    """Return the channels of a photograph as Pillow scales them, of 8 bits or floats."""
    is_open = isinstance(file, Image.Image)
    photograph = all_bits(file) if is_open else decode_photograph(_bytes(file))
    if isinstance(photograph, Image.Image):
        return photograph.convert("RGB" if color else "L").split()
    if not color and photograph.ndim == 3 and photograph.shape[2] >= 3:
        photograph = photograph[..., :3] @ _LUMA
    pixels = channels_first(photograph, color)
    return [Image.fromarray(plane) for plane in (pixels if color else [pixels])]


def _bytes(file):
    if not hasattr(file, "read"):
        return Path(file).read_bytes()
    file.seek(0)
    return file.read()


def scaled(planes, side):
    """Return what :func:`photograph_planes` gave with ``side`` pixels as its shorter side."""
    factor = side / min(planes[0].size)
    size = [max(1, round(factor * length)) for length in planes[0].size]
    pixels = np.stack([np.asarray(one.resize(size, Image.Resampling.LANCZOS)) for one in planes])
    pixels = pixels if pixels.dtype == np.uint8 else pixels.clip(0, 1)  # the filter overshoots
    return pixels if len(planes) > 1 else pixels[0]


def symmetric_copy(image, k):
    """Return one of the eight copies of an image under the symmetries of the square.

    Parameters
    ----------
    image : ndarray of shape (..., H, W)
    k : int
        In 0, ..., 7: ``k % 4`` quarter turns, then mirrored if ``k >= 4``.
    """
    turned = np.rot90(image, k % 4, axes=(-2, -1))
    return turned[..., ::-1] if k >= 4 else turned
