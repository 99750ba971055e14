from . import (
    analysis as analysis,
    datasets as datasets,
    denoisers as denoisers,
    experiments as experiments,
    image_classes as image_classes,
    jacobians as jacobians,
    metrics as metrics,
    networks as networks,
    noise as noise,
    plots as plots,
    reproduce as reproduce,
    sampling as sampling,
    scorers as scorers,
    training as training,
    transforms as transforms,
    zoo as zoo,
)
from .analysis import SUREScorer as SUREScorer
from .denoisers import (
    BandletShrinkage as BandletShrinkage,
    BaseDenoiser as BaseDenoiser,
    BM3DDenoiser as BM3DDenoiser,
    CAlphaPosteriorMean as CAlphaPosteriorMean,
    DiskPosteriorMean as DiskPosteriorMean,
    EmpiricalBayesDenoiser as EmpiricalBayesDenoiser,
    FunctionDenoiser as FunctionDenoiser,
    GaussianPosteriorMean as GaussianPosteriorMean,
    LocalEmpiricalBayesDenoiser as LocalEmpiricalBayesDenoiser,
    ModuleDenoiser as ModuleDenoiser,
    NetworkDenoiser as NetworkDenoiser,
    NonLocalMeansDenoiser as NonLocalMeansDenoiser,
    OracleDenoiser as OracleDenoiser,
    OracleShrinkage as OracleShrinkage,
    PretrainedDenoiser as PretrainedDenoiser,
    RayPosteriorMean as RayPosteriorMean,
    SinePosteriorMean as SinePosteriorMean,
    SureAverage as SureAverage,
    TangentProjection as TangentProjection,
    Tiled as Tiled,
    TotalVariationDenoiser as TotalVariationDenoiser,
    VarianceStabilized as VarianceStabilized,
    WaveletShrinkage as WaveletShrinkage,
    WienerDenoiser as WienerDenoiser,
    all_denoisers as all_denoisers,
    as_denoiser as as_denoiser,
)
from .experiments import audit as audit, compare_denoisers as compare_denoisers
from .metrics import (
    input_psnr as input_psnr,
    mse as mse,
    psnr as psnr,
    psnr_slope as psnr_slope,
    ssim as ssim,
)
from .noise import add_gaussian_noise as add_gaussian_noise, estimate_sigma as estimate_sigma
from .sampling import FlowSampler as FlowSampler, ScoreSampler as ScoreSampler
from .scorers import MSEScorer as MSEScorer, PSNRScorer as PSNRScorer, SSIMScorer as SSIMScorer
from .zoo import list_pretrained as list_pretrained, load_pretrained as load_pretrained

__version__: str
