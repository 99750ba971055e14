"""Learned, classical and optimal image denoisers through one scikit-learn API.

Public names load on first use: ``import gahb_sk`` imports neither torch nor matplotlib.
"""

from lazy_loader import attach_stub

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
