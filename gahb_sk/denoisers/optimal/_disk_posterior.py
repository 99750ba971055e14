r"""The optimal denoiser of the disk class of :class:`~gahb_sk.image_classes.DiskImages`.

A disk of geometry g (row, column, radius) and intensities a inside, b outside is the image
:math:`x = b + (a - b) m_g`, and everything else follows from Bayes' rule:

.. math::
    \mathrm{E}[x | y] = \sum_g w_g \big( \mathrm{E}[b | g, y] + \mathrm{E}[a - b | g, y] \, m_g
    \big), \qquad
    w_g \propto p(g) \int_{[0, 1]^2} \exp\Big( -\frac{\|y - b - (a - b) m_g\|^2}{2 \sigma^2} \Big)
    \, da \, db .

The sum over geometries is a quadrature that adapts to each image, see ``_disk_class/``.
"""

import numpy as np
from joblib import effective_n_jobs
from scipy import fft

from gahb_sk._validation import Integral
from gahb_sk.denoisers.optimal._disk_class._covariance import covariance, variances
from gahb_sk.denoisers.optimal._disk_class._nodes import Problem
from gahb_sk.denoisers.optimal._disk_class._posterior import Grids, log_evidence, mean, solve
from gahb_sk.denoisers.optimal._posterior_mean import BasePosteriorMean, log_of_noise
from gahb_sk.image_classes import DiskImages
from gahb_sk.jacobians._posterior import by_channels

# Noise levels below this part of the range of intensities are treated as this: beyond it, double
# precision does not tell the disks apart.
_SMALLEST_SIGMA = 1e-5


class DiskPosteriorMean(BasePosteriorMean):
    """Posterior mean of images of one disk: the exact optimum, up to quadrature.

    Channels of colour images are taken for independent images of the class.

    Parameters
    ----------
    image_class : DiskImages, default=None
        The law of the images, also with shuffled pixels; its size must be that of the images.
        Without antialiasing it needs ``lattice="integer"``. None is the default ``DiskImages`` at
        the size of the images.
    n_jobs : int, default=None
        Number of threads, in joblib's meaning: None is 1, -1 is all processors.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Attributes
    ----------
    image_class_ : DiskImages
        The law of the images.

    Notes
    -----
    Likelihoods of grids of disks come from inner products by Fourier transform; where an image's
    posterior is sharper than the grid, the grid is refined, or a lattice of about 380 nodes, one
    standard deviation apart, is laid over its only mode. The mean squared error of this
    quadrature is far below that of the estimate (a relative 1e-3 or less). Noise levels below
    1e-5 of the intensities' range are treated as that.

    An image that no disk explains gets the best finite estimate, and a warning that names it.

    Examples
    --------
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.denoisers import DiskPosteriorMean
    >>> clean = make_disk_images(8, 24, random_state=0)
    >>> denoiser = DiskPosteriorMean().fit(clean)
    >>> denoised = denoiser.transform(add_gaussian_noise(clean, 0.05, 0), sigma=0.05)
    >>> bool(((denoised - clean) ** 2).sum((1, 2)).mean() < 15 * 0.05**2)
    True
    """

    _chunk_pixels = 2**17
    _image_class = DiskImages

    _parameter_constraints: dict = {
        **BasePosteriorMean._parameter_constraints,
        "n_jobs": [Integral, None],
    }

    def __init__(self, image_class=None, *, n_jobs=None, sigma=None, image_shape=None):
        self.image_class = image_class
        self.n_jobs = n_jobs
        self.sigma = sigma
        self.image_shape = image_shape

    def _fit(self, images):
        super()._fit(images)
        law = self._law
        if law.antialias == "none" and law.lattice == "continuous":
            raise ValueError(
                f"image_class: expected antialias='area' with lattice='continuous', got {law!r}: "
                "the likelihood jumps with the geometry and no grid resolves it. Use "
                "lattice='integer'."
            )
        if law.intensity_range[0] == law.intensity_range[1]:
            raise ValueError(f"image_class: expected low < high in intensity_range, got {law!r}.")
        self._grids = Grids(law)

    def _smallest_sigma(self):
        low, high = self._law.intensity_range
        return _SMALLEST_SIGMA * (high - low)

    def _problem(self, images, sigma):
        """Return the problem of a stack of grey images ``(n, H, W)``."""
        variance = np.square(np.maximum(sigma, self._smallest_sigma()))
        return Problem(images, variance, self._law, effective_n_jobs(self.n_jobs))

    def _solved(self, work, images, sigma):
        """Call ``work(problem, mixtures)`` on all channels of a stack ``(n, C, H, W)``."""
        grey = images.reshape(-1, *images.shape[2:]).astype(np.float64)
        problem = self._problem(grey, np.repeat(sigma.astype(np.float64), images.shape[1]))
        with fft.set_workers(problem.n_threads):
            return work(problem, solve(self._grids, problem))

    def _mean(self, images, sigma):
        return self._solved(mean, images, sigma).reshape(images.shape)

    def _log_density(self, images, sigma):
        ratio = self._solved(log_evidence, images, sigma).reshape(images.shape[:2]).sum(1)
        return log_of_noise(images, sigma) + ratio

    def _variances(self, images, sigma):
        return self._solved(variances, images, sigma).reshape(images.shape[:2]).sum(1)

    def _covariance(self, image, sigma):
        problems = [self._problem(channel[None], np.array([sigma])) for channel in image]
        return by_channels([covariance(one, solve(self._grids, one)[0]) for one in problems])
