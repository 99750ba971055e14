"""Denoisers: one estimator per file, one contract for all (see ``_base.py``)."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
