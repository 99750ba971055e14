r"""The exact optimum for a finite training set: the perfect memoriser.

If every training image :math:`x_i` is equally likely and nothing else is possible, the denoiser of
least mean squared error and its Jacobian are

.. math::
    f(y) = \sum_i w_i x_i, \qquad w_i \propto \exp(-\|y - x_i\|^2 / 2 \sigma^2), \qquad
    J(y) = \frac{1}{\sigma^2} \sum_i w_i (x_i - f(y)) (x_i - f(y))^T .

It tends to the nearest training image as sigma tends to 0, and to the mean as sigma grows.
"""

from typing import NamedTuple

import numpy as np
import torch

from gahb_sk._validation import Integral
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.denoisers.optimal._screened_sums import ScreenedSums
from gahb_sk.denoisers.optimal._softmax import SoftmaxSums, pick_dtype
from gahb_sk.jacobians._operator import JacobianOperator
from gahb_sk.jacobians._posterior import factored_operator
from gahb_sk.networks._devices import resolve_device

_GROUP = 128  # noisy images that are screened together
_KEPT_VALUES = 2**25  # of weighted training images kept by a Jacobian
_LOST_WEIGHT = 1e-14  # training images of less weight are left out of a Jacobian


class Neighbors(NamedTuple):
    """The most likely training images, in decreasing order of weight: arrays (n, n_neighbors).

    Weights sum to 1 over the whole training set; distances are Euclidean.
    """

    indices: np.ndarray
    weights: np.ndarray
    distances: np.ndarray


