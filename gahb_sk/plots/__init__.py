"""Displays: they hold arrays and draw them on matplotlib axes, as often as wanted."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_alignment": ["AlignmentDisplay"],
        "_capacity": ["CapacityDisplay"],
        "_comparison": ["ComparisonDisplay"],
        "_eigenvectors": ["EigenvectorGridDisplay", "HarmonicityDisplay", "SpectrumDisplay"],
        "_generalization": ["GeneralizationDisplay"],
        "_geometry": ["GeometryDisplay"],
        "_image_grid": ["ImageGridDisplay"],
        "_optimality": ["OptimalityDisplay"],
        "_risk": ["EffectiveDimensionDisplay", "RiskDisplay"],
    },
)
