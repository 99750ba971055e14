r"""Whether samples are nearer to the training images than fresh images of the same law.

The distances of samples to their nearest training images have a distribution, and so have those of
fresh images. Their Kullback-Leibler divergence, over bins that hold equal shares of the fresh
images, grows when a sampler draws its training images, and also when it draws no images of the law
at all. So the probability that a sample is nearer than a fresh image tells the direction. In the
biased phase of a training it rises above 1/2 while the test error still falls (arXiv:2603.03469).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gahb_sk._random import Seed, image_generator, seed_sequence
from gahb_sk._validation import at_least, validate_params
from gahb_sk.experiments._memorization_test import MemorizationTest, memorization_test


@dataclass(frozen=True)
class DistanceDivergence:
    """Result of :func:`distance_divergence`.

    Attributes
    ----------
    value : float
        Kullback-Leibler divergence of the samples' distances from those of fresh images, in nats.
    low, high : float
        Interval of 95 % by resampling samples and fresh images.
    null : float
        Below it are 95 % of the divergences that as many fresh images have by chance.
    nearer : float
        Probability that a sample is nearer to the training set than a fresh image, 1/2 if alike.
    nearer_low, nearer_high : float
        Interval of 95 % of it, from the same resamples.
    test : MemorizationTest
        The distances themselves, and a p-value per sample.
    """

    value: float
    low: float
    high: float
    null: float
    nearer: float
    nearer_low: float
    nearer_high: float
    test: MemorizationTest


@validate_params({"n_bins": [at_least(2)], "n_resamples": [at_least(20)]})
def distance_divergence(
    samples: Any,  # arrays, tensors and lazy stacks
    training_images: Any,
    fresh_images: Any,
    *,
    n_bins: int = 10,
    n_resamples: int = 200,
    random_state: Seed = 0,
) -> DistanceDivergence:
    """Compare distances of samples and of fresh images to the nearest training image.

    Parameters
    ----------
    samples, training_images, fresh_images : array-like, torch.Tensor or lazy stack
        Images ``(n, H, W)`` or ``(n, C, H, W)`` of one shape, see :func:`memorization_test`.
    n_bins : int, default=10
        Bins of the distance, each with an equal share of the fresh images. One image more is
        counted in each, so that no bin is empty.
    n_resamples : int, default=200
        Resamples of the interval and of the null.
    random_state : int, RandomState or None, default=0
        Seed of the resamples.

    Returns
    -------
    divergence : DistanceDivergence

    Notes
    -----
    A divergence of finite samples is positive even if nothing differs, about
    ``(n_bins - 1) / 2 n``. Compare it with ``null``, not with 0.

    Examples
    --------
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.experiments import distance_divergence
    >>> X = make_disk_images(700, 8, random_state=0)
    >>> train, fresh, more = X[:100], X[100:600], X[600:]
    >>> copies = distance_divergence(train, train, fresh)
    >>> bool(copies.value > copies.null), round(copies.nearer, 2)
    (True, 1.0)
    """
    test = memorization_test(samples, training_images, fresh_images)
    own, null = test.statistic, test.null
    root = seed_sequence(random_state)
    values, chance, nearer = np.empty((3, n_resamples))
    for k in range(n_resamples):
        generator = image_generator(root, k)
        fresh = generator.choice(null, len(null))
        drawn = generator.choice(own, len(own))
        values[k], nearer[k] = _divergence(drawn, fresh, n_bins), _nearer(drawn, fresh)
        chance[k] = _divergence(generator.choice(null, len(own)), fresh, n_bins)
    low, high = np.quantile([values, nearer], (0.025, 0.975), axis=1).tolist()
    return DistanceDivergence(
        value=_divergence(own, null, n_bins),
        low=low[0],
        high=high[0],
        null=float(np.quantile(chance, 0.95)),
        nearer=_nearer(own, null),
        nearer_low=low[1],
        nearer_high=high[1],
        test=test,
    )


def _nearer(own, fresh):
    """Return the share of fresh images that are farther, counting equal ones half."""
    fresh = np.sort(fresh)
    ranks = [np.searchsorted(fresh, own, side=side) for side in ("left", "right")]
    return float(1 - np.mean(ranks) / len(fresh))


def _divergence(own, fresh, n_bins):
    edges = np.quantile(fresh, np.arange(1, n_bins) / n_bins)
    p, q = (_shares(np.searchsorted(edges, values), n_bins) for values in (own, fresh))
    return float(np.sum(p * np.log(p / q)))


def _shares(bins, n_bins):
    counts = np.bincount(bins, minlength=n_bins) + 1
    return counts / counts.sum()
