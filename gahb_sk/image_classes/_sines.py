r"""Sine waves of one frequency, with random phase and amplitude: a cone of two dimensions.

With u = 2 pi (f_1 i / H + f_2 j / W) at pixel (i, j)::

    x = a (1 + sin(u + phi)) / 2,      0 <= a,  0 <= phi < 2 pi

The set is a cone (x times any positive number is in it again) over the circle of phases; it lies
in [0, 1] for a <= 1, and spans the three dimensions of 1, sin u and cos u.
"""

from dataclasses import KW_ONLY, dataclass

import numpy as np

from gahb_sk.image_classes._base import ImageClass
from gahb_sk.image_classes._sampling import check_range


@dataclass(frozen=True, eq=False, repr=False)
class SineImages(ImageClass):
    """Sine waves x = a (1 + sin(u + phi)) / 2 of random amplitude a and phase phi.

    Latents are amplitude and phase in radians, in [0, 2 pi). Images lie in [0, a].

    Parameters
    ----------
    image_size : int or tuple (height, width), default=64
        Sides in pixels.
    frequency : tuple (f_1, f_2), default=None
        Cycles per image along the rows' index and along the columns', at most half the side;
        whole numbers give waves that are periodic in the image. Not both 0. None is (2, 3), each
        at most half the side.
    amplitude_range : tuple (low, high), default=(0.0, 1.0)
        Range of the uniform amplitude a, at least 0.

    Examples
    --------
    >>> from gahb_sk.image_classes import SineImages
    >>> SineImages(16, frequency=(1, 2)).sample(3, random_state=0).shape
    (3, 16, 16)
    """

    image_size: int | tuple = 64
    _: KW_ONLY
    frequency: tuple | None = None
    amplitude_range: tuple = (0.0, 1.0)

    dimension = 2
    _estimator = "SinePosteriorMean"
    _n_draws = 2
    _smallest = 1

    def __post_init__(self):
        super().__post_init__()
        self._set(
            frequency=_check_frequency(self.frequency, self.image_size),
            amplitude_range=check_range(self.amplitude_range, "amplitude_range", low=0),
        )

    @property
    def basis(self):
        """The functions 1/2, sin(u)/2 and cos(u)/2, an ndarray of shape (H * W, 3).

        An image is ``basis @ (a, a cos(phi), a sin(phi))``.
        """
        sine, cosine = (wave.ravel() / 2 for wave in self._waves())
        return np.column_stack([np.full(sine.size, 0.5), sine, cosine])

    def _waves(self):
        """Return sin(u) and cos(u), each of shape (height, width)."""
        height, width = self.image_size
        i, j = np.ogrid[:height, :width]
        u = 2 * np.pi * (self.frequency[0] * i / height + self.frequency[1] * j / width)
        return np.sin(u), np.cos(u)

    def _latents(self, draws, dtype):
        low, high = self.amplitude_range
        return draws * (high - low, 2 * np.pi) + (low, 0)

    def _render(self, latents, dtype):
        amplitude, phase = np.asarray(latents).T.astype(dtype)[..., None, None]
        return amplitude * self._unit_waves(phase, dtype)

    def _unit_waves(self, phase, dtype):
        sine, cosine = (wave.astype(dtype) for wave in self._waves())
        wave = np.cos(phase) * sine
        wave += np.sin(phase) * cosine  # sin(u + phi)
        wave += 1
        wave *= 0.5
        return wave

    def _tangents(self, latents, dtype):
        amplitude, phase = latents.T.astype(dtype)[..., None, None]
        sine, cosine = (wave.astype(dtype) for wave in self._waves())
        by_phase = amplitude * (np.cos(phase) * cosine - np.sin(phase) * sine) / 2
        return np.stack([self._unit_waves(phase, dtype), by_phase], axis=1)


def _check_frequency(frequency, size):
    """Return the frequency as two floats that the image can hold, not both 0."""
    if frequency is None:
        return min(2.0, size[0] / 2), min(3.0, size[1] / 2)
    try:
        rows, columns = (float(f) for f in frequency)
    except (TypeError, ValueError):
        rows = columns = np.nan
    legal = abs(rows) <= size[0] / 2 and abs(columns) <= size[1] / 2 and (rows or columns)
    if not legal:
        raise ValueError(
            "frequency: expected (f_1, f_2) in cycles per image, each at most half the side "
            f"({size[0] / 2:g}, {size[1] / 2:g}) and not both 0, got {frequency!r}."
        )
    return rows, columns
