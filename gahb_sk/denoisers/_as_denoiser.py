"""Whatever stands for a denoiser, as a denoiser: the one place that everything else asks."""

from collections.abc import Mapping
from functools import partial
from os import PathLike
from pathlib import Path

from sklearn.frozen import FrozenEstimator

from gahb_sk._arrays import is_torch_module


def as_denoiser(denoiser, *, convention=None, name="denoiser", oracles=True):
    """Return a denoiser for whatever stands for one.

    Parameters
    ----------
    denoiser : object
        - a denoiser, which is returned as it is, also inside
          :class:`sklearn.frozen.FrozenEstimator`,
        - the name of a network that comes with the package, or the folder of a saved one, which
          becomes what :func:`gahb_sk.load_pretrained` returns,
        - a torch module, which becomes a :class:`ModuleDenoiser`, or a pipeline of diffusers with
          ``unet`` and ``scheduler``,
        - a function of one image, which becomes a :class:`FunctionDenoiser`.

    convention : Convention or dict, default=None
        Of a torch module: what it takes and returns, see :class:`gahb_sk.networks.Convention`.
        None: recognised, see :class:`ModuleDenoiser`.
    name : str, default="denoiser"
        The argument's name, for messages.
    oracles : bool, default=True
        Whether oracles are admitted, which need the clean image.

    Returns
    -------
    denoiser : denoiser

    Raises
    ------
    TypeError
        For anything else: a class, a pipeline, another estimator; an unwanted oracle; or a
        convention of what is no module.
    ValueError
        For an unknown name.

    Examples
    --------
    >>> from functools import partial
    >>> from scipy.ndimage import median_filter
    >>> from gahb_sk.denoisers import as_denoiser
    >>> as_denoiser(partial(median_filter, size=3)).kind
    'classical'
    """
    if is_torch_module(denoiser) and not is_denoiser(denoiser):
        from gahb_sk.denoisers import ModuleDenoiser

        return ModuleDenoiser(denoiser, convention=convention)
    if convention is not None:
        raise TypeError(
            f"convention: expected None, since {name} is no torch module but "
            f"{_describe(denoiser)}; got {convention!r}."
        )
    if is_denoiser(denoiser):
        if denoiser.needs_clean and not oracles:
            raise TypeError(
                f"{name}: {type(denoiser).__name__} needs the clean image, which is unknown here. "
                "Choose a denoiser that is no oracle."
            )
        return denoiser
    if isinstance(denoiser, (str, PathLike)):
        from gahb_sk.denoisers.wrappers._named import named_denoiser

        try:
            return named_denoiser(denoiser)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    if is_torch_module(getattr(denoiser, "unet", None)) and hasattr(denoiser, "scheduler"):
        from gahb_sk.denoisers import ModuleDenoiser
        from gahb_sk.networks import Convention

        convention = Convention.from_scheduler(denoiser.scheduler)
        return ModuleDenoiser(denoiser.unet, convention=convention)
    if callable(denoiser) and not isinstance(denoiser, type) and not hasattr(denoiser, "fit"):
        from gahb_sk.denoisers import FunctionDenoiser

        return FunctionDenoiser(denoiser)
    raise TypeError(
        f"{name}: expected a denoiser, the name or folder of a saved network, a torch module or a "
        f"function of one image, got {_describe(denoiser)}."
    )


def as_denoisers(denoisers, *, name="denoisers"):
    """Return denoisers by name; see :func:`as_denoiser` for what stands for one.

    Parameters
    ----------
    denoisers : dict of str to object, or list of objects
        In a list each is named after its class, function, or folder.
    name : str, default="denoisers"
        The argument's name, for messages.

    Returns
    -------
    denoisers : dict of str to denoiser

    Raises
    ------
    TypeError
        If one stands for no denoiser, or neither a dict nor a list comes.
    ValueError
        For none, two of the same name in a list, or an unknown network.

    Examples
    --------
    >>> from gahb_sk.denoisers import WaveletShrinkage, as_denoisers
    >>> list(as_denoisers([WaveletShrinkage()]))
    ['WaveletShrinkage']
    """
    if isinstance(denoisers, (list, tuple)):
        names = [_name(denoiser) for denoiser in denoisers]
        if len(set(names)) < len(names):
            raise ValueError(
                f"{name}: expected different names in a list, got {names}. Name them: "
                "{'spun': WaveletShrinkage(n_shifts=16), ...}."
            )
        denoisers = dict(zip(names, denoisers, strict=True))
    if not isinstance(denoisers, Mapping):
        raise TypeError(
            f"{name}: expected a dict by name, or a list, got {_describe(denoisers)}. Put a "
            "single denoiser into a list."
        )
    if not denoisers:
        raise ValueError(f"{name}: expected at least one denoiser, got none.")
    return {
        key: as_denoiser(denoiser, name=f"{name}[{key!r}]") for key, denoiser in denoisers.items()
    }


def is_denoiser(denoiser):
    """Tell whether an object has the methods and attributes of a denoiser."""
    return not isinstance(denoiser, type) and all(
        hasattr(denoiser, name) for name in ("denoise", "linearize", "kind", "needs_clean")
    )


def _name(denoiser):
    if isinstance(denoiser, (str, PathLike)):
        return Path(denoiser).name
    if isinstance(denoiser, FrozenEstimator):
        denoiser = denoiser.estimator
    if isinstance(denoiser, partial):
        denoiser = denoiser.func
    return getattr(denoiser, "__name__", type(denoiser).__name__)


def _describe(denoiser):
    """Name what came, and say how to repair it."""
    if isinstance(denoiser, type):
        return f"the class {denoiser.__name__}. Make one: {denoiser.__name__}()"
    name = type(denoiser).__name__
    if hasattr(denoiser, "steps"):
        return f"a {name}. Pass its denoiser, pipeline[-1], with images as they reach it"
    if hasattr(denoiser, "best_estimator_"):
        return f"a {name}. Pass search.best_estimator_"
    return f"a {name}"
