r"""Shrinkage in a bandlet basis chosen from the noisy image.

First stage, model selection: the basis B that minimises

.. math::
    \sum_k \min(\langle y, b_k \rangle^2, T^2)
    + \gamma\, T^2\, \#\{\text{squares with a direction}\}, \qquad T = k \sigma,

and hard thresholding in it, :math:`p = \sum_k \langle y, b_k \rangle
1_{|\langle y, b_k \rangle| > T}\, b_k`. Second stage: the estimate p stands for the clean image
and gives the basis of least oracle risk and the Wiener factors
:math:`\lambda_k = p_k^2 / (p_k^2 + v \sigma^2)`, which are applied to y. Each stage is
averaged over shifted windows, so the p of the second stage is a mean over many bases, better than
one of them.
"""

import math

import numpy as np
import numpy.typing as npt

from gahb_sk._validation import Integral, Interval, Real, StrOptions, at_least
from gahb_sk.denoisers.classical._colour import PlaneDenoiser, in_colour
from gahb_sk.jacobians._operator import JacobianOperator
from gahb_sk.jacobians._spun import spun_operator
from gahb_sk.transforms._bandlet_search import best_bandlets, dictionary_size
from gahb_sk.transforms._bandlets import BandletTransform
from gahb_sk.transforms._opponent import to_opponent
from gahb_sk.transforms._windows import spread_windows

# v above. The pilot's coefficients keep some noise, so factors with v = 1 are too large: on C^alpha
# images 1.5 gains up to 0.2 dB over 1 and loses nowhere.
PILOT_VARIANCE = 1.5
# Offsets spread over this many pixels: the side of the largest squares by default. Offsets that
# cluster in the first few pixels lose up to 1 dB.
SPAN = 16


