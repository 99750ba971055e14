"""Colour images through denoisers of grey ones: luminance and colours apart."""

import math

import numpy as np
from sklearn.base import clone

from gahb_sk._validation import HasMethods
from gahb_sk.denoisers.wrappers._wrapper import WrapperDenoiser
from gahb_sk.transforms._opponent import from_opponent, to_opponent


class OpponentColors(WrapperDenoiser):
    r"""Denoise colour images as opponent colours: luminance, and two colours.

    The transform is orthonormal, so white noise stays white and of the same level, while most of an
    image gathers in the luminance, whose ratio of signal to noise rises. A denoiser of grey images
    takes the three planes one by one; or it takes the luminance, and a denoiser of colour images,
    which sees all channels, gives the colours. For white noise this is 1.5 dB better on
    photographs than red, green and blue one by one, with the network "photographs" at 15/255.
    Images of another number of channels are denoised channel by channel.

    Parameters
    ----------
    denoiser : denoiser
        For images of one channel. Oracles are refused.
    colors : denoiser, default=None
        For images of three channels; of its result only the two opponent colours are taken. None:
        ``denoiser`` denoises them, too.
    image_shape : tuple of int, default=None
        ``(3, H, W)`` to take flat rows.

    Attributes
    ----------
    denoiser_ : denoiser
        Fitted on the luminance of the images given to ``fit``; of grey ones, on them.
    colors_ : denoiser or None
        Fitted on the images, if they have three channels.
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``.

    See Also
    --------
    WaveletShrinkage, BandletShrinkage : Have the same as a parameter, ``color="opponent"``.

    References
    ----------
    K. Dabov, A. Foi, V. Katkovnik, K. Egiazarian, "Color image denoising via sparse 3D
    collaborative filtering with grouping constraint in luminance-chrominance space", ICIP 2007,
    section 2. :doi:`10.1109/ICIP.2007.4378954`

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.denoisers import OpponentColors, TotalVariationDenoiser
    >>> noisy = np.random.default_rng(0).random((1, 3, 16, 16))
    >>> OpponentColors(TotalVariationDenoiser()).denoise(noisy, 0.2).shape
    (1, 3, 16, 16)
    """

    _parameter_constraints: dict = {
        **WrapperDenoiser._parameter_constraints,
        "colors": [HasMethods(["fit", "denoise"]), None],
    }

    def __init__(self, denoiser, colors=None, *, image_shape=None):
        self.denoiser = denoiser
        self.colors = colors
        self.image_shape = image_shape

    @property
    def blind(self):
        """Whether both denoisers do without the noise level."""
        return self.denoiser.blind and (self.colors is None or self.colors.blind)

    @property
    def learns(self):
        """Whether one of the denoisers learns from the images' values."""
        return any(getattr(one, "learns", False) for one in (self.denoiser, self.colors))

    @property
    def training_shape_(self):
        """Shape ``(3, H, W)`` of the images that its networks were trained on."""
        return 3, *(self.denoiser if self.colors is None else self.colors).training_shape_[-2:]

    def _fit(self, images):
        some = images.numpy(slice(None) if self.denoiser.learns else slice(1))
        colored = images.shape[1] == 3
        super()._fit((to_opponent(some) if colored else some)[:, :1])
        self.colors_ = None
        if colored and self.colors is not None:
            self.colors_ = clone(self.colors).fit(images, None)

    def _denoise(self, noisy, sigma, clean=None):
        if noisy.shape[1] != 3:
            return self._planes(noisy, sigma)
        planes = to_opponent(noisy)
        if self.colors_ is None:
            return from_opponent(self._planes(planes, sigma))
        out = to_opponent(self.colors_.denoise(noisy, _level(self.colors_, sigma)))
        out[:, :1] = self._planes(planes[:, :1], sigma)
        return from_opponent(out)

    def _planes(self, planes, sigma):
        """Denoise planes ``(n, C, H, W)`` one by one."""
        level = None if sigma is None else np.repeat(sigma, planes.shape[1])
        flat = planes.reshape(-1, 1, *planes.shape[-2:])
        return self.denoiser_.denoise(flat, _level(self.denoiser_, level)).reshape(planes.shape)

    def _reach(self):
        parts = [self.denoiser_] if self.colors_ is None else [self.denoiser_, self.colors_]
        found = [part._reach() for part in parts]
        if None in found:
            return None
        pixels, multiples = zip(*found, strict=True)
        return max(pixels), math.lcm(*multiples)

    def _bytes_per_pixel(self, channels):
        own = self.denoiser_._bytes_per_pixel(1) * (channels if self.colors_ is None else 1)
        return max(own, 0 if self.colors_ is None else self.colors_._bytes_per_pixel(channels))


def _level(denoiser, sigma):
    return None if denoiser.blind else sigma
