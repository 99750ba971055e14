"""Public names that load on first use, so that ``import gahb_sk`` stays fast.

As the package lazy_loader's ``attach``, but a name is looked up once and then is an ordinary
attribute, and a wrong name raises Python's own message with its suggestion.
"""

import importlib
import sys


def attach(package, exports):
    """Make ``__getattr__``, ``__dir__`` and ``__all__`` for a package's ``__init__``.

    Parameters
    ----------
    package : str
        The ``__name__`` of the package.
    exports : dict of str to sequence of str
        For each submodule, relative to the package, the names it offers. A submodule without a
        leading underscore is offered itself, too.

    Returns
    -------
    getattr : callable
    dir : callable
    all : list of str
    """
    home = {name: module for module, names in exports.items() for name in names}
    modules = {module for module in exports if not module.startswith("_")}
    everything = sorted(home) + sorted(modules)

    def __getattr__(name):
        if name in home:
            value = getattr(importlib.import_module(f"{package}.{home[name]}"), name)
        elif name in modules:
            value = importlib.import_module(f"{package}.{name}")
        else:
            raise AttributeError(
                f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package]
            )
        setattr(sys.modules[package], name, value)
        return value

    def __dir__():
        return everything

    return __getattr__, __dir__, everything
