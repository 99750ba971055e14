"""Non-local means: each pixel becomes a mean of pixels whose surroundings look alike."""

from functools import partial

from gahb_sk._validation import Integral, Interval, Real, at_least
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.denoisers.classical._peers import denoise_each, extended, require


class NonLocalMeansDenoiser(BaseDenoiser):
    """Non-local means by scikit-image's ``denoise_nl_means``.

    Parameters
    ----------
    strength : float, default=0.8
        Decay of the weights (the ``h`` of scikit-image) in multiples of sigma. The best on
        C^alpha images is 0.6 to 1.0, at every noise level.
    patch_size : int, default=5
        Side of the patches that are compared.
    patch_distance : int, default=6
        How far, in pixels, patches are sought.
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

    Notes
    -----
    Images with a side shorter than the patch are extended by reflection.

    References
    ----------
    A. Buades, B. Coll, J.-M. Morel, "A non-local algorithm for image denoising", CVPR 2005.
    :doi:`10.1109/CVPR.2005.38`

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.denoisers import NonLocalMeansDenoiser
    >>> clean = np.zeros((2, 32, 32))
    >>> clean[:, 8:24, 8:24] = 1
    >>> denoiser = NonLocalMeansDenoiser().fit(clean)
    >>> bool(denoiser.score(clean, sigma=0.1) > 28)
    True
    """

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "strength": [Interval(Real, 0, None, closed="neither")],
        "patch_size": [at_least(1)],
        "patch_distance": [at_least(1)],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        *,
        strength=0.8,
        patch_size=5,
        patch_distance=6,
        n_jobs=None,
        sigma=None,
        image_shape=None,
    ):
        self.strength = strength
        self.patch_size = patch_size
        self.patch_distance = patch_distance
        self.n_jobs = n_jobs
        self.sigma = sigma
        self.image_shape = image_shape

    def _fit(self, images):
        require("skimage.restoration", "scikit-image", self)

    def _denoise(self, noisy, sigma, clean=None):
        one = partial(_denoise_one, self.strength, self.patch_size, self.patch_distance)
        return denoise_each(one, noisy, sigma, self.n_jobs)

    def _reach(self):
        return self.patch_distance + self.patch_size, 1


def _denoise_one(strength, patch_size, patch_distance, image, sigma):
    from skimage.restoration import denoise_nl_means

    height, width = image.shape
    denoised = denoise_nl_means(
        extended(image, max(patch_size, 2)),
        patch_size=patch_size,
        patch_distance=patch_distance,
        h=strength * sigma,
        sigma=sigma,
    )
    return denoised[:height, :width]
