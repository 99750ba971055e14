"""What a fitted denoiser does at one image: adaptive basis, dimension, risk, geometry."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_eigenbasis": ["EigenBasis", "eigenbasis"],
        "_linearize": ["JacobianStack", "jacobian", "linearize", "linearize_stack"],
        "_singular": ["SingularBasis", "singular_basis"],
        "_trace": ["TraceEstimate", "hutchpp"],
    },
)
