"""Parameter validation: the one file that touches scikit-learn's private helpers.

Legal values stand in a table (``_parameter_constraints`` of an estimator, or the argument of
:func:`validate_params` for a function); an error then names the parameter, what was expected and
what came.
"""

import difflib
from numbers import Integral, Real

from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Hidden,
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    validate_parameter_constraints as validate_parameters,
    validate_params,
)  # fmt: skip
from sklearn.utils.validation import _check_n_features

__all__ = [
    "HasMethods", "Hidden", "Integral", "Interval", "InvalidParameterError", "Options", "Real",
    "StrOptions", "at_least", "check_flat_features", "check_name", "did_you_mean", "fit_context",
    "positive", "validate_parameters", "validate_params",
]  # fmt: skip

_SHOWN = 40  # legal names that an error lists


def at_least(low, kind=Integral):
    """Constraint: a number of the given kind in ``[low, inf)``."""
    return Interval(kind, low, None, closed="left")


def positive(kind=Real):
    """Constraint: a number of the given kind in ``(0, inf)``."""
    return Interval(kind, 0, None, closed="neither")


def did_you_mean(name, legal):
    """Return ``" Did you mean 'x'?"`` for the legal name nearest to ``name``, or ``""``."""
    plain = {str(one).lower(): str(one) for one in legal}
    wanted = str(name).lower()
    near = [one for one in plain if len(wanted) > 2 and one.startswith(wanted)]
    near = near or difflib.get_close_matches(wanted, plain, n=1, cutoff=0.4)
    return f" Did you mean {plain[near[0]]!r}?" if near else ""


def check_name(name, legal, what):
    """Return ``name`` if it is ``legal``; else name the nearest legal one in a ValueError."""
    legal = list(legal)
    if name in legal:
        return name
    shown = ", ".join(map(repr, legal[:_SHOWN])) + (", ..." if len(legal) > _SHOWN else "")
    raise ValueError(
        f"Unknown {what} {name!r}.{did_you_mean(name, legal)} Expected one of: {shown}."
    )


def check_flat_features(estimator, X, reset):
    """Set or compare ``n_features_in_`` for flat rows that are not a NumPy array."""
    _check_n_features(estimator, X, reset=reset)
