r"""The loss of a denoiser in parts: how far it is from the optimum, and what it knows besides.

With f the denoiser, g the optimum and x the clean image,

.. math:: |f - x|^2 = |f - g|^2 + |g - x|^2 + 2 \langle f - g, g - x \rangle .

Training on the loss distils the optimum: the first part falls. The last one, the excess, is zero in
the mean over images that were not trained on, as g is the mean of x given the noisy image. On
training images it falls below zero as the network learns what the optimum does not know: these
very images (arXiv:2603.03469).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gahb_sk._arrays import as_array
from gahb_sk._random import Seed, seed_sequence
from gahb_sk._validation import validate_params
from gahb_sk.denoisers import as_denoiser, as_denoisers
from gahb_sk.experiments._noisy_images import check_sigmas, noisy_chunks
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import with_error
from gahb_sk.images import as_images
from gahb_sk.metrics import mse


@dataclass(frozen=True)
class LossParts:
    """Result of :func:`loss_parts`: squared errors per pixel of each image.

    Attributes
    ----------
    names : list of str
        Of the denoisers.
    sigma : list of float
        The noise levels, ascending.
    loss, distillation : ndarray of shape (n_denoisers, n_sigmas, n_images)
        Squared distance to the clean image, and to the optimum.
    optimum : ndarray of shape (n_sigmas, n_images)
        Squared distance of the optimum to the clean image.
    """

    names: list
    sigma: list
    loss: np.ndarray
    distillation: np.ndarray
    optimum: np.ndarray

    @property
    def excess(self) -> np.ndarray:
        """What is left of the loss, of the same shape; of mean 0 on images not trained on."""
        return self.loss - self.distillation - self.optimum

    @property
    def table(self) -> Table:
        """One row per denoiser and noise level: all parts with standard errors over images."""
        rows = []
        for i, name in enumerate(self.names):
            for j, level in enumerate(self.sigma):
                row = {"denoiser": name, "sigma": level}
                for part in ("loss", "distillation", "excess"):
                    row |= with_error(part, getattr(self, part)[i, j])
                row |= with_error("optimum", self.optimum[j])
                rows.append({**row, "n_images": self.optimum.shape[1]})
        return Table.from_rows(rows)


@validate_params({"denoisers": [dict], "optimum": "no_validation"})
def loss_parts(
    denoisers: dict,
    optimum: Any,
    X: Any,  # arrays, tensors and lazy stacks
    sigma: npt.ArrayLike = (0.1, 0.3, 1.0),
    *,
    random_state: Seed = 0,
) -> LossParts:
    r"""Split the squared errors of denoisers into distillation of the optimum, optimum and excess.

    Parameters
    ----------
    denoisers : dict of str to fitted denoiser
        Checkpoints of a training, for example.
    optimum : fitted denoiser
        The posterior mean of the class.
    X : array-like, torch.Tensor or lazy stack of shape (n, H, W) or (n, C, H, W)
        Clean images; training images that are repeated get other noise each time.
    sigma : float or array-like of shape (n_sigmas,), default=(0.1, 0.3, 1.0)
        Noise levels, positive, in the units of X.
    random_state : int, RandomState or None, default=0
        Seed of the noise: the same for all, image by image.

    Returns
    -------
    parts : LossParts
        ``loss = distillation + optimum + excess``, see the attributes.

    Raises
    ------
    ValueError
        For no denoisers, or noise levels that are not positive.
    TypeError
        If one is no denoiser, or an oracle.

    Notes
    -----
    With f the denoiser, g the optimum and x the clean image, the excess is
    :math:`2 \langle f - g, g - x \rangle`. Its mean is zero on images that f has not seen, and
    negative where f knows images of X [1]_.

    References
    ----------
    .. [1] arXiv:2603.03469

    Examples
    --------
    >>> from gahb_sk.denoisers import EmpiricalBayesDenoiser
    >>> from gahb_sk.experiments import loss_parts
    >>> from gahb_sk.image_classes import DiskImages
    >>> law = DiskImages(8)
    >>> X = law.sample(40, random_state=0)
    >>> memoriser, best = EmpiricalBayesDenoiser().fit(X[:10]), law.posterior_mean().fit(X)
    >>> seen, unseen = (loss_parts({"memoriser": memoriser}, best, part, 0.3).table
    ...                 for part in (X[:10], X[10:]))
    >>> bool(seen["excess"] < 0), bool(abs(unseen["excess"]) < 3 * unseen["excess_se"])
    (True, True)
    """
    optimum, denoisers = as_denoiser(optimum, name="optimum"), as_denoisers(denoisers)
    for name, one in [("optimum", optimum), *denoisers.items()]:
        as_denoiser(one, name=name, oracles=False)
    X = as_array(X)
    as_images(X)
    root, levels = seed_sequence(random_state), check_sigmas(sigma)
    found = [_errors([*denoisers.values()], optimum, X, level, root) for level in levels]
    losses, distances, best = (np.stack(part, axis=-2) for part in zip(*found, strict=True))
    return LossParts([*denoisers], levels, losses, distances, best)


def _errors(denoisers, optimum, X, sigma, root):
    """Losses and distances to the optimum, (n_denoisers, n), and the optimum's losses, (n,)."""
    losses, distances, best = [], [], []
    for clean, noisy in noisy_chunks(X, np.arange(len(X)), sigma, root):
        target = optimum.denoise(noisy, sigma)
        outputs = [one.denoise(noisy, sigma) for one in denoisers]
        losses.append([mse(clean, output) for output in outputs])
        distances.append([mse(target, output) for output in outputs])
        best.append(mse(clean, target))
    return *(np.concatenate(part, axis=-1) for part in (losses, distances)), np.concatenate(best)
