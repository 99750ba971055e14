r"""Total variation: :math:`\arg\min_u \frac12 \|u - y\|^2 + w \sigma \|\nabla u\|_1`."""

from functools import partial

from gahb_sk._validation import Integral, Interval, Real
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.denoisers.classical._peers import denoise_each, require

# Always this many iterations: scikit-image's tolerance stops so early at strong noise that 2 dB
# are lost, and makes the result jump with the number of iterations. More don't raise the PSNR.
ITERATIONS = 50


class TotalVariationDenoiser(BaseDenoiser):
    r"""Total variation denoising by scikit-image's ``denoise_tv_chambolle``.

    Parameters
    ----------
    weight : float, default=1.0
        Weight of the total variation in multiples of sigma. The best on C^alpha images is 0.6 to
        1.0 at alpha 1 and 1.0 to 1.2 from alpha 2 on, at every noise level.
    n_jobs : int, default=None
        Images denoised in parallel, as joblib counts them; None is one at a time.
    sigma : float, default=None
        Noise level, where ``transform`` is not told it. None: estimated for each image.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Attributes
    ----------
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``. Nothing else is learned; images of any size may be
        transformed, channel by channel.

    Raises
    ------
    ImportError
        In ``fit``, if scikit-image is not installed (``pip install "gahb-sk[peers]"``).

    References
    ----------
    A. Chambolle, "An algorithm for total variation minimization and applications", Journal of
    Mathematical Imaging and Vision 20, 2004. :doi:`10.1023/B:JMIV.0000011325.36760.1e`

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.denoisers import TotalVariationDenoiser
    >>> clean = np.zeros((2, 32, 32))
    >>> clean[:, 8:24, 8:24] = 1
    >>> denoiser = TotalVariationDenoiser().fit(clean)
    >>> bool(denoiser.score(clean, sigma=0.1) > 28)
    True
    """

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "weight": [Interval(Real, 0, None, closed="neither")],
        "n_jobs": [Integral, None],
    }

    def __init__(self, *, weight=1.0, n_jobs=None, sigma=None, image_shape=None):
        self.weight = weight
        self.n_jobs = n_jobs
        self.sigma = sigma
        self.image_shape = image_shape

    def _fit(self, images):
        require("skimage.restoration", "scikit-image", self)

    def _denoise(self, noisy, sigma, clean=None):
        return denoise_each(partial(_denoise_one, self.weight), noisy, sigma, self.n_jobs)


def _denoise_one(weight, image, sigma):
    from skimage.restoration import denoise_tv_chambolle

    return denoise_tv_chambolle(image, weight=weight * sigma, eps=0, max_num_iter=ITERATIONS)
