"""Learned, classical and optimal image denoisers through one scikit-learn API.

Public names load on first use: ``import gahb_sk`` imports neither torch nor matplotlib.
"""

from gahb_sk._lazy import attach

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "analysis": ["SUREScorer"],
        "datasets": [],
        "denoisers": [
            "BM3DDenoiser",
            "BandletShrinkage",
            "BaseDenoiser",
            "DiskPosteriorMean",
            "EmpiricalBayesDenoiser",
            "FunctionDenoiser",
            "GaussianPosteriorMean",
            "LocalEmpiricalBayesDenoiser",
            "NetworkDenoiser",
            "NonLocalMeansDenoiser",
            "OracleDenoiser",
            "OracleShrinkage",
            "PretrainedDenoiser",
            "RayPosteriorMean",
            "SinePosteriorMean",
            "TangentProjection",
            "ModuleDenoiser",
            "TotalVariationDenoiser",
            "WaveletShrinkage",
            "WienerDenoiser",
            "all_denoisers",
        ],
        "experiments": ["compare_denoisers"],
        "image_classes": [],
        "networks": [],
        "metrics": ["input_psnr", "mse", "psnr", "psnr_slope", "ssim"],
        "noise": ["add_gaussian_noise", "estimate_sigma"],
        "jacobians": [],
        "plots": [],
        "reproduce": [],
        "sampling": ["FlowSampler", "ScoreSampler"],
        "scorers": ["MSEScorer", "PSNRScorer", "SSIMScorer"],
        "training": [],
        "transforms": [],
        "zoo": ["list_pretrained", "load_pretrained"],
    },
)
