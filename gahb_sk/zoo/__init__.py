"""Weights that come with the package, one folder each, with a card: listed, loaded, shared."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
