"""Find every denoiser by introspection, so that a new one needs no registration."""

import importlib
import inspect
import pkgutil

from gahb_sk._validation import check_name
from gahb_sk.denoisers._base import BaseDenoiser


def all_denoisers():
    """Return every denoiser class of the library.

    Returns
    -------
    denoisers : dict of str to type
        Class by name, sorted by name.

    Examples
    --------
    >>> from gahb_sk.denoisers import all_denoisers
    >>> "WaveletShrinkage" in all_denoisers()
    True
    """
    package = importlib.import_module("gahb_sk.denoisers")
    found = {}
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if _is_denoiser(name, value):
                found[name] = value
    return dict(sorted(found.items()))


def get_denoiser(name):
    """Return the denoiser class of that name.

    Parameters
    ----------
    name : str
        For example ``"WaveletShrinkage"``.

    Returns
    -------
    denoiser : type

    Raises
    ------
    ValueError
        If there is none; the message gives the nearest legal name.
    """
    denoisers = all_denoisers()
    return denoisers[check_name(name, denoisers, "denoiser")]


def _is_denoiser(name, value):
    return (
        inspect.isclass(value)
        and issubclass(value, BaseDenoiser)
        and not name.startswith("_")
        and hasattr(value, "_denoise")  # the base classes have none
    )
