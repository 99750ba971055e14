"""The paper's figures reproduced at reduced scale: a file of this package is a figure.

A file ``_figure_04.py`` with ``FIGURE``, a :class:`PaperFigure`, is found by itself. It says what
the paper reports, by what criterion it counts as reproduced, which networks of the zoo it needs,
and how to compute and draw it. ``results/`` holds the tables of the last release, which every new
run is compared with.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
