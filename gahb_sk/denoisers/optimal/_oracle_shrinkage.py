r"""The best diagonal shrinkage in a basis, for one who knows the clean image.

In an orthonormal basis :math:`(e_k)`, with :math:`c_k = \langle x, e_k \rangle` the clean
coefficients, the factors that minimise the expected squared error of
:math:`f(y) = \sum_k \lambda_k \langle y, e_k \rangle e_k` are

.. math::
    \lambda_k = \frac{c_k^2}{c_k^2 + \sigma^2}, \qquad
    \mathrm{E} \|f(x + \sigma z) - x\|^2 = \sigma^2 \sum_k \lambda_k .
"""

import numpy as np

from gahb_sk._validation import Integral, Interval, at_least, check_name
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.denoisers.optimal._oracle import OracleDenoiser
from gahb_sk.jacobians._basis import diagonal_operator
from gahb_sk.noise import check_sigma
from gahb_sk.transforms import (
    CosineTransform,
    FourierTransform,
    PCATransform,
    WaveletTransform,
    best_bandlets,
    principal_components,
)
from gahb_sk.transforms._wavelets import default_n_scales

# Unlike a threshold, an oracle gains from one scale more: up to 0.5 dB at sigma 0.3.
COARSEST = 8


def _wavelet(oracle, clean, sigma):
    return WaveletTransform(clean.shape[-2:], oracle.wavelet, _n_scales(oracle, clean))


def _n_scales(oracle, clean):
    if oracle.n_scales is not None or oracle.wavelet is None:
        return oracle.n_scales
    return default_n_scales(clean.shape[-2:], COARSEST)


def _bandlet(oracle, clean, sigma):
    return best_bandlets(
        clean,
        sigma.reshape(-1, 1),
        cost="risk",
        wavelet=oracle.wavelet,
        n_scales=_n_scales(oracle, clean),
        order=oracle.order,
    )


# name -> function (oracle, clean (m, C, H, W), sigma (m,)) -> transform of such stacks
BASES = {
    "wavelet": _wavelet,
    "bandlet": _bandlet,
    "cosine": lambda oracle, clean, sigma: CosineTransform(clean.shape[-2:]),
    "fourier": lambda oracle, clean, sigma: FourierTransform(clean.shape[-2:]),
    "pca": lambda oracle, clean, sigma: oracle.transform_,
}


