"""Means over images with 95 % intervals, as numbers and as words."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from gahb_sk.experiments._train_and_test import mean_and_error


@dataclass(frozen=True)
class Level:
    """A mean over images at one noise level; half the width of its interval is the margin."""

    sigma: float
    mean: float
    margin: float


def mean_and_margin(values, n_intervals=1):
    """Return the mean and half the width of its 95 % interval (Student's), NaN for one value.

    All of ``n_intervals`` such intervals hold together with 95 % (Bonferroni).
    """
    values = np.asarray(values, np.float64)
    mean, error = mean_and_error(values)
    if len(values) < 2:
        return mean, float("nan")
    return mean, float(t.ppf(1 - 0.025 / n_intervals, len(values) - 1) * error)


def by_level(values):
    """Return a Level for each noise level of a dict of values per image; they hold together."""
    return [Level(sigma, *mean_and_margin(found, len(values))) for sigma, found in values.items()]


def clearest(levels, target=0.0):
    """Return the level that is away from a target most surely."""
    return max(levels, key=lambda one: abs(one.mean - target) - np.nan_to_num(one.margin))


def farthest(levels, target=0.0):
    """Return the level that may be farthest from a target."""
    return max(levels, key=lambda one: abs(one.mean - target) + np.nan_to_num(one.margin))


def said(value, margin, unit="", digits=2):
    """Write a number with its margin, such as ``1.23 ± 0.04 dB``."""
    unit = f" {unit}" if unit else ""
    known = "" if np.isnan(margin) else f" ± {margin:.{digits}f}"
    return f"{value:.{digits}f}{known}{unit}"


def said_at(level, unit="", digits=2, scale=1.0):
    """Write the number of a level, such as ``0.43 ± 0.04 at σ = 0.1``."""
    number = said(scale * level.mean, scale * level.margin, unit, digits)
    return f"{number} at σ = {level.sigma:g}"


def certain(value, margin, threshold=0.0):
    """Return 1 or -1 if the value is above or below the threshold beyond its margin, else 0.

    One image has no margin: its value is then taken as it is.
    """
    margin = 0.0 if np.isnan(margin) else margin
    return int(value - margin > threshold) - int(value + margin < threshold)
