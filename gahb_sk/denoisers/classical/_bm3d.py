"""BM3D: joint shrinkage of groups of similar patches, by the package of its authors."""

from functools import partial

import numpy as np

from gahb_sk.denoisers.classical._colour import COLOR, in_colour
from gahb_sk.denoisers.classical._other_packages import PackageDenoiser, extended
from gahb_sk.transforms._opponent import from_opponent, to_opponent

SMALLEST = 16  # the package fails on sides below twice its 8 x 8 patches


class BM3DDenoiser(PackageDenoiser):
    """BM3D by the package ``bm3d``, which is licensed for NON-COMMERCIAL use only.

    That package is not part of gahb_sk and not installed with it; its licence, for non-commercial
    purposes, binds whoever installs (``pip install "gahb-sk[peers]"``) and uses it.

    Parameters
    ----------
    exact : bool, default=True
        Weigh each group of patches by the exact variance of its noise. False assumes the same
        variance everywhere, as the first BM3D did: ten times faster, and 0.05 (weak noise) to
        0.4 dB (sigma 0.3) worse on C^alpha images.
    color : {"opponent", "separate"}, default="opponent"
        How three channels are denoised: together, as orthonormal opponent colours whose patches
        are matched in luminance (colour BM3D), or one by one. Other numbers of channels are
        denoised one by one.
    n_jobs, sigma, image_shape
        See :class:`~gahb_sk.denoisers.FunctionDenoiser`.

    Notes
    -----
    It computes in single precision. Images with a side below 16 pixels are extended by reflection.

    References
    ----------
    Y. Makinen, L. Azzari, A. Foi, "Collaborative filtering of correlated noise: exact
    transform-domain variance for improved shrinkage and patch matching", IEEE Trans. Image
    Processing 29, 2020. :doi:`10.1109/TIP.2020.3014721`

    K. Dabov, A. Foi, V. Katkovnik, K. Egiazarian, "Image denoising by sparse 3-D
    transform-domain collaborative filtering", IEEE Trans. Image Processing 16, 2007.
    :doi:`10.1109/TIP.2007.901238`
    """

    _package = ("bm3d", "bm3d")
    _parameter_constraints: dict = {
        **PackageDenoiser._parameter_constraints,
        "exact": ["boolean"],
        **COLOR,
    }

    def __init__(self, *, exact=True, color="opponent", n_jobs=None, sigma=None, image_shape=None):
        self.exact = exact
        self.color = color
        self.n_jobs = n_jobs
        self.sigma = sigma
        self.image_shape = image_shape

    def _denoise(self, noisy, sigma, clean=None):
        if in_colour(self.color, noisy.shape[1]):
            return from_opponent(self._denoise_each(to_opponent(noisy), sigma))
        return super()._denoise(noisy, sigma)

    def _function(self):
        return partial(_denoise_one, self.exact)


def _denoise_one(exact, image, sigma):
    import bm3d

    profile = bm3d.BM3DProfile()
    profile.num_threads = 1  # several make the result depend on the order of their sums
    if not exact:
        profile.nf = 0  # no transforms of the noise spectrum: it is white
    height, width = image.shape[-2:]
    planes = np.stack([extended(plane, SMALLEST) for plane in image.reshape(-1, height, width)])
    # Several channels come last; patches are matched in the first, luminance.
    denoised = np.atleast_3d(bm3d.bm3d(np.moveaxis(planes, 0, 2).astype(float), sigma, profile))
    return np.moveaxis(denoised[:height, :width], 2, 0).reshape(image.shape)
