"""Frozen groups of settings, given as an object, a dict or a name, and checked in one way."""

import dataclasses
from numbers import Integral, Real

import numpy as np

from gahb_sk._validation import check_name


class Settings:
    """Base class of frozen dataclasses whose ``_legal`` has a test and its text per field."""

    def __post_init__(self):
        for name, (legal, expected) in self._legal.items():
            value = _as_tuples(getattr(self, name))
            if not legal(value):
                raise ValueError(f"{name}: expected {expected}, got {getattr(self, name)!r}.")
            object.__setattr__(self, name, value)


def resolve(cls, value, presets=None):
    """Return the settings that a parameter of an estimator stands for.

    Parameters
    ----------
    cls : type
        A subclass of :class:`Settings`.
    value : cls, dict, str or None
        The settings, those that differ from the defaults (or from those of the preset that "base"
        names), the name of a preset, or None for the defaults.
    presets : dict of str to cls, default=None

    Raises
    ------
    ValueError
        For an unknown name or setting, or a value out of its range.
    TypeError
        For anything else.
    """
    what = cls.__name__.lower()
    if isinstance(value, cls):
        return value
    if isinstance(value, str) and presets is not None:
        return presets[check_name(value, presets, what)]
    if not isinstance(value, dict | None):
        names = f"one of {list(presets)}, " if presets else ""
        raise TypeError(f"{what}: expected {names}a dict or a {cls.__name__}, got {value!r}.")
    changes = dict(value or {})
    base = changes.pop("base", None)
    fields = [field.name for field in dataclasses.fields(cls)]
    for name in changes:
        check_name(name, fields, f"setting of a {what}")
    start = cls() if base is None else resolve(cls, base, presets)
    return dataclasses.replace(start, **changes)


def _as_tuples(value):
    return tuple(map(_as_tuples, value)) if isinstance(value, (list, tuple)) else value


# Tests of values, each with the text that says what it expects -------------------------------


def number(low, high=np.inf, *, text, open_below=False, open_above=False, kind=Real):
    """Numbers between two bounds."""

    def legal(value):
        if not isinstance(value, kind) or isinstance(value, bool) or not np.isfinite(value):
            return False
        above = low < value if open_below else low <= value
        return above and (value < high if open_above else value <= high)

    return legal, text


def whole(low):
    """Whole numbers from ``low`` on."""
    return number(low, kind=Integral, text=f"a whole number >= {low}")


def one_of(names):
    """Some names."""
    names = list(names)
    return (lambda value: isinstance(value, str) and value in names), f"one of {names}"


def several(test):
    """Tuples of what another test allows."""
    legal, text = test
    return (lambda value: isinstance(value, tuple) and all(map(legal, value))), f"a tuple: {text}"


def or_none(test):
    """Besides what another test allows, None."""
    legal, text = test
    return (lambda value: value is None or legal(value)), f"{text} or None"


def either(first, second):
    """What one of two tests allows."""
    return (lambda value: first[0](value) or second[0](value)), f"{first[1]}, or {second[1]}"


BOOL = (lambda value: isinstance(value, bool)), "True or False"
POSITIVE = number(0, open_below=True, text="a positive number")
