r"""The optimum of a finite training set whose windows come from the data's covariance.

A linear denoiser of images of covariance C multiplies by the Wiener filter
:math:`P = C (C + \sigma^2 I)^{-1}`. Row m of it says which pixels matter to pixel m, and with
these alone a softmax over the training images estimates it:

.. math::
    f(y)_m = \sum_k w_{km} x_{km}, \qquad
    w_{km} \propto \exp(-\sum_n M_{mn} (y_n - x_{kn})^2 / 2 \sigma^2), \qquad
    M_{mn} = [\, |P_{mn} / P_{mm}| \ge \tau \max_{ij} |P_{ij} / P_{ii}| \,] .

No window is given. The less noise, the nearer P is to a projection, and the fewer pixels matter.
With :math:`\tau = 0` it is the empirical Bayes denoiser.
"""

import numpy as np
import torch

from gahb_sk._memory import check_memory
from gahb_sk._validation import Interval, Real
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.denoisers.optimal._by_level import ByLevel, check_levels, nearest_levels
from gahb_sk.denoisers.optimal._softmax import SoftmaxSums, inverse_variance, pick_dtype
from gahb_sk.jacobians._operator import JacobianOperator
from gahb_sk.networks._devices import resolve_device
from gahb_sk.transforms import principal_components

_BLOCK_VALUES = 2**22  # of training images, and of logits, in memory at a time
_WINDOW_VALUES = 2**25  # of noisy images, all windows together, in memory at a time
_SQUARES = 6  # matrices of d x d numbers that are in memory together


