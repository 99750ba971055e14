"""How a network is trained: everything but its size, its images and when to stop."""

import dataclasses
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from gahb_sk._validation import check_name
from gahb_sk.training._augment import FLIPS
from gahb_sk.training._balance import LOSS_WEIGHTS
from gahb_sk.training._noise_levels import NOISE_LAWS
from gahb_sk.training._schedules import OPTIMIZERS, SCHEDULES


@dataclass(frozen=True)
class Recipe:
    """Settings of the training loop.

    Attributes
    ----------
    noise_law : str or tuple of float
        Law of the noise level, see ``NOISE_LAWS``; or its quantiles, ascending noise levels at
        equally spaced probabilities from 0 to 1.
    stratified : bool
        Whether the levels of a batch are stratified.
    loss_weight : str or tuple of (float, float)
        Weight of an image's squared error by its noise level: "balanced" (one over the running mean
        error at that level, so that a decibel counts alike at all levels), "equal" (the plain sum
        of squares), "inverse" (1 / sigma), "inverse_square", or pairs (sigma, weight) ascending in
        sigma, interpolated in the logarithms.
    optimizer : {"adam", "adamw"}
    learning_rate : float
    weight_decay : float
    schedule : {"cosine", "halving", "constant"}
        Cosine to zero, or halved after each tenth of the training.
    warmup : float
        Part of the training over which the learning rate rises linearly.
    clip : float or None
        Bound on the norm of the gradient.
    averaging : float
        Decay of the moving average of the weights; 0 for none.
    batch_size : int
        Images of one step, where the estimator does not say.
    flips : {"none", "horizontal", "vertical", "both"}
        Axes along which images are mirrored at random; for classes that are symmetric so.
    """

    noise_law: str | tuple
    stratified: bool
    loss_weight: str | tuple
    optimizer: str
    learning_rate: float
    weight_decay: float
    schedule: str
    warmup: float
    clip: float | None
    averaging: float
    batch_size: int
    flips: str = "none"


RECIPES = {
    # Found by trials on C^alpha images on two cores; see docs/networks.md.
    "fast": Recipe(
        noise_law="log_uniform",
        stratified=True,
        loss_weight="balanced",
        optimizer="adamw",
        learning_rate=3e-3,
        weight_decay=1e-4,
        schedule="cosine",
        warmup=0.03,
        clip=1.0,
        averaging=0.999,
        batch_size=16,
    ),
    # Paper, appendix on training: Adam 1e-3 halved every 100 of 1,000 epochs, sigma = U^2.
    "paper": Recipe(
        noise_law="uniform_squared",
        stratified=False,
        loss_weight="equal",
        optimizer="adam",
        learning_rate=1e-3,
        weight_decay=0.0,
        schedule="halving",
        warmup=0.0,
        clip=None,
        averaging=0.0,
        batch_size=512,
    ),
}


def resolve_recipe(recipe):
    """Return the :class:`Recipe` that an estimator's parameter stands for.

    Parameters
    ----------
    recipe : str or dict
        A name in ``RECIPES``, or ``{"base": name, ...}`` with settings that replace the base's
        ("fast" if left out).

    Raises
    ------
    ValueError
        For an unknown name or setting, or a value out of its range.
    """
    if isinstance(recipe, str):
        return RECIPES[check_name(recipe, RECIPES, "recipe")]
    settings = dict(recipe)
    base = RECIPES[check_name(settings.pop("base", "fast"), RECIPES, "recipe")]
    for name, value in settings.items():
        check_name(name, _LEGAL, "setting of a recipe")
        legal, expected = _LEGAL[name]
        if not legal(value):
            raise ValueError(f"recipe[{name!r}]: expected {expected}, got {value!r}.")
        settings[name] = _as_tuples(value)
    return dataclasses.replace(base, **settings)


def _as_tuples(value):
    return tuple(map(_as_tuples, value)) if isinstance(value, (list, tuple)) else value


def _is_number(low, high=np.inf, open_below=False, kind=Real):
    def legal(value):
        if not isinstance(value, kind) or isinstance(value, bool) or not np.isfinite(value):
            return False
        return (low < value if open_below else low <= value) and value <= high

    return legal


def _is_ascending(values, at_least):
    try:
        levels = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        return False
    return levels.ndim == 1 and len(levels) >= at_least and _rises(levels)


def _rises(levels):
    return bool(np.isfinite(levels).all() and levels[0] > 0 and (np.diff(levels) > 0).all())


def _is_table(values):
    try:
        table = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        return False
    if table.ndim != 2 or table.shape[1] != 2 or not len(table):
        return False
    weights = table[:, 1]
    return _rises(table[:, 0]) and bool(np.isfinite(weights).all() and (weights > 0).all())


def _one_of(names):
    names = list(names)
    return (lambda value: isinstance(value, str) and value in names), f"one of {names}"


_LAW, _WEIGHT = _one_of(NOISE_LAWS), _one_of(LOSS_WEIGHTS)
_PART = (_is_number(0, 1), "a number in [0, 1]")
_BOOL = (lambda value: isinstance(value, bool), "True or False")

# For each setting, a test and what it expects.
_LEGAL = {
    "noise_law": (
        lambda value: _LAW[0](value) or _is_ascending(value, 2),
        f"{_LAW[1]}, or at least two positive noise levels, ascending",
    ),
    "stratified": _BOOL,
    "loss_weight": (
        lambda value: _WEIGHT[0](value) or (not isinstance(value, str) and _is_table(value)),
        f"{_WEIGHT[1]}, or pairs (sigma, weight), positive and ascending in sigma",
    ),
    "optimizer": _one_of(OPTIMIZERS),
    "learning_rate": (_is_number(0, open_below=True), "a positive number"),
    "weight_decay": (_is_number(0), "a number >= 0"),
    "schedule": _one_of(SCHEDULES),
    "warmup": _PART,
    "clip": (
        lambda value: value is None or _is_number(0, open_below=True)(value),
        "a positive number or None",
    ),
    "averaging": (lambda value: _is_number(0)(value) and value < 1, "a number in [0, 1)"),
    "batch_size": (_is_number(1, kind=Integral), "a whole number >= 1"),
    "flips": _one_of(FLIPS),
}


def check_law_in_range(recipe, noise_range):
    """Refuse quantiles of the noise level outside of the noise range.

    Raises
    ------
    ValueError
        If there are any.
    """
    if isinstance(recipe.noise_law, str):
        return
    low, high = recipe.noise_law[0], recipe.noise_law[-1]
    if low < noise_range[0] or high > noise_range[1]:
        raise ValueError(
            f"noise_range: expected to hold the quantiles of recipe['noise_law'], {low:g} to "
            f"{high:g}, got {noise_range!r}."
        )
