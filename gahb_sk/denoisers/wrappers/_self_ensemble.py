"""The mean over turned and mirrored images, which no denoiser of natural images loses by."""

import numpy as np

from gahb_sk._validation import Options
from gahb_sk.denoisers.wrappers._wrapper import WrapperDenoiser

# Quarter turns, and whether the image is mirrored first; the first four keep the sides of images.
_SYMMETRIES = [(0, False), (0, True), (2, False), (2, True)]
_SYMMETRIES += [(1, False), (1, True), (3, False), (3, True)]


class SelfEnsemble(WrapperDenoiser):
    r"""Average a denoiser over the symmetries of the square (geometric self-ensemble).

    .. math:: \bar f(y) = \frac{1}{n} \sum_{g} g^{-1} f(g\, y)

    Its squared error is at most the mean of those of the n terms, since it is convex, and
    smaller wherever they differ. Where a class of images is as likely turned or mirrored, the
    optimum has the symmetry that the mean enforces. It costs n times as much. With the network
    "photographs" it gains 0.08 to 0.09 dB on photographs; with bandlets and wavelets it is a coarse
    spin.

    Parameters
    ----------
    denoiser : denoiser
        Oracles are refused.
    n_symmetries : {2, 4, 8}, default=8
        2: the image and its mirror image; 4: both turned by a half, too; 8: by quarters.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Attributes
    ----------
    denoiser_ : denoiser
        Fitted.
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``.

    References
    ----------
    R. Timofte, R. Rothe, L. Van Gool, "Seven ways to improve example-based single image super
    resolution", CVPR 2016, section 3.6. :doi:`10.1109/CVPR.2016.206`

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.denoisers import SelfEnsemble, WaveletShrinkage
    >>> y = np.random.default_rng(0).standard_normal((1, 16, 16))
    >>> f = SelfEnsemble(WaveletShrinkage())
    >>> mirrored = f.denoise(y[..., ::-1].copy(), 0.5)[..., ::-1]
    >>> bool(np.allclose(f.denoise(y, 0.5), mirrored))
    True
    """

    _parameter_constraints: dict = {
        **WrapperDenoiser._parameter_constraints,
        "n_symmetries": [Options(int, {2, 4, 8})],
    }

    def __init__(self, denoiser, *, n_symmetries=8, image_shape=None):
        self.denoiser = denoiser
        self.n_symmetries = n_symmetries
        self.image_shape = image_shape

    def _denoise(self, noisy, sigma, clean=None):
        total = np.zeros(noisy.shape, np.float64)
        for turns, mirrored in _SYMMETRIES[: self.n_symmetries]:
            seen = np.rot90(noisy[..., ::-1] if mirrored else noisy, turns, axes=(-2, -1))
            done = self.denoiser_.denoise(np.ascontiguousarray(seen), sigma)
            back = np.rot90(done, -turns, axes=(-2, -1))
            total += back[..., ::-1] if mirrored else back
        return (total / self.n_symmetries).astype(noisy.dtype)

    def _estimate_sigma(self, noisy):
        return self.denoiser_._estimate_sigma(noisy)

    def _bytes_per_pixel(self, channels):
        return self.denoiser_._bytes_per_pixel(channels) + 16 * channels
