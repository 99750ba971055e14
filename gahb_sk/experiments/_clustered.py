r"""Means over images with standard errors that know which images come from one source.

Patches of one photograph resemble each other, so n of them tell less than n photographs. With
:math:`r_i = x_i - \bar x` and G sources, the variance of the mean is

.. math:: \frac{G}{G - 1} \frac{1}{n^2} \sum_g \Bigl(\sum_{i \in g} r_i\Bigr)^2,

that of independent images if each is a source of its own.

References
----------
A. C. Cameron and D. L. Miller, "A practitioner's guide to cluster-robust inference", J. Human
Resources 50 (2015), DOI 10.3368/jhr.50.2.317.
"""

import numpy as np
from scipy.stats import t as student

LEVEL = 0.95  # of the intervals that verdicts go by


def clustered_mean(values, sources):
    """Mean of values of which some come from one source.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite.
    sources : ndarray of shape (n,)
        Which source each value is of.

    Returns
    -------
    mean, error : float
        The mean and its standard error, NaN for one source.
    n_sources : int
    """
    if not len(values):
        return float("nan"), float("nan"), 0
    mean = values.mean()
    _, which = np.unique(sources, return_inverse=True)
    sums = np.bincount(which, values - mean)
    n = len(sums)
    error = np.sqrt(n / (n - 1) * np.square(sums).sum()) / len(values) if n > 1 else np.nan
    return float(mean), float(error), n


def verdict(mean, error, n_sources):
    """Tell what a mean difference shows, by Student's interval of level 95 %.

    Parameters
    ----------
    mean, error, n_sources
        As :func:`clustered_mean` returns them.

    Returns
    -------
    verdict : {"better", "worse", "no difference shown"}
    """
    if n_sources < 2 or abs(mean) <= student.ppf((1 + LEVEL) / 2, n_sources - 1) * error:
        return "no difference shown"
    return "better" if mean > 0 else "worse"
