"""The paper's questions as functions: arrays in, a tidy table out."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_basis_alignment": ["basis_alignment"],
        "_basis_spectra": ["basis_spectra"],
        "_capacity_curve": ["capacity_curve"],
        "_closest_images": ["closest_images"],
        "_compare": ["compare_denoisers"],
        "_comparison": ["Comparison"],
        "_generalization_curve": ["GeneralizationCurve", "generalization_curve"],
        "_optimality_gap": ["optimality_gap"],
        "_risk_estimates": ["risk_estimates"],
        "_table": ["Table"],
    },
)
