"""Every denoiser that the package exports, by name."""

import importlib
import inspect

from gahb_sk._validation import check_name
from gahb_sk.denoisers._base import BaseDenoiser


def all_denoisers():
    """Return every denoiser class of the library, as a dict sorted by name.

    Examples
    --------
    >>> from gahb_sk.denoisers import all_denoisers
    >>> "WaveletShrinkage" in all_denoisers()
    True
    """
    package = importlib.import_module("gahb_sk.denoisers")
    exported = {name: getattr(package, name) for name in sorted(package.__all__)}
    return {name: value for name, value in exported.items() if _is_denoiser(value)}


def get_denoiser(name):
    """Return the denoiser class of that name; a ValueError gives the nearest legal name."""
    denoisers = all_denoisers()
    return denoisers[check_name(name, denoisers, "denoiser")]


def _is_denoiser(value):
    """Tell a denoiser from a function or a base class, which has no ``_denoise``."""
    is_class = inspect.isclass(value) and issubclass(value, BaseDenoiser)
    return is_class and hasattr(value, "_denoise")
