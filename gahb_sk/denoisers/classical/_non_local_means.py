"""Non-local means: each pixel becomes a mean of pixels whose surroundings look alike."""

from functools import partial

from gahb_sk._validation import Interval, Real, at_least
from gahb_sk.denoisers.classical._other_packages import PackageDenoiser, extended


class NonLocalMeansDenoiser(PackageDenoiser):
    """Non-local means by scikit-image (``pip install "gahb-sk[peers]"``).

    Parameters
    ----------
    strength : float, default=0.8
        Decay of the weights (the ``h`` of scikit-image) in multiples of sigma. On C^alpha images
        0.6 to 1.0 is best at every noise level.
    patch_size : int, default=5
        Side of the patches that are compared.
    patch_distance : int, default=6
        Largest distance, in pixels, between patches that are compared.
    n_jobs, sigma, image_shape
        See :class:`~gahb_sk.denoisers.FunctionDenoiser`.

    Notes
    -----
    Images with a side shorter than the patch are extended by reflection.

    References
    ----------
    A. Buades, B. Coll, J.-M. Morel, "A non-local algorithm for image denoising", CVPR 2005.
    :doi:`10.1109/CVPR.2005.38`

    Examples
    --------
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.denoisers import NonLocalMeansDenoiser
    >>> X = make_disk_images(2, 32, random_state=0)
    >>> bool(NonLocalMeansDenoiser().score(X, sigma=0.1) > 28)
    True
    """

    _package = ("skimage.restoration", "scikit-image")
    _parameter_constraints: dict = {
        **PackageDenoiser._parameter_constraints,
        "strength": [Interval(Real, 0, None, closed="neither")],
        "patch_size": [at_least(1)],
        "patch_distance": [at_least(1)],
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

    def _function(self):
        return partial(_denoise_one, self.strength, self.patch_size, self.patch_distance)

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
