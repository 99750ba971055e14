"""Parameter validation: the one file that touches scikit-learn's private helpers.

Legal values stand in a table (``_parameter_constraints`` of an estimator, or the argument of
:func:`validate_params` for a function); an error then names the parameter, what was expected and
what came.
"""

import difflib
from collections.abc import Hashable
from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Hidden,
    Interval as _Interval,
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
    "numbers_of_shape", "positive", "sides", "validate_parameters", "validate_params",
]  # fmt: skip

_SHOWN = 40  # legal names that an error lists


class Interval(_Interval):
    """An interval of numbers, of which True and False are none."""

    def is_satisfied_by(self, val):
        """Tell whether a value is legal."""
        return not isinstance(val, bool | np.bool_) and super().is_satisfied_by(val)


class _Tested(HasMethods):
    """A constraint given by a test and its text; scikit-learn takes subclasses of its own only."""

    def __init__(self, test, text):
        super().__init__(["__class__"])
        self.test, self.text = test, text

    def is_satisfied_by(self, val):
        return self.test(val)

    def __str__(self):
        return self.text


def sides(*lengths):
    """Constraint: a tuple of so many positive integers, such as (height, width)."""
    names = {2: "(height, width)", 3: "(channels, height, width)"}

    def test(value):
        if not isinstance(value, tuple | list | np.ndarray) or len(np.shape(value)) != 1:
            return False
        whole = (isinstance(n, Integral) and not isinstance(n, bool) and n > 0 for n in value)
        return len(value) in lengths and all(whole)

    return _Tested(test, " or ".join(names[n] for n in lengths) + " of positive integers")


def numbers_of_shape(*shape):
    """Constraint: an array of finite numbers of a shape; a string in it stands for any length."""

    def test(value):
        try:
            array = np.asarray(value, np.float64)
        except (TypeError, ValueError):
            return False
        fits = array.ndim == len(shape) and all(
            isinstance(wanted, str) or wanted == n
            for wanted, n in zip(shape, array.shape, strict=True)
        )
        return fits and bool(np.isfinite(array).all())

    text = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    return _Tested(test, f"an array of finite numbers of shape ({text})")


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
    if isinstance(name, Hashable) and name in legal:
        return name
    shown = ", ".join(map(repr, legal[:_SHOWN])) + (", ..." if len(legal) > _SHOWN else "")
    raise ValueError(
        f"Unknown {what} {name!r}.{did_you_mean(name, legal)} Expected one of: {shown}."
    )


def check_flat_features(estimator, X, reset):
    """Set or compare ``n_features_in_`` for flat rows that are not a NumPy array."""
    _check_n_features(estimator, X, reset=reset)
