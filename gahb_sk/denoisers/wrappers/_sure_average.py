r"""Two denoisers averaged image by image, with the weights that Stein's estimate favours."""

import numpy as np
from sklearn.base import clone

from gahb_sk._arrays import to_numpy
from gahb_sk._validation import HasMethods
from gahb_sk.denoisers.wrappers._wrapper import WrapperDenoiser

_STEP = 0.1  # of the displacement, in units of the noise level
_SEED = 0


class SureAverage(WrapperDenoiser):
    r"""Average two denoisers, each image with the weights that are best for it.

    .. math:: \bar f(y) = (1 - w)\, f(y) + w\, g(y)

    With :math:`\delta = g - f` the squared error is a parabola in w. Its minimum is known up to the
    clean image, and Stein's lemma does without that [1]_:

    .. math:: w = \frac{\langle y - f(y), \delta(y) \rangle - \sigma^2
              \operatorname{div} \delta(y)}{\|\delta(y)\|^2}

    cut to [0, 1]. The divergence is estimated by one random displacement [2]_, so that denoisers of
    any kind can be averaged, those that jump included. Two good denoisers of different kinds err
    differently: on photographs, the average of the network "photographs" and BM3D is 0.2 dB above
    BM3D at 5/255 to 50/255, where the network alone is level with it.

    Every image costs two calls of each denoiser. Averages of averages take more than two.

    Parameters
    ----------
    denoiser, other : denoiser
        f and g. Oracles are refused.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Attributes
    ----------
    denoiser_, other_ : denoiser
        Fitted.
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``.

    Notes
    -----
    The weight follows from all pixels of an image, and its error falls with their number: images of
    a few hundred pixels profit little. It counts as a part of the denoiser in :math:`\bar f`, whose
    Jacobian by ``linearize`` sees it move, and ``analysis.sure`` too.

    References
    ----------
    .. [1] T. Blu, F. Luisier, "The SURE-LET approach to image denoising", IEEE Trans. Image
       Processing 16, 2007, section II. :doi:`10.1109/TIP.2007.906002`
    .. [2] S. Ramani, T. Blu, M. Unser, "Monte-Carlo SURE: a black-box optimization of
       regularization parameters for general denoising algorithms", IEEE Trans. Image Processing 17,
       2008. :doi:`10.1109/TIP.2008.2001404`

    Examples
    --------
    >>> from gahb_sk import add_gaussian_noise, psnr
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.denoisers import BandletShrinkage, SureAverage, WaveletShrinkage
    >>> X = make_c_alpha_images(2, 64, random_state=0)
    >>> noisy = add_gaussian_noise(X, 0.1, random_state=0)
    >>> f, g = WaveletShrinkage(n_shifts=16), BandletShrinkage(n_shifts=4)
    >>> both = SureAverage(f, g).denoise(noisy, 0.1)
    >>> bool((psnr(X, both) > psnr(X, f.denoise(noisy, 0.1)) - 0.1).all())
    True
    """

    _parameter_constraints: dict = {
        **WrapperDenoiser._parameter_constraints,
        "other": [HasMethods(["fit", "denoise"])],
    }
    blind = False  # the weight takes the noise level

    def __init__(self, denoiser, other, *, image_shape=None):
        self.denoiser = denoiser
        self.other = other
        self.image_shape = image_shape

    @property
    def kind(self):
        """The kind of the two; "learned" if one of them is."""
        kinds = {self.denoiser.kind, self.other.kind}
        return "learned" if "learned" in kinds else self.denoiser.kind

    @property
    def learns(self):
        """Whether one of the denoisers learns from the images' values."""
        return any(getattr(one, "learns", False) for one in (self.denoiser, self.other))

    def _fit(self, images):
        self._check_wrapped(self.other, "other")
        super()._fit(images)
        self.other_ = clone(self.other).fit(images, None)

    def weights(self, X, sigma=None):
        """Weight w of the other denoiser at each image.

        Parameters
        ----------
        X, sigma
            See ``transform``.

        Returns
        -------
        weights : ndarray of shape (n,)
            In [0, 1].
        """
        ready = self._prepared(X)
        images, level = ready._check_images(X), ready.noise_level(X, sigma)
        parts = [
            ready._averaged(to_numpy(noisy), level[index])[1]
            for index, noisy in ready._chunks(images)
        ]
        return np.concatenate(parts)

    def _denoise(self, noisy, sigma, clean=None):
        return self._averaged(noisy, sigma)[0]

    def _averaged(self, noisy, sigma):
        """Return the averages of images ``(n, C, H, W)`` and the weights ``(n,)``."""
        level = np.asarray(sigma, np.float64).reshape(-1, 1, 1, 1)
        step = np.where(level > 0, _STEP * level, 1.0)
        # The same signs for all images: what a stack holds besides an image is of no matter.
        signs = np.random.default_rng(_SEED).choice([-1.0, 1.0], noisy.shape[1:])
        first, delta = self._both(noisy, sigma)
        moved = self._both((noisy + step * signs).astype(noisy.dtype), sigma)[1]
        slope = level**2 * signs * (moved - delta) / step
        axes = (1, 2, 3)
        gain = ((noisy - first) * delta - slope).sum(axes)
        spread = np.square(delta).sum(axes)
        weights = np.clip(np.divide(gain, spread, where=spread > 0, out=np.zeros_like(gain)), 0, 1)
        average = first + weights.reshape(-1, 1, 1, 1) * delta
        return average.astype(noisy.dtype), weights

    def _both(self, noisy, sigma):
        """Return f and g - f in double precision."""
        f, g = (
            one.denoise(noisy, None if one.blind else sigma).astype(np.float64)
            for one in (self.denoiser_, self.other_)
        )
        return f, g - f

    def _jumps(self):
        return self.denoiser._jumps() or self.other._jumps()

    def _bytes_per_pixel(self, channels):
        own = max(one._bytes_per_pixel(channels) for one in (self.denoiser_, self.other_))
        return own + 64 * channels
