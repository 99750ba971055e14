"""Orthonormal transforms of stacks of images, each with its exact inverse, and thresholds."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