class EmpiricalBayesDenoiser(BaseDenoiser):
    """Posterior mean under the empirical law of the training images.

    Parameters
    ----------
    device : str, default="auto"
        Where to compute: "auto" is a GPU if there is one, else the CPU.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Attributes
    ----------
    training_images_ : ImageBatch
        The training images, not copied: a lazy stack stays lazy and is read in blocks at each
        ``transform``. Arrays must not be changed afterwards.
    mean_ : ndarray of shape (C, H, W), float64
        Their mean.
    half_norms_ : ndarray of shape (n_training,), float64
        Half the squared distance of each training image to the mean.

    Notes
    -----
    All noisy images times all training images by matrix products, in blocks. Single precision
    where its rounding changes no weight by more than 0.1 %, and X is in single precision. Else
    single precision, with a bound of its rounding, only rules out training images that have less
    than exp(-40) of the largest weight, and the others are summed in double precision.

    Examples
    --------
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.denoisers import EmpiricalBayesDenoiser
    >>> X = make_disk_images(50, 16, random_state=0)
    >>> denoiser = EmpiricalBayesDenoiser().fit(X)
    >>> denoised = denoiser.transform(add_gaussian_noise(X, 0.01, 0), sigma=0.01)
    >>> bool(abs(denoised - X).max() < 0.01)
    True
    """

    kind = "optimal"
    _backend = "torch"
    _fixed = "size"
    _block_values = 2**23  # of training images, and of logits, in memory at a time
    learns = True

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "device": [str],
    }

    def __init__(self, *, device="auto", sigma=None, image_shape=None):
        self.device = device
        self.sigma = sigma
        self.image_shape = image_shape

    def neighbors(self, X, sigma=None, n_neighbors=5):
        """Find the training images that a noisy image is most likely to be.

        Parameters
        ----------
        X, sigma
            See ``transform``.
        n_neighbors : int, default=5
            At most the number of training images.

        Returns
        -------
        neighbors : Neighbors
            ``indices``, ``weights``, ``distances``, each an ndarray of shape (n, n_neighbors).
        """
        noisy = self._check_images(X)
        n_training = len(self.training_images_)
        if not isinstance(n_neighbors, Integral) or not 1 <= n_neighbors <= n_training:
            raise ValueError(
                f"n_neighbors: expected an int between 1 and the number of training images, "
                f"{n_training}, got {n_neighbors!r}."
            )
        level = self._check_level(sigma, len(noisy))
        found = []
        for index, chunk in self._chunks(noisy):
            chunk = torch.as_tensor(chunk)
            known = self._estimate_sigma(chunk) if level is None else level[index]
            found.append(self._nearest(chunk, torch.as_tensor(known), n_neighbors))
        return Neighbors(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def _fit(self, images):
        resolve_device(self.device)
        total = np.zeros(images.shape[1:])
        for _, chunk in images.chunks(self._block_length(images, 1)):
            total += chunk.sum(0, dtype=np.float64)
        self.mean_ = total / len(images)
        self.half_norms_ = np.empty(len(images))
        self._largest_norm = 0.0
        for index, chunk in images.chunks(self._block_length(images, 1)):
            flat = chunk.reshape(len(chunk), -1).astype(np.float64)
            self._largest_norm = max(self._largest_norm, np.sqrt(np.vecdot(flat, flat).max()))
            flat -= self.mean_.ravel()
            self.half_norms_[index] = 0.5 * np.vecdot(flat, flat)
        self.training_images_ = images

    def _block_length(self, images, n_queries):
        return max(1, self._block_values // max(int(np.prod(images.shape[1:])), n_queries))

    def _centred(self, noisy, sigma):
        """Return the noisy images less the mean, ``(Q, d)``, and sigma, in double precision."""
        device = resolve_device(self.device)
        mean = torch.from_numpy(self.mean_).to(device)
        return (noisy.to(device).double() - mean).flatten(1), sigma.to(device).double()

    def _blocks(self, n_queries, device):
        """Yield the slice, the flat images ``(K, d)`` and their half norms of each block."""
        images = self.training_images_
        length = self._block_length(images, n_queries)
        half_norms = torch.from_numpy(self.half_norms_).to(device)
        for start in range(0, len(images), length):
            index = slice(start, min(start + length, len(images)))
            yield index, images.tensor(index).to(device).flatten(1), half_norms[index]

    def _denoise(self, noisy, sigma, clean=None):
        queries, level = self._centred(noisy, sigma)
        norms = self._largest_norm, float(self.half_norms_.max())
        exact = pick_dtype(noisy, queries.norm(dim=1).max(), norms[0], level) == torch.float64
        groups = zip(queries.split(_GROUP), level.split(_GROUP), strict=True)
        sums = [ScreenedSums(*group, *norms, exact) for group in groups]
        for _, keys, half_norms in self._blocks(min(len(queries), _GROUP), queries.device):
            for part in sums:
                part.add(keys, half_norms)
        return torch.cat([part.mean() for part in sums]).reshape(noisy.shape)

    def _logits(self, sums, n_queries):
        """Add all training images, without values; yield each slice with its logits."""
        for index, keys, half_norms in self._blocks(n_queries, sums.queries.device):
            block = sums.queries @ keys.double().T - half_norms
            sums.add_logits(block)
            yield index, block

    def _nearest(self, noisy, sigma, k):
        sums = SoftmaxSums(*self._centred(noisy, sigma))
        best = sums.queries.new_empty(len(noisy), 0)
        indices = torch.empty(len(noisy), 0, dtype=torch.long, device=best.device)
        for index, block in self._logits(sums, len(noisy)):
            place = torch.arange(index.start, index.stop, device=best.device)
            values = torch.cat([best, block], 1)
            indices = torch.cat([indices, place.expand(len(noisy), -1)], 1)
            best, order = values.topk(min(k, values.shape[1]), dim=1)
            indices = indices.gather(1, order)
        indices = indices.cpu().numpy()
        chosen = np.stack([self.training_images_.numpy(row) for row in indices])
        distances = np.square(chosen - noisy.cpu().double().numpy()[:, None])
        distances = np.sqrt(distances.reshape(*indices.shape, -1).sum(-1))
        return indices, sums.weights(best).cpu().numpy(), distances

    def _jacobian(self, image, sigma, clean=None):
        level = torch.tensor([sigma], dtype=torch.float64)
        sums = SoftmaxSums(*self._centred(torch.from_numpy(image[None]), level))
        found = [block[0] for _, block in self._logits(sums, 1)]
        weights = sums.weights(torch.cat(found)[None])[0].cpu().numpy()
        kept = np.flatnonzero(weights > _LOST_WEIGHT)
        weights = weights[kept] / weights[kept].sum()
        rows = self._weighted_rows(kept, weights, sigma)
        if kept.size * image.size <= _KEPT_VALUES:
            return factored_operator(np.concatenate(list(rows())))
        return JacobianOperator(
            image.size, lambda V: sum(A.T @ (A @ V) for A in rows()), positive=True
        )

    def _weighted_rows(self, kept, weights, sigma):
        """Return a function that yields blocks A of rows, the Jacobian being sum of A^T A."""
        images = self.training_images_
        length = self._block_length(images, 1)
        pieces = [slice(i, i + length) for i in range(0, len(kept), length)]

        def flat(piece):
            rows = images.numpy(kept[piece]).astype(np.float64) - self.mean_
            return rows.reshape(len(rows), -1)

        mean = sum(weights[piece] @ flat(piece) for piece in pieces)
        scale = np.sqrt(weights) / sigma if sigma > 0 else np.zeros(len(weights))

        def blocks():
            for piece in pieces:
                yield scale[piece, None] * (flat(piece) - mean)

        return blocks
