"""Displays: they hold arrays and draw them on matplotlib axes, as often as wanted."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
