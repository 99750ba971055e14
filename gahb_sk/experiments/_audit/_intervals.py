"""Means over images with 95 % intervals, as numbers and as words."""

import numpy as np
from scipy.stats import t

from gahb_sk.experiments._train_and_test import mean_and_error


def mean_and_margin(values):
    """Return the mean and half the width of its 95 % interval (Student's), NaN for one value."""
    values = np.asarray(values, np.float64)
    mean, error = mean_and_error(values)
    return mean, float(t.ppf(0.975, len(values) - 1) * error) if len(values) > 1 else float("nan")


def said(value, margin, unit="", digits=2):
    """Write a number with its margin, such as ``1.23 ± 0.04 dB``."""
    unit = f" {unit}" if unit else ""
    known = "" if np.isnan(margin) else f" ± {margin:.{digits}f}"
    return f"{value:.{digits}f}{known}{unit}"


def certain(value, margin, threshold=0.0):
    """Return 1 or -1 if the value is above or below the threshold beyond its margin, else 0.

    One image has no margin: its value is then taken as it is.
    """
    margin = 0.0 if np.isnan(margin) else margin
    return int(value - margin > threshold) - int(value + margin < threshold)
