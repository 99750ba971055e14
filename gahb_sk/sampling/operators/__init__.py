"""Linear measurements with orthonormal vectors, one per file; ``_base.py`` is the contract."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
