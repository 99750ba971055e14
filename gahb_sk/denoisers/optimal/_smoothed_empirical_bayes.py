r"""The memorising optimum with a smoothed score: barycentres of training images.

The score of the empirical law, averaged over perturbations :math:`h e_m` of the query, is that of
the denoiser

.. math::
    f(y) = \frac{1}{M} \sum_{m=1}^{M} f_0(y + h e_m), \qquad e_m \sim N(0, I),

with :math:`f_0` the empirical Bayes denoiser. Perturbations come in pairs e, -e. Their mean is then
0, and averages of scores and of denoisers agree exactly. Where training images are nearly
as near as each other, f is a mean of them, and samples are no longer training images.
"""

import numpy as np
import torch

from gahb_sk._random import image_normals, seed_sequence
from gahb_sk._validation import Interval, Real, at_least
from gahb_sk.denoisers.optimal._by_level import ByLevel, check_levels, nearest_levels
from gahb_sk.denoisers.optimal._empirical_bayes import EmpiricalBayesDenoiser
from gahb_sk.jacobians._operator import JacobianOperator


class SmoothedEmpiricalBayesDenoiser(ByLevel, EmpiricalBayesDenoiser):
    """Empirical Bayes averaged over perturbations of the noisy image.

    Parameters
    ----------
    bandwidth : float or dict of float to float, default=0.1
        Standard deviation h of the perturbations in the units of the images. A dict gives it by
        noise level; the nearest level (by its logarithm) is used. 0 is
        :class:`EmpiricalBayesDenoiser`.
    n_pairs : int, default=8
        Pairs of perturbations, the same for all images.
    device : str, default="auto"
        See :class:`EmpiricalBayesDenoiser`.
    random_state : int, RandomState or None, default=0
        Seed of the perturbations.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Attributes
    ----------
    bandwidths_ : dict of float to float
        Bandwidth by noise level; one entry, at 1.0, if one serves all.
    perturbations_ : ndarray of shape (n_pairs, C, H, W)
        Of standard deviation 1. Each is added and subtracted.
    training_images_, mean_, half_norms_
        See :class:`EmpiricalBayesDenoiser`.

    References
    ----------
    C. Scarvelis, H. Saez de Ocariz Borde, J. Solomon, "Closed-form diffusion models", 2023.
    arXiv:2310.12395

    Examples
    --------
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.denoisers import EmpiricalBayesDenoiser, SmoothedEmpiricalBayesDenoiser
    >>> X = make_disk_images(60, 12, random_state=0)
    >>> memoriser, smooth = EmpiricalBayesDenoiser(), SmoothedEmpiricalBayesDenoiser(bandwidth=0.3)
    >>> new = make_disk_images(20, 12, random_state=1)
    >>> smooth.fit(X).score(new, sigma=0.1) > memoriser.fit(X).score(new, sigma=0.1)
    True
    """

    level_parameter = "bandwidth"
    level_values = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)

    _parameter_constraints: dict = {
        **EmpiricalBayesDenoiser._parameter_constraints,
        "bandwidth": [Interval(Real, 0, None, closed="left"), dict],
        "n_pairs": [at_least(1)],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        bandwidth=0.1,
        n_pairs=8,
        device="auto",
        random_state=0,
        sigma=None,
        image_shape=None,
    ):
        super().__init__(device=device, sigma=sigma, image_shape=image_shape)
        self.bandwidth = bandwidth
        self.n_pairs = n_pairs
        self.random_state = random_state

    def _fit(self, images):
        super()._fit(images)
        root = seed_sequence(self.random_state)
        self.perturbations_ = image_normals(root, range(self.n_pairs), images.shape[1:])
        self._set_levels()

    def _set_levels(self):
        self.bandwidths_ = check_levels(
            self.bandwidth, "bandwidth", _is_bandwidth, "a finite number >= 0"
        )

    def _moves(self, sigma):
        """Yield the images whose noise levels a bandwidth serves, and its moves, with factors."""
        for h, indices in nearest_levels(self.bandwidths_, sigma):
            pairs = [(sign * h, one) for one in self.perturbations_ for sign in (1, -1)]
            yield indices, pairs if h > 0 else [(0.0, np.zeros((1, 1, 1)))]

    def _denoise(self, noisy, sigma, clean=None):
        out = torch.empty_like(noisy)
        for indices, moves in self._moves(sigma.double().cpu().numpy()):
            which = torch.from_numpy(indices).to(noisy.device)
            total = 0.0
            for factor, move in moves:  # one at a time: together they are many images
                moved = noisy[which] + torch.from_numpy(factor * move).to(noisy)
                total = total + super()._denoise(moved, sigma[which])
            out[which] = (total / len(moves)).to(out)
        return out

    def _jacobian(self, image, sigma, clean=None):
        ((_, moves),) = self._moves(np.array([sigma]))
        parts = [super(SmoothedEmpiricalBayesDenoiser, self)._jacobian(image + h * move, sigma)
                 for h, move in moves]  # fmt: skip
        return JacobianOperator(
            image.size, lambda V: sum(one.matmat(V) for one in parts) / len(parts), positive=True
        )


def _is_bandwidth(value):
    return isinstance(value, Real) and 0 <= value < np.inf
