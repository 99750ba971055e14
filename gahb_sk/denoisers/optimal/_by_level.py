"""Parameters that may differ from noise level to noise level, such as the size of windows."""

import copy
from collections.abc import Mapping

import numpy as np

from gahb_sk._validation import Real


class ByLevel:
    """A denoiser of which one parameter may be a dict from noise level to value.

    A subclass names the parameter, ``level_parameter``, and values worth trying, ``level_values``,
    and keeps in ``_levels`` what :func:`check_levels` made of it in ``fit``.
    """

    level_parameter: str
    level_values: tuple

    def with_levels(self, value):
        """Return a copy with another value of ``level_parameter``, or a dict of values by level.

        What ``fit`` has learned stays, and is shared with the copy.
        """
        changed = copy.copy(self).set_params(**{self.level_parameter: value})
        changed._set_levels()
        return changed

    def _set_levels(self):
        """Check the parameter and store it by level, in ``fit`` and after a change."""
        raise NotImplementedError


def check_levels(value, name, legal, expected):
    """Return a parameter as a dict from noise level to value; one value serves all levels."""
    levels = value if isinstance(value, Mapping) else {1.0: value}
    good = len(levels) and all(
        isinstance(level, Real) and level > 0 and legal(one) for level, one in levels.items()
    )
    if not good:
        raise ValueError(
            f"{name}: expected {expected}, or a dict {{noise level > 0: {expected}, ...}}, got "
            f"{value!r}."
        )
    return {float(level): one for level, one in levels.items()}


def nearest_levels(levels, sigma):
    """Yield each value by level that serves some of ``sigma``, and the indices of these.

    The level nearest to each sigma counts, by its logarithm.
    """
    known = np.array(list(levels))
    tiny = np.finfo(np.float64).tiny
    away = np.abs(np.log(np.maximum(sigma, tiny))[:, None] - np.log(known))
    chosen = [list(levels.values())[k] for k in away.argmin(1)]
    for value in dict.fromkeys(chosen):
        yield value, np.array([k for k, one in enumerate(chosen) if one == value])
