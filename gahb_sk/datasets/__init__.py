"""Image classes whose optimum is known, photographs, and stacks larger than memory."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
