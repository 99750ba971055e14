"""Parameter validation: the one file that touches scikit-learn's private helpers.

Legal values stand in a table (``_parameter_constraints`` of an estimator, or the argument of
:func:`validate_params` for a function); an error then names the parameter, what was expected and
what came.
"""

import difflib
from collections.abc import Hashable
from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Hidden,
    Interval as _Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    validate_parameter_constraints as validate_parameters,
    validate_params as _validate_params,
)  # fmt: skip
from sklearn.utils.validation import _check_n_features

from gahb_sk._arrays import to_numpy

__all__ = [
    "HasMethods", "Hidden", "Integral", "Interval", "InvalidParameterError", "Options", "Real",
    "StrOptions", "at_least", "broadcast", "check_flat_features", "check_name", "did_you_mean",
    "fit_context", "ints_between", "numbers", "numbers_of_shape", "positive", "sides",
    "validate_parameters", "validate_params",
]  # fmt: skip

_SHOWN = 40  # legal names that an error lists


def validate_params(constraints):
    """Check the arguments of a function by a table, also when another checked function calls it.

    scikit-learn skips the inner checks to save time. Arguments that are handed on would then fail
    in the depths, with an error that does not name them. What is handed on may be a seed of the
    library's own, a SeedSequence.
    """
    own = Hidden(np.random.SeedSequence)
    seeded = {
        name: [*legal, own] for name, legal in constraints.items() if legal == ["random_state"]
    }
    return _validate_params({**constraints, **seeded}, prefer_skip_nested_validation=False)


def fit_context():
    """Check the parameters of an estimator before its method runs, see :func:`validate_params`."""
    return _fit_context(prefer_skip_nested_validation=False)


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


def ints_between(low, high):
    """Constraint: a tuple or list of ints between two bounds, one at least."""
    number = Interval(Integral, low, high, closed="both")

    def test(value):
        return (
            isinstance(value, tuple | list)
            and 0 < len(value)
            and all(number.is_satisfied_by(one) for one in value)
        )

    return _Tested(test, f"a tuple of ints from {low} to {high}")


def _finite(value):
    """Return a value as an array of finite numbers, or None if it isn't one."""
    try:
        array = np.asarray(to_numpy(value))
        array = array.astype(np.float64) if array.dtype.kind in "fiuO" else None
    except (TypeError, ValueError, RuntimeError):
        return None
    return array if array is not None and np.isfinite(array).all() else None


def numbers(low=-np.inf, *, above=-np.inf):
    """Constraint: a number or an array of finite numbers >= low and > above, not an empty one."""
    bounds = f" >= {low:g}" * (low > -np.inf) + f" > {above:g}" * (above > -np.inf)

    def test(value):
        array = _finite(value)
        return array is not None and array.size > 0 and array.min() >= low and array.min() > above

    return _Tested(test, f"finite numbers{bounds}")


def broadcast(value, shape, name):
    """Return numbers as an array of a shape; raise ValueError that names them if they don't fit."""
    try:
        return np.broadcast_to(np.asarray(value), shape)
    except ValueError as error:
        raise ValueError(
            f"{name}: expected numbers that fit the shape {shape}, got shape {np.shape(value)}."
        ) from error


def numbers_of_shape(*shape):
    """Constraint: an array of finite numbers of a shape; a string in it stands for any length."""

    def test(value):
        array = _finite(value)
        return (
            array is not None
            and array.ndim == len(shape)
            and all(
                isinstance(wanted, str) or wanted == n
                for wanted, n in zip(shape, array.shape, strict=True)
            )
        )

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
    near = sorted((one for one in plain if len(wanted) > 2 and one.startswith(wanted)), key=len)
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
