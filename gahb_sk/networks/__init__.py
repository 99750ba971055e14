"""Architectures of networks, and the reading of other people's weights."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
