"""Orthonormal transforms of stacks of images, each with its exact inverse, and thresholds."""

from .._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_base": ["Subband", "Transform"],
        "_wavelets": ["WaveletTransform"],
    },
)
