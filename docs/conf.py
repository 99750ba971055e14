"""Sphinx: `make docs`."""

import warnings
from pathlib import Path

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

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
# Browsers show MathML themselves; MathJax would be read from the network.
html_math_renderer = "mathml"
GALLERY = (
    "photograph", "one_api", "compare", "slope", "optimum", "inside", "adaptive_basis", "audit",
    "memorise", "sampling", "inpaint", "own_module", "sure", "digits", "parallel",
)  # fmt: skip


def gallery_place(name):
    """Return where an example stands in the gallery."""
    return GALLERY.index(Path(name).stem.removeprefix("plot_"))


sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "download_all_examples": False,
    "within_subsection_order": gallery_place,
    "ignore_repr_types": r"gahb_sk\.plots|matplotlib",
    "show_memory": False,
}
warnings.filterwarnings("ignore", category=UserWarning, message=".*non-interactive.*")


def skip_foreign_members(app, what, name, obj, skip, options):
    """Leave out what scikit-learn adds to every estimator for its own machinery."""
    generated = name.startswith("set_") and name.endswith("_request")
    return True if generated or name in ("get_metadata_routing", "set_output") else None


def write_formula(translator, node):
    """Write a formula as MathML, in a line of text or as a block."""
    is_block = node.tagname == "math_block"
    translator.body.append(tex2mathml(node.astext(), as_block=is_block))
    raise SkipNode


def setup(app):
    """Connect what is defined above."""
    app.connect("autodoc-skip-member", skip_foreign_members)
    app.add_html_math_renderer("mathml", (write_formula, None), (write_formula, None))
