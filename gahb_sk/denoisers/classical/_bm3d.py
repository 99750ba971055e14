"""BM3D: joint shrinkage of groups of similar patches, by the package of its authors."""

from functools import partial

from gahb_sk._validation import Integral
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.denoisers.classical._peers import denoise_each, extended, require

SMALLEST = 16  # the package fails on sides below twice its 8 x 8 patches


class BM3DDenoiser(BaseDenoiser):
    """BM3D by the package ``bm3d``, which is licensed for NON-COMMERCIAL use only.

    This class only calls that package, which is not part of gahb_sk and not installed with it;
    its own licence, for non-commercial purposes, binds whoever installs and uses it.

    Parameters
    ----------
    exact : bool, default=True
        Weigh each group of patches by the exact variance of its noise, as the package does by
        default. False takes the variance for the same everywhere, as the first BM3D did: ten
        times faster, and 0.05 (weak noise) to 0.4 dB (sigma 0.3) below on C^alpha images.
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
        In ``fit``, if bm3d is not installed (``pip install "gahb-sk[peers]"``).

    Notes
    -----
    It computes in single precision, whatever the images' own. Images with a side below 16 pixels
    are extended by reflection.

    References
    ----------
    Y. Makinen, L. Azzari, A. Foi, "Collaborative filtering of correlated noise: exact
    transform-domain variance for improved shrinkage and patch matching", IEEE Trans. Image
    Processing 29, 2020. :doi:`10.1109/TIP.2020.3014721`

    K. Dabov, A. Foi, V. Katkovnik, K. Egiazarian, "Image denoising by sparse 3-D
    transform-domain collaborative filtering", IEEE Trans. Image Processing 16, 2007.
    :doi:`10.1109/TIP.2007.901238`
    """

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "exact": ["boolean"],
        "n_jobs": [Integral, None],
    }

    def __init__(self, *, exact=True, n_jobs=None, sigma=None, image_shape=None):
        self.exact = exact
        self.n_jobs = n_jobs
        self.sigma = sigma
        self.image_shape = image_shape

    def _fit(self, images):
        require("bm3d", "bm3d", self)

    def _denoise(self, noisy, sigma, clean=None):
        return denoise_each(partial(_denoise_one, self.exact), noisy, sigma, self.n_jobs)


def _denoise_one(exact, image, sigma):
    import bm3d

    profile = bm3d.BM3DProfile()
    profile.num_threads = 1  # several make the result depend on the order of their sums
    if not exact:
        profile.nf = 0  # no transforms of the noise spectrum: it is white
    height, width = image.shape
    denoised = bm3d.bm3d(extended(image, SMALLEST).astype(float), sigma, profile)
    return denoised[:height, :width]
