"""The paper's questions as functions: arrays in, a tidy table out."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
