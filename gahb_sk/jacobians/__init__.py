"""Jacobians of denoisers as linear operators, and what products alone tell of them."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_linearize": ["JacobianStack", "jacobian", "linearize", "linearize_stack"],
        "_operator": ["JacobianOperator", "Spectrum"],
        "_trace": ["TraceEstimate", "hutchpp"],
    },
)
