"""The denoiser as a prior: samples, linear inverse problems, log densities."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
