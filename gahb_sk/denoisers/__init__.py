"""Denoisers: one estimator per file, one contract for all (see ``_base.py``)."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_as_denoiser": ["as_denoiser", "as_denoisers"],
        "_base": ["BaseDenoiser"],
        "classical._bandlet_shrinkage": ["BandletShrinkage"],
        "classical._bm3d": ["BM3DDenoiser"],
        "_discovery": ["all_denoisers", "get_denoiser"],
        "optimal._disk_posterior": ["DiskPosteriorMean"],
        "learned._kept": ["fit_or_load"],
        "learned._network": ["NetworkDenoiser"],
        "learned._pretrained": ["PretrainedDenoiser"],
        "optimal._empirical_bayes": ["EmpiricalBayesDenoiser"],
        "wrappers._function": ["FunctionDenoiser"],
        "optimal._gaussian_posterior": ["GaussianPosteriorMean"],
        "optimal._local_empirical_bayes": ["LocalEmpiricalBayesDenoiser"],
        "classical._non_local_means": ["NonLocalMeansDenoiser"],
        "optimal._oracle": ["OracleDenoiser"],
        "optimal._oracle_shrinkage": ["OracleShrinkage"],
        "optimal._ray_posterior": ["RayPosteriorMean"],
        "optimal._sine_posterior": ["SinePosteriorMean"],
        "optimal._tangent_projection": ["TangentProjection"],
        "wrappers._module": ["ModuleDenoiser"],
        "wrappers._tiled": ["Tiled"],
        "classical._total_variation": ["TotalVariationDenoiser"],
        "wrappers._variance_stabilized": ["VarianceStabilized"],
        "classical._wavelet_shrinkage": ["WaveletShrinkage"],
        "classical._wiener": ["WienerDenoiser"],
    },
)
