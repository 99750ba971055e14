"""Jacobians of denoisers as linear operators with tags, and what follows from products alone."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_linearize": ["jacobian", "linearize", "linearize_stack"],
        "_operator": ["JacobianOperator", "Spectrum"],
        "_stack": ["JacobianStack"],
        "_trace": ["TraceEstimate", "hutchpp"],
        "eigensolvers._base": ["EigenPairs"],
        "eigensolvers._leading": ["leading_eigenpairs"],
    },
)
