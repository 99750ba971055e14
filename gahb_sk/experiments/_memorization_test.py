r"""Which samples are copies of training images: one p-value per sample, with error control.

A sample is suspicious if it is nearer to the training set than a fresh image of the same law would
be. With t the distance of a sample to its nearest training image (or its ratio to the second
nearest), and :math:`t_1, \ldots, t_M` the same of M fresh images,

.. math::
    p = \frac{1 + \#\{m : t_m \le t\}}{1 + M}

is a valid p-value of "the sample is a fresh image": P(p <= u) <= u for every u, whatever the law.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import false_discovery_control

from gahb_sk._validation import Interval, Real, StrOptions, validate_params
from gahb_sk.denoisers import EmpiricalBayesDenoiser
from gahb_sk.images import as_images


@dataclass(frozen=True)
class MemorizationTest:
    """Result of :func:`memorization_test`.

    Attributes
    ----------
    p_values : ndarray of shape (n,)
        Of each sample, in (0, 1]; small for a copy.
    q_values : ndarray of shape (n,)
        The same adjusted by Benjamini and Hochberg: samples of ``q <= level`` are memorised, and
        a share of at most ``level`` of them wrongly, in expectation.
    memorized : ndarray of shape (n,), bool
        Whether ``q_values <= level``.
    index : ndarray of shape (n,), int
        The nearest training image.
    distance : ndarray of shape (n,)
        Euclidean distance to it, in the units of the images.
    statistic : ndarray of shape (n,)
        The distance, or its ratio to that of the second nearest.
    null : ndarray of shape (m,)
        The same of the fresh images; without these, of each training image to all others.
    """

    p_values: np.ndarray
    q_values: np.ndarray
    memorized: np.ndarray
    index: np.ndarray
    distance: np.ndarray
    statistic: np.ndarray
    null: np.ndarray


@validate_params(
    {
        "statistic": [StrOptions({"distance", "ratio"})],
        "level": [Interval(Real, 0, 1, closed="neither")],
    }
)
def memorization_test(
    samples: Any,  # arrays, tensors and lazy stacks
    training_images: Any,
    fresh_images: Any = None,
    *,
    statistic: str = "distance",
    level: float = 0.05,
) -> MemorizationTest:
    """Test for each sample whether it is nearer to the training images than a fresh image is.

    Parameters
    ----------
    samples : array-like, torch.Tensor or lazy stack of shape (n, H, W) or (n, C, H, W)
        Finite images: leave out samples that diverged.
    training_images : array-like, torch.Tensor or lazy stack of shape (N, H, W) or (N, C, H, W)
        At least 2.
    fresh_images : array-like, torch.Tensor or lazy stack, default=None
        Images of the law of the training images, none of which was trained on. They decide the
        smallest p-value, 1 / (1 + M). None: the training images are their own null, see Notes.
    statistic : {"distance", "ratio"}, default="distance"
        Distance to the nearest training image, or its ratio to the distance to the second
        nearest. The ratio finds copies where distances vary much from image to image, but no
        copy of an image that the training set holds twice. It needs fresh images.
    level : float, default=0.05
        False discovery rate of ``memorized``.

    Returns
    -------
    test : MemorizationTest

    Raises
    ------
    ValueError
        If shapes differ, there are fewer than 2 training images, or the ratio is asked for
        without fresh images.

    Notes
    -----
    Without fresh images the sample joins the training set. If it were one more image of the law,
    the N + 1 images could be exchanged, and so could their distances to their nearest neighbours.
    The rank of the sample's distance among them is therefore an exact p-value, too. The smallest
    is 2 / (N + 1), since a copy is also the nearest neighbour of its original.

    With fresh images, the p-values of several samples are positively dependent, and
    Benjamini-Hochberg holds its level [1]_. To find k copies among n samples at all, M must be at
    least n / (k level). A test can tell copies from fresh images only: a sampler whose images
    are not of the law may give p-values that are not uniform without copying anything.

    References
    ----------
    .. [1] S. Bates, E. Candes, L. Lei, Y. Romano, M. Sesia, "Testing for outliers with conformal
       p-values", Annals of Statistics 51, 2023. DOI 10.1214/22-AOS2244.

    Examples
    --------
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.experiments import memorization_test
    >>> X = make_disk_images(400, 16, random_state=0)
    >>> samples = add_gaussian_noise(X[:3], 0.001, random_state=1)
    >>> print(memorization_test(samples, X[:100], X[100:]).memorized)
    [ True  True  True]
    """
    shape = as_images(training_images, name="training_images").image_shape
    if len(training_images) < 2:
        raise ValueError("training_images: expected at least 2 images, got 1.")
    _check_shape(samples, shape, "samples")
    searched = EmpiricalBayesDenoiser().fit(training_images)
    distances, index = _two_nearest(searched, samples)
    measure = _STATISTICS[statistic]
    found = measure(distances)
    if fresh_images is None:
        if statistic != "distance":
            raise ValueError(
                "fresh_images: expected images for statistic='ratio', got None. Give images that "
                "were not trained on, or statistic='distance'."
            )
        null = _leave_one_out(searched, training_images)
        # An original that the sample has come nearer to than any other image has.
        extra = null[index] > found
    else:
        _check_shape(fresh_images, shape, "fresh_images")
        null, extra = measure(_two_nearest(searched, fresh_images)[0]), np.zeros(len(found), bool)
    below = np.searchsorted(np.sort(null), found, side="right") + extra
    p_values = (1 + below) / (1 + len(null))
    q_values = false_discovery_control(p_values)
    return MemorizationTest(
        p_values, q_values, q_values <= level, index, distances[:, 0], found, null
    )


def _ratio(distances):
    """Nearest over second nearest; 1 where both are 0: which of two equal images, none can say."""
    nearest, second = distances.T
    return np.divide(nearest, second, out=np.ones(len(nearest)), where=second > 0)


_STATISTICS = {"distance": lambda distances: distances[:, 0], "ratio": _ratio}


def _two_nearest(searched, images):
    """Distances (n, 2) to the two nearest training images, and the numbers of the nearest."""
    found = searched.neighbors(images, sigma=1.0, n_neighbors=2)
    return found.distances, found.indices[:, 0]


def _leave_one_out(searched, training_images):
    """Distance of each training image to the nearest other one: its nearest is itself."""
    return _two_nearest(searched, training_images)[0][:, 1]


def _check_shape(images, shape, name):
    found = as_images(images, name=name).image_shape
    if found != shape:
        raise ValueError(
            f"{name}: expected images of the shape of the training images, {shape}, got shape "
            f"{found}."
        )
