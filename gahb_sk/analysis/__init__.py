"""What a fitted denoiser does at one image: adaptive basis, dimension, risk, geometry."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_alignment": ["Alignment", "ChanceOverlap", "random_alignment", "subspace_alignment"],
        "_eigenbasis": ["EigenBasis", "eigenbasis"],
        "_harmonicity": ["Harmonicity", "harmonicity"],
        "_risk": ["Risk", "effective_dimension", "predicted_mse", "sure"],
        "_scorer": ["SUREScorer"],
        "_singular": ["SingularBasis", "singular_basis"],
    },
)
