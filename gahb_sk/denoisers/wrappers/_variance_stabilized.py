"""Counts of light denoised by a denoiser of white noise."""

import numpy as np

from gahb_sk._validation import Interval, Real
from gahb_sk.denoisers.wrappers._wrapper import WrapperDenoiser
from gahb_sk.noise import estimate_count_noise
from gahb_sk.transforms._anscombe import anscombe, inverse_anscombe

_SMALLEST_GAIN = 1e-3  # in deviations of the noise: below, counts cannot be told from white noise


class VarianceStabilized(WrapperDenoiser):
    r"""Denoise Poisson-Gaussian noise: stabilise its variance, denoise, and invert.

    The noise of a camera or a photon counter grows with brightness: its variance around x is
    :math:`g (x - m) + r^2` with gain g, offset m and read noise r. The generalised Anscombe
    transformation makes it white, with a deviation of about 1. The wrapped denoiser, which knows
    white noise only, sees the transformed image scaled to [0, 1], and the exact unbiased inverse
    [1]_ brings its result back.

    Parameters
    ----------
    denoiser : denoiser
        For white noise. It is given the noise level. Oracles are refused.
    gain : float, default=None
        Units of the image per photon; 1 for counts. None: estimated for each image.
    read_noise : float, default=None
        Deviation, in units of the image, of the noise in the dark. None: estimated for each image.
    offset : float, default=None
        Value of the image in the dark. None: 0, or, where the estimated variance falls to 0 above
        0, that brightness.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Attributes
    ----------
    denoiser_ : denoiser
        Fitted on the images given to ``fit``, as they are.
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``.

    See Also
    --------
    gahb_sk.noise.estimate_count_noise : The estimate.

    References
    ----------
    .. [1] M. Makitalo, A. Foi, "Optimal inversion of the generalized Anscombe transformation for
       Poisson-Gaussian noise", IEEE Trans. Image Processing 22, 2013.
       :doi:`10.1109/TIP.2012.2202675`

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.denoisers import VarianceStabilized, WaveletShrinkage
    >>> mean = 5 + 5 * np.tril(np.ones((1, 64, 64)))
    >>> counts = np.random.default_rng(0).poisson(mean).astype(float)
    >>> denoised = VarianceStabilized(WaveletShrinkage()).denoise(counts)
    >>> bool(np.mean((denoised - mean) ** 2) < 0.2 * np.mean((counts - mean) ** 2))
    True
    """

    _parameter_constraints: dict = {
        **WrapperDenoiser._parameter_constraints,
        "gain": [Interval(Real, 1e-100, 1e100, closed="both"), None],
        "read_noise": [Interval(Real, 0, 1e100, closed="both"), None],
        "offset": [Interval(Real, None, None, closed="neither"), None],
    }

    def __init__(self, denoiser, *, gain=None, read_noise=None, offset=None, image_shape=None):
        self.denoiser = denoiser
        self.gain = gain
        self.read_noise = read_noise
        self.offset = offset
        self.image_shape = image_shape

    @property
    def blind(self):
        """True: the noise level follows from the parameters, or is estimated."""
        return True

    def _denoise(self, noisy, sigma, clean=None):
        models = [self._model(image) for image in noisy]
        stable = np.stack(
            [anscombe(y.astype(np.float64), *model) for y, model in zip(noisy, models, strict=True)]
        )
        low, high = (f(stable, axis=(1, 2, 3), keepdims=True) for f in (np.min, np.max))
        scale = np.maximum(high - low, 1.0)
        level = np.array([float(any(model[:2])) for model in models]) / scale.ravel()
        denoised = self.denoiser_.denoise(((stable - low) / scale).astype(noisy.dtype), level)
        back = denoised.astype(np.float64) * scale + low
        return np.stack(
            [inverse_anscombe(f, *model) for f, model in zip(back, models, strict=True)]
        ).astype(noisy.dtype)

    def _model(self, image):
        """Gain, read noise and offset of one image ``(C, H, W)``; gain 0 is white noise."""
        gain, read_noise, offset = self.gain, self.read_noise, self.offset
        if gain is None or read_noise is None:
            (slope,), (intercept,) = estimate_count_noise(image[None])
            variance = max(slope * image.mean() + intercept, 0.0)
            if gain is None:
                gain = slope if slope > _SMALLEST_GAIN * np.sqrt(variance) else 0.0
            if gain == 0:
                return 0.0, np.sqrt(variance) if read_noise is None else read_noise, 0.0
            if offset is None:
                offset = max(0.0, -intercept / gain) if read_noise is None else 0.0
            if read_noise is None:
                read_noise = np.sqrt(max(intercept + gain * offset, 0.0))
        return gain, read_noise, 0.0 if offset is None else offset