class BandletShrinkage(PlaneDenoiser):
    r"""Shrink the coefficients of a bandlet basis fitted to the noisy image.

    Parameters
    ----------
    wavelet : str, default=None
        Orthogonal wavelet of PyWavelets whose bands carry the squares. None: the squares lie on
        the image itself, and those without direction hold a cosine basis.
    n_scales : int, default=None
        Number of scales, with a wavelet; None leaves a coarse band of 8 to 15 pixels, kept as is.
    order : int, default=1
        Vanishing moments along the normal of a direction: 1 is Haar, more are Alpert
        multiwavelets.
    smallest, largest : int, default=4 and 16
        Sides of the smallest and largest squares, powers of two; ``largest=None`` for the size
        of the band.
    shared : bool, default=False
        One quadtree for the three orientations of a scale, with a wavelet.
    threshold : float or {"universal"}, default=3.3
        The threshold T of the first stage. A number k stands for ``k * sigma``; "universal" for
        ``sigma * sqrt(2 log K)``, K the number of vectors of all bases [1]_.
    geometry_cost : float, default=1.0
        Cost of a square with a direction in the first stage, in units of T^2.
    stages : {1, 2}, default=2
        1: hard thresholding alone. 2: then a Wiener stage with the first estimate as pilot.
    n_shifts : int, default=16
        Cycle spinning: average over this many shifted windows. 1 is one orthonormal basis.
    color : {"opponent", "separate"}, default="opponent"
        How three channels are denoised: as orthonormal opponent colours (luminance and two
        differences), or one by one. Other numbers of channels are denoised one by one.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Notes
    -----
    The Jacobian is exact almost everywhere: where no square changes its direction and no
    coefficient crosses its threshold.

    References
    ----------
    .. [1] Dossal, Le Pennec, Mallat, Bandlet image estimation with model selection, Signal
       Processing 2011. arXiv:0809.3092
    .. [2] Dabov, Foi, Katkovnik, Egiazarian, Image denoising by sparse 3-D transform-domain
       collaborative filtering, IEEE Trans. Image Processing 2007 (for the idea of two stages).
       :doi:`10.1109/TIP.2007.901238`

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.denoisers import BandletShrinkage
    >>> clean = np.tril(np.ones((1, 32, 32)))
    >>> noisy = add_gaussian_noise(clean, 0.1, random_state=0)
    >>> bool(BandletShrinkage().fit(clean).score(noisy, clean, sigma=0.1) > 30)
    True
    """

    # Chunks that stay in the processor's cache.
    _chunk_pixels = 2**16

    _parameter_constraints: dict = {
        **PlaneDenoiser._parameter_constraints,
        "wavelet": [str, None],
        "n_scales": [at_least(0), None],
        "order": [at_least(1)],
        "smallest": [at_least(2)],
        "largest": [at_least(2), None],
        "shared": ["boolean"],
        "threshold": [Interval(Real, 0, None, closed="neither"), StrOptions({"universal"})],
        "geometry_cost": [Interval(Real, 0, None, closed="left")],
        "stages": [Interval(Integral, 1, 2, closed="both")],
    }

    def __init__(
        self,
        *,
        wavelet=None,
        n_scales=None,
        order=1,
        smallest=4,
        largest=16,
        shared=False,
        threshold=3.3,
        geometry_cost=1.0,
        stages=2,
        n_shifts=16,
        color="opponent",
        sigma=None,
        image_shape=None,
    ):
        self.wavelet = wavelet
        self.n_scales = n_scales
        self.order = order
        self.smallest = smallest
        self.largest = largest
        self.shared = shared
        self.threshold = threshold
        self.geometry_cost = geometry_cost
        self.stages = stages
        self.n_shifts = n_shifts
        self.color = color
        self.sigma = sigma
        self.image_shape = image_shape

    def find_bandlets(
        self, X: npt.ArrayLike, sigma: npt.ArrayLike | None = None
    ) -> BandletTransform:
        """Return the basis that the last stage chooses for each noisy image, without shifts.

        Parameters
        ----------
        X, sigma
            See ``transform``.

        Returns
        -------
        transform : BandletTransform
            For stacks of the shape of the images; ``transform[i]`` is the basis of image i. Its
            squares can be drawn: :class:`gahb_sk.plots.GeometryDisplay`.
        """
        images = self._check_images(X)
        noisy = images.numpy()
        if in_colour(self.color, noisy.shape[1]):
            noisy = to_opponent(noisy)
        sigma = self._check_level(sigma, len(noisy))
        sigma = self._estimate_sigma(images.numpy()) if sigma is None else sigma
        shape = (len(noisy), *images.image_shape)
        sigma = np.repeat(sigma, noisy.shape[1]).astype(noisy.dtype)
        stack = noisy.reshape(-1, *shape[-2:])
        pilot = None
        if self.stages == 2:
            pilot = self._first_stage(stack, sigma, self._windows(shape)).reshape(shape)
        return self._basis(stack.reshape(shape), pilot, sigma.reshape(shape[:-2]))

    def _fit(self, images):
        """Refuse parameters that do not fit together, or the images."""
        dictionary_size(images.shape[-2:], **self._dictionary())

    def _denoise_planes(self, planes, sigma):
        windows = self._windows(planes.shape)
        pilot = self._first_stage(planes, sigma, windows)
        if self.stages == 1:
            return pilot
        return windows.average(lambda cut, pilot: self._wiener(cut, pilot, sigma), planes, pilot)

    def _first_stage(self, images, sigma, windows):
        return windows.average(lambda cut: self._threshold(cut, sigma), images)

    def _windows(self, shape):
        return spread_windows(shape[-2:], self.n_shifts, self.smallest, SPAN)

    def _dictionary(self):
        keys = ("wavelet", "n_scales", "order", "smallest", "largest")
        return {key: getattr(self, key) for key in keys}

    def _basis(self, noisy, pilot, sigma):
        """Find the basis: from the noisy images alone, or from the pilot."""
        options = {**self._dictionary(), "shared": self.shared}
        if pilot is not None:
            return best_bandlets(pilot, sigma, cost="risk", **options)
        threshold = self._factor(noisy.shape[-2:]) * sigma
        cost = {"cost": "threshold", "geometry_cost": self.geometry_cost}
        return best_bandlets(noisy, threshold, **cost, **options)

    def _factor(self, shape):
        """The threshold in units of sigma."""
        if self.threshold == "universal":
            return math.sqrt(2 * math.log(dictionary_size(shape, **self._dictionary())))
        return self.threshold

    def _threshold(self, noisy, sigma):
        transform = self._basis(noisy, None, sigma)
        coefficients = transform.forward(noisy)
        return transform.inverse(coefficients * self._gates(transform, coefficients, sigma))

    def _gates(self, transform, coefficients, sigma):
        threshold = np.reshape(self._factor(transform.shape) * sigma, (-1, 1, 1))
        return (np.abs(coefficients) > threshold) | transform.coarse_mask()

    def _wiener(self, noisy, pilot, sigma):
        transform = self._basis(noisy, pilot, sigma)
        factors = wiener_factors(transform, transform.forward(pilot), sigma)
        return transform.inverse(factors * transform.forward(noisy))

    def _jacobian_of_planes(self, image, sigma):
        windows = self._windows(image.shape)
        sigma = np.full(len(image), sigma)
        hard = [self._hard_term(windows.cut(image, i), sigma) for i in range(len(windows))]
        first = spun_operator(windows, image.shape, hard)
        if self.stages == 1:
            return first
        pilot = self._first_stage(image, sigma, windows)
        cuts = [(windows.cut(image, i), windows.cut(pilot, i)) for i in range(len(windows))]
        terms = [self._wiener_terms(*pair, sigma) for pair in cuts]
        direct, through = (spun_operator(windows, image.shape, t) for t in zip(*terms, strict=True))
        # The factors depend on the pilot, and this on the image by the first stage.
        return JacobianOperator(
            image.size,
            lambda V: direct.matmat(V) + through.matmat(first.matmat(V)),
            lambda V: direct.rmatmat(V) + first.rmatmat(through.rmatmat(V)),
        )

    def _jumps(self):
        return True

    def _hard_term(self, noisy, sigma):
        transform = self._basis(noisy, None, sigma)
        return transform, self._gates(transform, transform.forward(noisy), sigma)

    def _wiener_terms(self, noisy, pilot, sigma):
        transform = self._basis(noisy, pilot, sigma)
        coefficients = transform.forward(pilot)
        factors = wiener_factors(transform, coefficients, sigma)
        slopes = wiener_slopes(transform, coefficients, sigma)
        return (transform, factors), (transform, slopes * transform.forward(noisy))


def wiener_factors(transform, pilot, sigma):
    """Return the factors from a pilot's coefficients; 1 in the coarse band."""
    total, _ = _powers(pilot, sigma)
    return np.where(transform.coarse_mask(), pilot.dtype.type(1), pilot * pilot / total)


def wiener_slopes(transform, pilot, sigma):
    """Return the derivatives of the factors by the pilot's coefficients."""
    total, variance = _powers(pilot, sigma)
    return np.where(transform.coarse_mask(), 0, 2 * (pilot / total) * (variance / total))


def _powers(pilot, sigma):
    variance = np.reshape(PILOT_VARIANCE * np.square(sigma), (-1, 1, 1)).astype(pilot.dtype)
    return pilot * pilot + variance + np.finfo(pilot.dtype).tiny, variance
