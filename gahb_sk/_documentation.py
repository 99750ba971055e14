"""How estimators are shown: in one short line, and in HTML with a link to their page."""

import os
import sys
import textwrap
from importlib import import_module
from pathlib import Path

from sklearn.base import BaseEstimator

# Pages that `make docs` built in a clone, beside the package.
_BUILT = Path(__file__).resolve().parents[1] / "docs" / "_build" / "html"


class Documented:
    """For scikit-learn's representations; stands before ``BaseEstimator`` among the bases.

    The pages are those at the address in the environment variable ``GAHB_SK_DOCS``, or else those
    that ``make docs`` built in this clone. Without either there is no link.
    """

    _doc_link_module = "gahb_sk"

    @property
    def _doc_link_template(self):
        built = _BUILT.as_uri() if (_BUILT / "index.html").is_file() else ""
        pages = os.environ.get("GAHB_SK_DOCS", built).rstrip("/")
        return pages and f"{pages}/api/generated/{{public_name}}.html"

    def __repr__(self, N_CHAR_MAX=sys.maxsize):
        # In full, modules and arrays would fill the screen.
        text = super().__repr__(N_CHAR_MAX)
        for value in self.get_params().values():
            if not isinstance(value, BaseEstimator) and "\n" in (full := repr(value)):
                text = text.replace(full, f"<{type(value).__name__}>")
        # scikit-learn's printer breaks lines only where it finds its own ``__repr__``.
        indent = " " * (len(type(self).__name__) + 1)
        return textwrap.fill(text, 88, subsequent_indent=indent, break_long_words=False)

    def _doc_link_url_param_generator(self):
        return {"public_name": public_name(type(self))}


def public_name(cls):
    """Return where a class of the package is found: by the shortest public path."""
    parts = cls.__module__.split(".")
    for end in range(1, len(parts) + 1):
        module = ".".join(parts[:end])
        if getattr(import_module(module), cls.__name__, None) is cls:
            return f"{module}.{cls.__name__}"
    return f"{cls.__module__}.{cls.__name__}"
