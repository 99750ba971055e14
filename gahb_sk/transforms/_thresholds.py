r"""Thresholding rules and ways to choose the threshold.

A rule maps a noisy coefficient :math:`c = x + \sigma z` and a threshold :math:`T` to
:math:`\rho_T(c)`:

- hard: :math:`c\,1_{|c| > T}`;
- soft: :math:`\mathrm{sign}(c) \max(|c| - T, 0)`;
- garrote: :math:`(c - T^2 / c)\,1_{|c| > T}`, continuous as soft, unbiased at infinity as hard.

Where :math:`\rho_T` is continuous, Stein's unbiased estimate of its risk is
:math:`\sum (\rho_T(c) - c)^2 + 2 \sigma^2 \rho_T'(c) - \sigma^2`. Hard thresholding jumps at
:math:`T`, so the estimate is biased and choosing :math:`T` by it is refused.
"""

import numpy as np
import numpy.typing as npt

from gahb_sk._image_checks import check_magnitude
from gahb_sk._validation import at_least, broadcast, check_name, numbers, validate_params

N_TRIALS = 16  # thresholds that "sure" tries, evenly from 0 to the universal one


def hard(coefficients, threshold):
    """Keep coefficients above the threshold in absolute value."""
    return coefficients * (np.abs(coefficients) > threshold)


def soft(coefficients, threshold):
    """Pull coefficients towards 0 by the threshold."""
    return coefficients - np.clip(coefficients, -threshold, threshold)


def garrote(coefficients, threshold):
    """Pull by ``threshold**2 / coefficient``: the non-negative garrote.

    H.-Y. Gao, Journal of Computational and Graphical Statistics 7, 1998. DOI
    10.1080/10618600.1998.10474789.
    """
    return coefficients * _garrote_factor(coefficients, threshold)


def _hard_slope(coefficients, threshold):
    return (np.abs(coefficients) > threshold).astype(coefficients.dtype)


def _garrote_slope(coefficients, threshold):
    factor = _garrote_factor(coefficients, threshold)
    return np.where(factor > 0, 2 - factor, 0)


def _garrote_factor(coefficients, threshold):
    size = np.abs(coefficients)
    keep = size > threshold
    return np.where(keep, 1 - (threshold / np.where(keep, size, 1)) ** 2, 0)


RULES = {"hard": hard, "soft": soft, "garrote": garrote}

# Derivative of each rule with respect to the coefficient, where there is one.
SLOPES = {"hard": _hard_slope, "soft": _hard_slope, "garrote": _garrote_slope}


def _soft_threshold_slope(coefficients, threshold):
    return -np.sign(coefficients) * (np.abs(coefficients) > threshold)


def _garrote_threshold_slope(coefficients, threshold):
    keep = np.abs(coefficients) > threshold
    return np.where(keep, -2 * threshold / np.where(keep, coefficients, 1), 0)


# Derivative of each rule with respect to the threshold, where there is one.
THRESHOLD_SLOPES = {
    "hard": lambda coefficients, threshold: np.zeros_like(coefficients),
    "soft": _soft_threshold_slope,
    "garrote": _garrote_threshold_slope,
}


def is_continuous(rule):
    """Tell whether Stein's estimate is exact for the rule of this name."""
    return rule != "hard"


@validate_params({"sigma": [numbers(0)], "size": [at_least(0)]})
def universal_threshold(sigma: npt.ArrayLike, size: int) -> np.ndarray:
    r"""Return :math:`\sigma \sqrt{2 \log n}` for ``size`` coefficients (Donoho and Johnstone)."""
    return np.asarray(sigma) * np.sqrt(2 * np.log(max(size, 1)))


