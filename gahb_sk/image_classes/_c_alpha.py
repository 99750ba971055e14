r"""Piecewise regular images with a regular contour: the class :math:`C^\alpha`.

An image of height H and width W is two backgrounds g_1, g_2 on the two sides of a contour h::

    x = m g_1 + (1 - m) g_2

With w and v white noise, uniform in [-1, 1], and frequencies k in integers (k = 0 treated as 1)::

    contour     h = H/2 + H Re F^-1[ k^-alpha F w ],      w of length W
    background  g = Re F^-1[ |k|^-beta F v ],             v of shape (H, W), scaled to a range

and m the mask of the pixels above the contour, its edge smoothed by a 2x2 average or by the exact
area of each pixel above the contour. Filters are even, so real transforms give the same numbers
as complex ones followed by the real part.
"""

from dataclasses import KW_ONLY, dataclass
from functools import lru_cache

import numpy as np
from scipy import fft

from gahb_sk._validation import Interval, Real, StrOptions, check_name, positive
from gahb_sk.image_classes._base import ImageClass
from gahb_sk.image_classes._contour_masks import MASKS

N_SCALARS = 4  # u1, u2, which side is bright, orientation


@dataclass(frozen=True)
class CAlphaLatents:
    """What C^alpha images are made of, n of them.

    Attributes
    ----------
    contour : ndarray of shape (n, width), float64
        Height in rows from the top edge of the image, for each column of the unrotated frame.
    angle : ndarray of shape (n,), float64
        Rotation in radians, 0 if horizontal.
    backgrounds : ndarray of shape (n, 2, height, width)
        Above and below the contour.
    mask : ndarray of shape (n, height, width)
        Share of the first background in each pixel.
    """

    contour: np.ndarray
    angle: np.ndarray
    backgrounds: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class CAlphaImages(ImageClass):
    r"""Images that are :math:`C^\alpha` away from a :math:`C^\alpha` contour.

    Intensities lie in [0, 1]. Latents are a record of ``contour``, ``angle``, ``backgrounds`` and
    ``mask``.

    Parameters
    ----------
    image_size : int or tuple (height, width), default=64
        Sides in pixels, at least 4.
    alpha : float, default=2.0
        Regularity of the contour, above 0, integer or not: its spectrum decays as
        :math:`k^{-\alpha}`.
    background_alpha : float, default=None
        Regularity of the two backgrounds; None means ``alpha``.
    constant_background : bool, default=False
        Each side has one constant intensity, u1 and u2 (see ``min_contrast``).
    antialias : {"average", "area", "none"}, default="average"
        How the mask treats the contour. "average": pixels above the rounded contour, then the
        mean over 2x2 pixels (one pixel, the next row and column, reflected at the border).
        "area": the area of each pixel above the continuous contour; exact for the polygon
        through the contour's samples when horizontal, and for the tangent line in each pixel
        when rotated. "none": a mask of 0 and 1.
    orientation : {"horizontal", "random"}, default="horizontal"
        "random" turns the contour (not the backgrounds) about the centre of the image by an
        angle uniform in [0, 2 pi).
    min_contrast : float in [0, 1), default=None
        One side covers the range [u1, 1] and the other [0, u2]. None: u1 and u2 are independent
        and uniform in [0, 1), so that the ranges may overlap. A number c: (u1, u2) is uniform
        under u1 - u2 >= c, so that every jump at the contour is at least c.

    Notes
    -----
    The minimax mean squared error of the class falls as :math:`\sigma^{2\alpha/(\alpha+1)}` [1]_,
    a rate reached by thresholding in a best bandlet basis [2]_. The set was used to study
    denoising networks in [3]_.

    References
    ----------
    .. [1] Korostelev and Tsybakov, Minimax Theory of Image Reconstruction, Springer 1993.
       :doi:`10.1007/978-1-4612-2712-0`
    .. [2] Dossal, Le Pennec, Mallat, Bandlet image estimation with model selection, Signal
       Processing 2011. arXiv:0809.3092
    .. [3] Kadkhodaie, Guth, Simoncelli, Mallat, Generalization in diffusion models arises from
       geometry-adaptive harmonic representations, ICLR 2024. arXiv:2310.02557

    Examples
    --------
    >>> from gahb_sk.image_classes import CAlphaImages
    >>> law = CAlphaImages(image_size=(32, 48), alpha=1.5)
    >>> law.sample(3, random_state=0).shape
    (3, 32, 48)
    """

    image_size: int | tuple = 64
    _: KW_ONLY
    alpha: float = 2.0
    background_alpha: float | None = None
    constant_background: bool = False
    antialias: str = "average"
    orientation: str = "horizontal"
    min_contrast: float | None = None

    _record = CAlphaLatents
    _estimator = "CAlphaPosteriorMean"
    _parameter_constraints = {
        "alpha": [positive()],
        "background_alpha": [positive(), None],
        "constant_background": ["boolean"],
        "antialias": [str],
        "orientation": [StrOptions({"horizontal", "random"})],
        "min_contrast": [Interval(Real, 0, 1, closed="left"), None],
    }

    def __post_init__(self):
        super().__post_init__()
        check_name(self.antialias, sorted(MASKS), "antialias")

    @property
    def _n_draws(self):
        height, width = self.image_size
        return N_SCALARS + width + (0 if self.constant_background else 2 * height * width)

    @property
    def _working_values(self):
        return 6 * self.image_size[0] * self.image_size[1]

    def _latents(self, draws, dtype):
        height, width = self.image_size
        scalars, contour_noise = draws[:, :N_SCALARS], draws[:, N_SCALARS : N_SCALARS + width]
        turned = self.orientation == "random"
        angle = 2 * np.pi * scalars[:, 3] * turned
        contour_filter = fft.rfftfreq(width, 1 / width).clip(1) ** -self.alpha
        smooth = fft.irfft(contour_filter * fft.rfft(2 * contour_noise - 1), n=width)
        contour = height * (0.5 + smooth)
        mask = MASKS[self.antialias](contour, angle if turned else None, height, dtype)
        noise = draws[:, N_SCALARS + width :].astype(dtype, copy=False)
        return CAlphaLatents(contour, angle, self._backgrounds(scalars, noise, dtype), mask)

    def _backgrounds(self, scalars, noise, dtype):
        """Filter, scale each background to its range, and put the bright one above or below."""
        size = self.image_size
        bright, dark, swap = _ranges(scalars, self.min_contrast)
        if self.constant_background:
            levels = np.stack([np.where(swap, dark, bright), np.where(swap, bright, dark)], 1)
            return np.broadcast_to(levels[..., None, None], (*levels.shape, *size)).astype(dtype)
        zero, one = np.zeros_like(bright), np.ones_like(bright)
        first = np.where(swap, zero, bright), np.where(swap, dark, one)
        second = np.where(swap, bright, zero), np.where(swap, one, dark)
        noise *= 2
        noise -= 1
        beta = self.alpha if self.background_alpha is None else self.background_alpha
        spectrum = fft.rfft2(noise.reshape(-1, 2, *size))
        spectrum *= power_filter(*size, beta).astype(dtype)
        g = fft.irfft2(spectrum, s=size, overwrite_x=True)
        low, high = (np.stack(pair, 1) for pair in zip(first, second, strict=True))
        return _scale(g, low.astype(dtype), high.astype(dtype))

    def _render(self, latents, dtype):
        above, below = np.moveaxis(latents.backgrounds, 1, 0)
        return (below + latents.mask * (above - below)).astype(dtype, copy=False)


@lru_cache(maxsize=8)
def power_filter(height, width, beta):
    """Return ``max(|k|, 1)**-beta`` on the half plane of frequencies of ``rfft2``."""
    rows = fft.fftfreq(height, 1 / height)[:, None]
    columns = fft.rfftfreq(width, 1 / width)[None, :]
    return np.hypot(rows, columns).clip(1) ** -float(beta)


def _ranges(scalars, min_contrast):
    """Return u1 (the bright side covers [u1, 1]), u2 (the dark one [0, u2]) and the swap."""
    u1, u2 = scalars[:, 0], scalars[:, 1]
    if min_contrast is not None:
        low, high = np.minimum(u1, u2), np.maximum(u1, u2)
        u1, u2 = min_contrast + (1 - min_contrast) * high, (1 - min_contrast) * low
    return u1, u2, scalars[:, 2] < 0.5


def _scale(g, low, high):
    """Map each field's minimum to ``low`` and its maximum to ``high``, in place."""
    least, most = g.min((-2, -1)), g.max((-2, -1))
    g -= least[..., None, None]
    g *= ((high - low) / (most - least))[..., None, None]
    g += low[..., None, None]
    return g.clip(0, 1, out=g)
