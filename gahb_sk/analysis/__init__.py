"""What a fitted denoiser does at one image: adaptive basis, dimension, risk, geometry."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
