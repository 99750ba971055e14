"""Sphinx: `make docs`."""

import warnings

import gahb_sk

project = "gahb_sk"
author = "the gahb_sk team"
copyright = "2026, the gahb_sk team"
release = version = gahb_sk.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
]
autosummary_generate = True
extlinks = {"doi": ("https://doi.org/%s", "doi:%s")}
numpydoc_show_class_members = False
autodoc_default_options = {"members": True, "inherited-members": "Module,Optimizer"}
exclude_patterns = ["_build", "examples", "notebooks"]
suppress_warnings = ["config.cache"]
html_theme = "furo"
html_title = "gahb_sk"
html_theme_options = {"top_of_page_buttons": []}  # they would link to the pages' sources
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "download_all_examples": False,
    "show_memory": False,
}
warnings.filterwarnings("ignore", category=UserWarning, message=".*non-interactive.*")


def skip_foreign_members(app, what, name, obj, skip, options):
    """Leave out what scikit-learn adds to every estimator for its own machinery."""
    generated = name.startswith("set_") and name.endswith("_request")
    return True if generated or name in ("get_metadata_routing", "set_output") else None


def setup(app):
    """Connect the filter above."""
    app.connect("autodoc-skip-member", skip_foreign_members)