class OracleShrinkage(OracleDenoiser):
    r"""Bound for diagonal shrinkage in a basis: its factors come from the clean image.

    Parameters
    ----------
    basis : {"wavelet", "bandlet", "cosine", "fourier", "pca"}, default="wavelet"
        The orthonormal basis. "bandlet" is chosen for each clean image and noise level: of all
        quadtrees and directions, those of least risk. "pca" is learned in ``fit``, and shrinks
        about the mean of the training images.
    wavelet : str or None, default="db4"
        Orthogonal wavelet of PyWavelets, for the bases "wavelet" and "bandlet". None, for the
        basis "bandlet" only: the squares lie on the image itself, and those without a direction
        hold a cosine basis, a bound about 1 dB higher on regular images.
    n_scales : int, default=None
        Number of scales, for the bases "wavelet" and "bandlet"; None leaves a coarse band of 4
        to 7 pixels on the longer side.
    order : int, default=1
        Vanishing moments along the directions of bandlets: 1 is Haar, 2 to 4 are Alpert
        multiwavelets, for contours of high regularity.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Attributes
    ----------
    transform_ : PCATransform
        Only for the basis "pca".
    mean_ : ndarray of shape (C, H, W)
        Only for the basis "pca": mean of the training images.

    Notes
    -----
    The risk lies between half and the whole of :math:`\sum_k \min(c_k^2, \sigma^2)`, the risk of
    the best choice of coefficients to keep [1]_. At sigma 0 every factor is 1.

    References
    ----------
    .. [1] Donoho and Johnstone, Ideal spatial adaptation by wavelet shrinkage, Biometrika 1994.
       :doi:`10.1093/biomet/81.3.425`

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.denoisers import OracleShrinkage
    >>> clean = np.zeros((2, 32, 32))
    >>> clean[:, 8:24, 8:24] = 1
    >>> oracle = OracleShrinkage(basis="cosine").fit(clean)
    >>> oracle.shrinkage_factors(clean, sigma=0.1).shape
    (2, 32, 32)
    >>> bool(np.all(oracle.predicted_psnr(clean, sigma=0.1) > 25))
    True
    """

    _chunk_pixels = 2**18

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "basis": [str],
        "wavelet": [str, None],
        "n_scales": [at_least(0), None],
        "order": [Interval(Integral, 1, 4, closed="both")],
    }

    def __init__(
        self,
        *,
        basis="wavelet",
        wavelet="db4",
        n_scales=None,
        order=1,
        sigma=None,
        image_shape=None,
    ):
        self.basis = basis
        self.wavelet = wavelet
        self.n_scales = n_scales
        self.order = order
        self.sigma = sigma
        self.image_shape = image_shape

    @property
    def _fixed(self):
        return "size" if self.basis == "pca" else "nothing"

    @property
    def learns(self):
        """Whether the basis is learned in ``fit``: that of ``"pca"``."""
        return self.basis == "pca"

    def shrinkage_factors(self, clean, sigma):
        """Return the factors lambda_k of each image.

        Parameters
        ----------
        clean : array-like, torch.Tensor or lazy stack
            Clean images, shaped as in ``fit``.
        sigma : float or array-like of shape (n,)
            Noise level in the units of the images.

        Returns
        -------
        factors : ndarray of the shape of clean
            Between 0 and 1, in the layout of the basis's coefficients.
        """
        images = self._check_images(clean, "clean")
        factors = np.empty(images.shape, images.dtype)
        for index, chunk, level in self._levels(images, sigma):
            factors[index] = self._factors(BASES[self.basis](self, chunk, level), chunk, level)
        return images.restore(factors)

    def effective_dimension(self, clean, sigma):
        """Return the sum of the factors of each image, ``(n,)``; see :meth:`shrinkage_factors`."""
        factors = self.shrinkage_factors(clean, sigma)
        return factors.reshape(len(factors), -1).sum(axis=1, dtype=np.float64)

    def risk(self, clean, sigma):
        """Return each image's expected squared error, ``sigma**2 * effective_dimension``."""
        dimension = self.effective_dimension(clean, sigma)
        return check_sigma(sigma, len(dimension)) ** 2 * dimension

    def predicted_psnr(self, clean, sigma):
        """Return the PSNR in dB (data range 1) of each image's risk; infinite at sigma 0."""
        risk = self.risk(clean, sigma)
        size = np.prod(self._check_images(clean, "clean").shape[1:])
        with np.errstate(divide="ignore"):
            return -10 * np.log10(risk / size)

    def _fit(self, images):
        check_name(self.basis, BASES, "basis")
        if self.basis == "pca":
            mean, _, vectors, _ = principal_components(images)
            self.mean_ = mean.reshape(images.shape[1:])
            self.transform_ = PCATransform(images.shape[1:], vectors)
        elif self.basis == "wavelet" or (self.basis == "bandlet" and self.wavelet is not None):
            _wavelet(self, images, None)

    def _levels(self, images, sigma):
        sigma = check_sigma(sigma, len(images))
        for index, chunk in images.chunks(self._chunk_length(images.shape)):
            yield index, chunk, sigma[index].astype(chunk.dtype)

    def _centre(self, dtype):
        return self.mean_.astype(dtype) if self.basis == "pca" else dtype.type(0)

    def _factors(self, transform, clean, sigma):
        power = transform.forward(clean - self._centre(clean.dtype)) ** 2
        variance = (sigma**2).reshape(-1, 1, 1, 1)
        return np.divide(power, power + variance, out=np.ones_like(power), where=variance > 0)

    def _denoise(self, noisy, sigma, clean=None):
        transform = BASES[self.basis](self, clean, sigma)
        factors = self._factors(transform, clean, sigma)
        centre = self._centre(noisy.dtype)
        return transform.inverse(factors * transform.forward(noisy - centre)) + centre

    def _jacobian(self, image, sigma, clean=None):
        level = np.array([sigma])
        transform = BASES[self.basis](self, clean[None], level)
        factors = self._factors(transform, clean[None], level)[0]
        return diagonal_operator(transform, factors, image.shape)
