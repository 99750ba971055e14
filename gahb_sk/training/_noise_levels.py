"""Laws of the noise level in training, as quantile functions, and stratified draws from them.

The levels of a batch depend on its number and size, and on the seed: stratification is over the
whole batch, on however many processes it is computed. A law maps ``u`` uniform on [0, 1] to a noise
level in ``[low, high]``.
"""

from numbers import Real

import numpy as np


def _log_uniform(u, low, high):
    return low * (high / low) ** u


def _uniform(u, low, high):
    return low + (high - low) * u


def _uniform_squared(u, low, high):
    """The paper's law: sigma = high U^2, not below ``low``."""
    return np.maximum(high * u**2, low)


NOISE_LAWS = {
    "log_uniform": _log_uniform,
    "uniform": _uniform,
    "uniform_squared": _uniform_squared,
}


def draw_noise_levels(law, noise_range, n, generator, stratified=True):
    """Draw ``n`` noise levels.

    Parameters
    ----------
    law : str or sequence of float
        A name in ``NOISE_LAWS``, or quantiles: noise levels at equally spaced probabilities from 0
        to 1, between which the logarithm is interpolated.
    noise_range : tuple of float
        ``(low, high)``.
    n : int
        How many.
    generator : numpy.random.Generator
        Source of randomness.
    stratified : bool, default=True
        Whether to take one level from each of n strata of equal probability, in random order,
        which lowers the variance of a batch's loss.

    Returns
    -------
    sigma : ndarray of shape (n,), float32
    """
    u = generator.random(n)
    if stratified:
        u = (generator.permutation(n) + u) / n
    levels = NOISE_LAWS[law](u, *noise_range) if isinstance(law, str) else _quantiles(u, law)
    return levels.astype(np.float32)


def _quantiles(u, levels):
    return np.exp(np.interp(u, np.linspace(0, 1, len(levels)), np.log(levels)))


def check_noise_range(noise_range):
    """Return ``(low, high)`` as floats.

    Raises
    ------
    ValueError
        Unless ``0 < low <= high``, both finite.
    """
    numbers = [isinstance(s, Real) and np.isfinite(s) for s in noise_range]
    if len(numbers) != 2 or not all(numbers) or not 0 < noise_range[0] <= noise_range[1]:
        raise ValueError(
            f"noise_range: expected (low, high) with 0 < low <= high, got {noise_range!r}."
        )
    return float(noise_range[0]), float(noise_range[1])
