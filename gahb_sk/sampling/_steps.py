"""Step sizes of the score sampler."""

import functools
import math

import numpy as np
from scipy.optimize import brentq

# Step t = 1, 2, ... from the first one, by whether steps grow.
STEPS = {
    True: lambda h0, t: h0 * t / (1 + h0 * (t - 1)),
    False: lambda h0, t: h0 + 0 * t,
}


@functools.lru_cache(maxsize=64)
def first_step(n_steps, ratio, beta, growing):
    """Return the first step with which the noise level falls by ``ratio`` in so many steps.

    Step h lowers the level by the factor ``1 - beta h``.
    """
    t = np.arange(1, n_steps + 1)

    def excess(h0):
        return np.log1p(-beta * STEPS[growing](h0, t)).sum() - math.log(ratio)

    # A little below 1, since beta = 1 brings the level to 0 with a step of 1.
    largest = 1 - 1e-12
    if excess(largest) > 0:
        least = math.ceil(math.log(ratio) / math.log1p(-beta * largest))
        raise ValueError(
            f"n_steps: expected at least {least}, which take the level down by {ratio:.3g} with "
            f"beta {beta:g}, got {n_steps}."
        )
    # Rounding must not leave the last level above sigma_end, which would cost one step more.
    return min(brentq(excess, 1e-12, largest, xtol=1e-15) * (1 + 1e-9), 1.0)
