"""Denoisers: one estimator a file, one contract for all (see ``_base.py``)."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_base": ["BaseDenoiser"],
        "_bandlet_shrinkage": ["BandletShrinkage"],
        "_bias_free_cnn": ["BiasFreeCNNDenoiser"],
        "_bm3d": ["BM3DDenoiser"],
        "_discovery": ["all_denoisers", "get_denoiser"],
        "_disk_posterior": ["DiskPosteriorMean"],
        "_efficient": ["EfficientDenoiser"],
        "_empirical_bayes": ["EmpiricalBayesDenoiser"],
        "_function": ["FunctionDenoiser"],
        "_local_empirical_bayes": ["LocalEmpiricalBayesDenoiser"],
        "_non_local_means": ["NonLocalMeansDenoiser"],
        "_oracle": ["OracleDenoiser"],
        "_oracle_shrinkage": ["OracleShrinkage"],
        "_ray_posterior": ["RayPosteriorMean"],
        "_sine_posterior": ["SinePosteriorMean"],
        "_tangent_projection": ["TangentProjection"],
        "_torch_module": ["TorchModuleDenoiser"],
        "_total_variation": ["TotalVariationDenoiser"],
        "_unet": ["UNetDenoiser"],
        "_wavelet_shrinkage": ["WaveletShrinkage"],
        "_wiener": ["WienerDenoiser"],
    },
)
