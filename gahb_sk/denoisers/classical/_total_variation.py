r"""Total variation: :math:`\arg\min_u \frac12 \|u - y\|^2 + w \sigma \|\nabla u\|_1`."""

from functools import partial

from gahb_sk._validation import Interval, Real
from gahb_sk.denoisers.classical._other_packages import PackageDenoiser

# Always this many iterations: scikit-image's tolerance stops so early at strong noise that 2 dB
# are lost, and makes the result jump with the number of iterations. More don't raise the PSNR.
ITERATIONS = 50


class TotalVariationDenoiser(PackageDenoiser):
    r"""Total variation denoising by scikit-image (``pip install "gahb-sk[peers]"``).

    Parameters
    ----------
    weight : float, default=1.0
        Weight of the total variation in multiples of sigma. On C^alpha images 0.6 to 1.0 is best at
        alpha 1 and 1.0 to 1.2 from alpha 2 on, at every noise level.
    n_jobs, sigma, image_shape
        See :class:`~gahb_sk.denoisers.FunctionDenoiser`.

    References
    ----------
    A. Chambolle, "An algorithm for total variation minimization and applications", Journal of
    Mathematical Imaging and Vision 20, 2004. :doi:`10.1023/B:JMIV.0000011325.36760.1e`

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.denoisers import TotalVariationDenoiser
    >>> clean = np.zeros((2, 32, 32))
    >>> clean[:, 8:24, 8:24] = 1
    >>> denoiser = TotalVariationDenoiser().fit(clean)
    >>> bool(denoiser.score(clean, sigma=0.1) > 28)
    True
    """

    _package = ("skimage.restoration", "scikit-image")
    _parameter_constraints: dict = {
        **PackageDenoiser._parameter_constraints,
        "weight": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, *, weight=1.0, n_jobs=None, sigma=None, image_shape=None):
        self.weight = weight
        self.n_jobs = n_jobs
        self.sigma = sigma
        self.image_shape = image_shape

    def _function(self):
        return partial(_denoise_one, self.weight)


def _denoise_one(weight, image, sigma):
    from skimage.restoration import denoise_tv_chambolle

    return denoise_tv_chambolle(image, weight=weight * sigma, eps=0, max_num_iter=ITERATIONS)