class CovarianceWindowsDenoiser(ByLevel, BaseDenoiser):
    """Posterior mean of each pixel from the pixels that a Wiener filter would look at.

    Parameters
    ----------
    threshold : float or dict of float to float, default=0.02
        Which pixels matter, tau in [0, 1]: those with at least this share of the largest relative
        entry of the Wiener filter. A dict gives it by noise level; the nearest level (by its
        logarithm) is used. 0: all pixels.
    device : str, default="auto"
        Where to compute: "auto" is a GPU if there is one, else the CPU.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Attributes
    ----------
    mean_ : ndarray of shape (C * H * W,)
        Mean of the training images.
    components_, variances_
        Eigenvectors, one per row, and eigenvalues of their covariance.
    thresholds_ : dict of float to float
        Threshold by noise level; one entry, at 1.0, if one serves all.
    training_images_ : ImageBatch
        The training images, not copied; a lazy stack stays lazy.

    Notes
    -----
    The softmax is over all training images, as in the formula. Published code normalises it over
    each batch of training images and then averages over batches, which is another estimator.

    References
    ----------
    A. Lukoianov, C. Yuan, J. Solomon, V. Sitzmann, "Locality in image diffusion models emerges from
    data statistics", 2025. arXiv:2509.09672

    Examples
    --------
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.denoisers import CovarianceWindowsDenoiser, EmpiricalBayesDenoiser
    >>> X = make_c_alpha_images(320, 12, random_state=0)
    >>> local, whole = CovarianceWindowsDenoiser(threshold=0.2), EmpiricalBayesDenoiser()
    >>> local.fit(X[:300]).score(X[300:], sigma=0.1) > whole.fit(X[:300]).score(X[300:], sigma=0.1)
    True
    """

    kind = "optimal"
    _backend = "torch"
    _fixed = "size"
    learns = True
    level_parameter = "threshold"
    level_values = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "threshold": [Interval(Real, 0, 1, closed="both"), dict],
        "device": [str],
    }

    def __init__(self, *, threshold=0.02, device="auto", sigma=None, image_shape=None):
        self.threshold = threshold
        self.device = device
        self.sigma = sigma
        self.image_shape = image_shape

    def windows(self, sigma):
        """Return which values matter to which at a noise level.

        Parameters
        ----------
        sigma : float
            Noise level, >= 0.

        Returns
        -------
        windows : ndarray of shape (d, d), bool
            Row m: the values of an image, in flat order, from which value m is estimated.
        """
        ((tau, _),) = nearest_levels(self.thresholds_, np.array([sigma]))
        total = self.variances_ + sigma**2
        factors = np.divide(self.variances_, total, out=np.zeros_like(total), where=total > 0)
        P = (self.components_.T * factors) @ self.components_
        diagonal = np.diag(P)
        alive = diagonal > 1e-12 * max(diagonal.max(), np.finfo(float).tiny)
        share = np.abs(P) / np.where(alive, diagonal, 1)[:, None]
        # A value that never changes has an empty row: it is known, whatever is looked at.
        return (share >= tau * share.max()) | np.eye(len(P), dtype=bool)

    def _fit(self, images):
        resolve_device(self.device)
        d = int(np.prod(images.shape[1:]))
        check_memory(_SQUARES * 8 * d**2, f"The windows of {d} values", "Cut out smaller images.")
        self.mean_, self.variances_, self.components_, _ = principal_components(images)
        self._largest_norm = 0.0
        for _, chunk in images.chunks(max(1, _BLOCK_VALUES // len(self.mean_))):
            norms = np.linalg.norm(chunk.reshape(len(chunk), -1) - self.mean_, axis=1)
            self._largest_norm = max(self._largest_norm, float(norms.max()))
        self.training_images_ = images
        self._set_levels()

    def _set_levels(self):
        self.thresholds_ = check_levels(
            self.threshold, "threshold", _is_share, "a number between 0 and 1"
        )

    def _denoise(self, noisy, sigma, clean=None):
        device = resolve_device(self.device)
        mean = torch.from_numpy(self.mean_).to(device)
        queries = noisy.to(device).double().flatten(1) - mean
        dtype = pick_dtype(noisy, queries.norm(dim=1).max(), self._largest_norm, sigma)
        queries, level = queries.to(dtype), sigma.to(device, dtype)
        out = torch.empty_like(queries)
        values, group = np.unique(sigma.double().cpu().numpy(), return_inverse=True)
        for k, one in enumerate(values):
            which = torch.from_numpy(np.flatnonzero(group == k)).to(device)
            windows = self._windows(one)
            for part in which.split(max(1, _WINDOW_VALUES // sum(map(len, windows)))):
                out[part] = torch.cat(self._masked(queries[part], level[part], windows, _own), 1)
        return (out.double() + mean).reshape(noisy.shape)

    def _windows(self, sigma):
        return [torch.from_numpy(np.flatnonzero(row)) for row in self.windows(sigma)]

    def _masked(self, queries, sigma, windows, function):
        """Average a function of the training images for each value, weighed by its window."""
        windows = [window.to(queries.device) for window in windows]
        sums = [SoftmaxSums(queries[:, window], sigma) for window in windows]
        mean = torch.from_numpy(self.mean_).to(queries)
        images = self.training_images_
        length = max(1, _BLOCK_VALUES // max(queries.shape))
        for start in range(0, len(images), length):
            block = images.tensor(slice(start, start + length)).to(queries).flatten(1) - mean
            for m, (window, one) in enumerate(zip(windows, sums, strict=True)):
                one.add(block[:, window], function(block[:, m : m + 1], block[:, window]))
        return [one.mean() for one in sums]

    def _jacobian(self, image, sigma, clean=None):
        query = torch.from_numpy(image).double().reshape(1, -1) - torch.from_numpy(self.mean_)
        level, windows = torch.tensor([sigma], dtype=torch.float64), self._windows(sigma)
        J = np.zeros((image.size, image.size))
        for m, found in enumerate(self._masked(query, level, windows, _moments)):
            own, all_, products = found[0].split([1, len(windows[m]), len(windows[m])])
            J[m, windows[m].numpy()] = (products - own * all_).numpy()
        J *= float(inverse_variance(level)[0]) if sigma > 0 else 0.0
        return JacobianOperator(image.size, lambda V: J @ V, lambda V: J.T @ V)


def _own(own, window):
    return own


def _moments(own, window):
    """Means from which the covariance of a value with those of its window follows."""
    return torch.cat([own, window, own * window], 1)


def _is_share(value):
    return isinstance(value, Real) and 0 <= value <= 1
