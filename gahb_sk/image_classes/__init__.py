"""Laws of random images whose optimum is known or bounded: each one a frozen object in one file."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