@validate_params(
    {
        "coefficients": [numbers()],
        "threshold": [numbers(0)],
        "sigma": [numbers(0)],
    }
)
def stein_risk(
    coefficients: np.ndarray,
    threshold: npt.ArrayLike,
    sigma: npt.ArrayLike,
    rule: str = "soft",
) -> np.ndarray:
    """Stein's unbiased estimate of the squared error of a thresholded block.

    Parameters
    ----------
    coefficients : ndarray of shape (n, ...)
        Noisy coefficients, one block per image.
    threshold : float or ndarray of shape (n,)
        Threshold of each block.
    sigma : float or ndarray of shape (n,)
        Noise level of each block.
    rule : {"soft", "garrote"}, default="soft"
        A continuous rule.

    Returns
    -------
    risk : ndarray of shape (n,)
        Estimated squared error, summed over the block. Its expectation is the true one.

    References
    ----------
    D. Donoho, I. Johnstone, "Adapting to unknown smoothness via wavelet shrinkage", Journal of
    the American Statistical Association 90, 1995. DOI 10.1080/01621459.1995.10476626.
    """
    if not is_continuous(check_name(rule, RULES, "rule")):
        raise ValueError(f"rule must be continuous for Stein's estimate, got {rule!r}: use 'soft'.")
    if np.ndim(coefficients) < 1:
        raise ValueError("coefficients: expected an array of shape (n, ...), got one number.")
    flat = np.reshape(coefficients, (len(coefficients), -1))
    threshold = broadcast(threshold, len(flat), "threshold")
    variance = np.square(check_magnitude(broadcast(sigma, len(flat), "sigma"), "sigma"))
    return _stein_risk(flat, threshold, variance, rule)


def _stein_risk(flat, threshold, variance, rule):
    threshold = threshold.reshape(-1, 1).astype(flat.dtype)
    change = RULES[rule](flat, threshold) - flat
    slope = SLOPES[rule](flat, threshold).sum(axis=1, dtype=np.float64)
    bias = np.einsum("ij,ij->i", change, change, dtype=np.float64)
    return bias + variance * (2 * slope - flat.shape[1])


def _bayes(band, sigma, size, rule):
    """BayesShrink: sigma^2 / sigma_x, from the moment estimate of the band's own deviation."""
    flat = band.reshape(len(band), -1)
    power = np.vecdot(flat, flat).astype(np.float64) / flat.shape[1]
    signal = np.sqrt(np.maximum(power - sigma**2, 0))
    threshold = sigma**2 / np.where(signal > 0, signal, 1)
    nothing = (signal <= 0) & (sigma > 0)
    threshold[nothing] = np.abs(flat[nothing]).max(axis=1)
    return threshold


def bayes_threshold_slope(band, sigma):
    r"""Derivative of the "bayes" threshold by the coefficients of a band ``(n, ...)``.

    With T = sigma^2 / s and s^2 = mean(c^2) - sigma^2 it is :math:`\partial T / \partial c_j =
    -\sigma^2 c_j / (n s^3)`. Where s = 0 nothing is kept, and the derivative, which then plays no
    part, is 0.
    """
    flat = band.reshape(len(band), -1)
    power = np.maximum(np.vecdot(flat, flat) / flat.shape[1] - sigma**2, 0)
    scale = np.where(power > 0, sigma**2 / np.where(power > 0, power, 1) ** 1.5, 0)
    return (-scale[:, None] / flat.shape[1] * flat).reshape(band.shape)


def _sure(band, sigma, size, rule):
    """Minimise Stein's estimate over the band."""
    highest = universal_threshold(sigma, band[0].size)
    trials = np.linspace(0, 1, N_TRIALS)
    flat, variance = band.reshape(len(band), -1), np.square(sigma)
    risks = [_stein_risk(flat, share * highest, variance, rule) for share in trials]
    return trials[np.argmin(risks, axis=0)] * highest


THRESHOLDS = {
    "universal": lambda band, sigma, size, rule: universal_threshold(sigma, size),
    "bayes": _bayes,
    "sure": _sure,
}


def band_threshold(band, sigma, threshold, rule, size):
    """Threshold ``(n,)`` of a band ``(n, ...)`` of images with ``size`` coefficients in all.

    A number k stands for ``k * sigma``, a string for an entry of ``THRESHOLDS``.
    """
    if not isinstance(threshold, str):
        return threshold * sigma
    return THRESHOLDS[threshold](band, sigma, size, rule)
