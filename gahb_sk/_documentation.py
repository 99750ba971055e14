"""The page of the reference that the HTML representation of an estimator links to."""

import os
from importlib import import_module
from pathlib import Path

# Pages that `make docs` built in a clone, beside the package.
_BUILT = Path(__file__).resolve().parents[1] / "docs" / "_build" / "html"


class Documented:
    """For scikit-learn's HTML representation; stands before ``BaseEstimator`` among the bases.

    The pages are those at the address in the environment variable ``GAHB_SK_DOCS``, or else those
    that ``make docs`` built in this clone. Without either there is no link.
    """

    _doc_link_module = "gahb_sk"

    @property
    def _doc_link_template(self):
        built = _BUILT.as_uri() if (_BUILT / "index.html").is_file() else ""
        pages = os.environ.get("GAHB_SK_DOCS", built).rstrip("/")
        return pages and f"{pages}/api/generated/{{public_name}}.html"

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
