"""The denoiser as a prior: samples, linear inverse problems, log densities."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_flow_sampler": ["FlowSampler", "karras_schedule"],
        "_log_density": ["LogDensityRatio", "kl_bound", "log_density_ratio"],
        "_samples": ["DivergenceError", "Samples", "Trajectory"],
        "_score_sampler": ["ScoreSampler"],
        "operators": [
            "BlockAverage",
            "Inpainting",
            "LinearMeasurement",
            "RandomPixels",
            "RandomProjection",
            "SpectralLowPass",
            "check_operator",
        ],
    },
)
