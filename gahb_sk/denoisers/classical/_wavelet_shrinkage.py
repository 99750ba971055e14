r"""Shrinkage of wavelet coefficients: :math:`f(y) = \sum_k \rho_T(\langle y, e_k \rangle) e_k`."""

import numpy as np

from gahb_sk._validation import Interval, Real, at_least, check_name
from gahb_sk.denoisers.classical._colour import PlaneDenoiser
from gahb_sk.jacobians._coupled import Coupling
from gahb_sk.jacobians._spun import spun_operator
from gahb_sk.transforms._filterbank import wavelet_filters
from gahb_sk.transforms._thresholds import (
    RULES,
    SLOPES,
    THRESHOLD_SLOPES,
    THRESHOLDS,
    band_threshold,
    bayes_threshold_slope,
    is_continuous,
)
from gahb_sk.transforms._wavelets import WaveletTransform
from gahb_sk.transforms._windows import dyadic_offsets, dyadic_windows


class WaveletShrinkage(PlaneDenoiser):
    r"""Shrink the coefficients of an orthonormal wavelet basis towards zero.

    Parameters
    ----------
    wavelet : str, default="sym4"
        Orthogonal wavelet of PyWavelets (families haar, db, sym, coif).
    n_scales : int, default=None
        Number of scales; None leaves a coarse band of 8 to 15 pixels on the longer side.
    rule : {"soft", "hard", "garrote"}, default="soft"
        How a coefficient is shrunk, given the threshold; see :mod:`gahb_sk.transforms`.
    threshold : float or {"bayes", "sure", "universal"}, default="bayes"
        The threshold T. A number k stands for ``k * sigma``; "universal" for
        ``sigma * sqrt(2 log d)``, d pixels [1]_; "bayes" for ``sigma**2`` over the estimated
        deviation of the clean coefficients, band by band [2]_; "sure" for the minimiser of
        Stein's unbiased estimate of the error, band by band [3]_, which is exact only for the
        rules without a jump, soft and garrote.
    n_shifts : int, default=1
        Cycle spinning: average over this many shifts. 1 is the plain orthonormal basis; powers
        of 4 make the finest scales invariant to translation.
    color : {"opponent", "separate"}, default="opponent"
        How three channels are denoised: as orthonormal opponent colours (luminance and two
        differences), or one by one. Other numbers of channels are denoised one by one.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Notes
    -----
    On C^alpha images the default is the best of the plain (not spun) estimators, 1 to 2 dB above
    ``rule="hard", threshold=3.0``; with 16 shifts and more that pair is as good at moderate noise
    and 1 dB better at low noise on regular images.

    Coarse coefficients are kept. The transform has filters of its own at the borders, so nothing
    is periodic. The Jacobian is exact almost everywhere: it follows the threshold "bayes", and
    "sure" is constant between jumps.

    References
    ----------
    .. [1] Donoho and Johnstone, Ideal spatial adaptation by wavelet shrinkage, Biometrika 1994.
       :doi:`10.1093/biomet/81.3.425`
    .. [2] Chang, Yu, Vetterli, Adaptive wavelet thresholding for image denoising and
       compression, IEEE Trans. Image Processing 2000. :doi:`10.1109/83.862633`
    .. [3] Donoho and Johnstone, Adapting to unknown smoothness via wavelet shrinkage, JASA 1995.
       :doi:`10.1080/01621459.1995.10476626`

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.denoisers import WaveletShrinkage
    >>> clean = np.zeros((2, 32, 32))
    >>> clean[:, 8:24, 8:24] = 1
    >>> noisy = add_gaussian_noise(clean, 0.1, random_state=0)
    >>> denoiser = WaveletShrinkage(rule="hard", threshold=3.0, n_shifts=16).fit(clean)
    >>> bool(denoiser.score(noisy, clean, sigma=0.1) > 25)
    True
    """

    # Chunks that stay in the processor's cache are twice as fast as large ones.
    _chunk_pixels = 2**18
    _reach_hint = "It has one with n_scales, a number as threshold and a wavelet of up to 8 taps."

    _parameter_constraints: dict = {
        **PlaneDenoiser._parameter_constraints,
        "wavelet": [str],
        "n_scales": [at_least(0), None],
        "rule": [str],
        "threshold": [Interval(Real, 0, None, closed="neither"), str],
    }

    def __init__(
        self,
        *,
        wavelet="sym4",
        n_scales=None,
        rule="soft",
        threshold="bayes",
        n_shifts=1,
        color="opponent",
        sigma=None,
        image_shape=None,
    ):
        self.wavelet = wavelet
        self.n_scales = n_scales
        self.rule = rule
        self.threshold = threshold
        self.n_shifts = n_shifts
        self.color = color
        self.sigma = sigma
        self.image_shape = image_shape

    def _fit(self, images):
        check_name(self.rule, RULES, "rule")
        if isinstance(self.threshold, str):
            check_name(self.threshold, THRESHOLDS, "threshold")
        if self.threshold == "sure" and not is_continuous(self.rule):
            raise ValueError(
                f"threshold='sure' needs a rule without a jump, got rule={self.rule!r}, for which "
                "Stein's estimate is biased. Use rule='soft' or 'garrote'."
            )
        self._transform_for(images.shape)

    def _denoise_planes(self, planes, sigma):
        windows = dyadic_windows(planes.shape[-2:], self.n_shifts)
        return windows.average(lambda cut: self._shrink(cut, sigma), planes)

    def _shrink(self, images, sigma):
        transform = self._transform_for(images.shape)
        coefficients = transform.forward(images)
        for band in transform.subbands():
            if band.orientation != "coarse":
                values = band.of(coefficients)
                threshold = self._thresholds_of(values, sigma, transform)
                values[...] = RULES[self.rule](values, threshold)
        return transform.inverse(coefficients)

    def _thresholds_of(self, values, sigma, transform):
        """Thresholds of a band, broadcastable to its coefficients."""
        threshold = band_threshold(values, sigma, self.threshold, self.rule, transform.size)
        return threshold.astype(values.dtype).reshape(-1, 1, 1)

    def _jacobian_of_planes(self, image, sigma):
        windows = dyadic_windows(image.shape[-2:], self.n_shifts)
        terms = [self._gates(windows.cut(image, i), sigma) for i in range(len(windows))]
        return spun_operator(windows, image.shape, terms)

    def _gates(self, window, sigma):
        """Basis and slopes of the rule at one window, (C, h, w), and how its thresholds move."""
        transform = self._transform_for(window.shape)
        coefficients, sigma = transform.forward(window), np.full(len(window), sigma)
        slopes, couplings = np.ones_like(coefficients), []
        for band in transform.subbands():
            if band.orientation == "coarse":
                continue
            values = band.of(coefficients)
            threshold = self._thresholds_of(values, sigma, transform)
            band.of(slopes)[...] = SLOPES[self.rule](values, threshold)
            if self.threshold == "bayes":
                pull = THRESHOLD_SLOPES[self.rule](values, threshold)
                couplings.append(Coupling(band, pull, bayes_threshold_slope(values, sigma)))
        return transform, slopes, couplings

    def _jumps(self):
        return not is_continuous(self.rule) or self.threshold == "sure"

    def _reach(self):
        """A bound: filters of the ends fill 3, those inside 2 lengths of half a filter per scale.

        Thresholds that look at a whole band, and numbers of scales that depend on the size, have
        none. Nor do filters of more than 8 taps: rounding in those of the ends depends on the
        size, by 1e-5.
        """
        half = len(wavelet_filters(self.wavelet)[0]) // 2
        if self.n_scales is None or isinstance(self.threshold, str) or half > 4:
            return None
        shift = int(dyadic_offsets(self.n_shifts).max())
        return 5 * half * 2**self.n_scales + shift, 2**self.n_scales

    def _transform_for(self, shape):
        return WaveletTransform(shape[-2:], self.wavelet, self.n_scales)
