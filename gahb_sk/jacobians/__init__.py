"""Jacobians of denoisers as linear operators with tags, and what follows from products alone."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
