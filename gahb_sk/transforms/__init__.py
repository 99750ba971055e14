"""Orthonormal transforms of stacks of images, each with its exact inverse, and thresholds."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_bandlet_search": ["best_bandlets", "dictionary_size"],
        "_bandlets": ["BandletGeometry", "BandletTransform", "Square"],
        "_base": ["Subband", "Transform"],
        "_cosine": ["CosineTransform"],
        "_fourier": ["FourierTransform"],
        "_pca": ["PCATransform", "principal_components"],
        "_thresholds": ["RULES", "THRESHOLDS", "stein_risk", "universal_threshold"],
        "_wavelets": ["WaveletTransform"],
    },
)
