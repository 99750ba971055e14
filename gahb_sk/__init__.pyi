from . import analysis as analysis
from . import datasets as datasets
from . import denoisers as denoisers
from . import experiments as experiments
from . import image_classes as image_classes
from . import jacobians as jacobians
from . import metrics as metrics
from . import networks as networks
from . import noise as noise
from . import plots as plots
from . import reproduce as reproduce
from . import sampling as sampling
from . import scorers as scorers
from . import training as training
from . import transforms as transforms
from . import zoo as zoo
from .analysis import SUREScorer as SUREScorer
from .denoisers import (
    BandletShrinkage as BandletShrinkage,
)
from .denoisers import (
    BaseDenoiser as BaseDenoiser,
)
from .denoisers import (
    BM3DDenoiser as BM3DDenoiser,
)
from .denoisers import (
    DiskPosteriorMean as DiskPosteriorMean,
)
from .denoisers import (
    EmpiricalBayesDenoiser as EmpiricalBayesDenoiser,
)
from .denoisers import (
    FunctionDenoiser as FunctionDenoiser,
)
from .denoisers import (
    GaussianPosteriorMean as GaussianPosteriorMean,
)
from .denoisers import (
    LocalEmpiricalBayesDenoiser as LocalEmpiricalBayesDenoiser,
)
from .denoisers import (
    ModuleDenoiser as ModuleDenoiser,
)
from .denoisers import (
    NetworkDenoiser as NetworkDenoiser,
)
from .denoisers import (
    NonLocalMeansDenoiser as NonLocalMeansDenoiser,
)
from .denoisers import (
    OracleDenoiser as OracleDenoiser,
)
from .denoisers import (
    OracleShrinkage as OracleShrinkage,
)
from .denoisers import (
    PretrainedDenoiser as PretrainedDenoiser,
)
from .denoisers import (
    RayPosteriorMean as RayPosteriorMean,
)
from .denoisers import (
    SinePosteriorMean as SinePosteriorMean,
)
from .denoisers import (
    TangentProjection as TangentProjection,
)
from .denoisers import (
    TotalVariationDenoiser as TotalVariationDenoiser,
)
from .denoisers import (
    WaveletShrinkage as WaveletShrinkage,
)
from .denoisers import (
    WienerDenoiser as WienerDenoiser,
)
from .denoisers import (
    all_denoisers as all_denoisers,
)
from .experiments import compare_denoisers as compare_denoisers
from .metrics import (
    input_psnr as input_psnr,
)
from .metrics import (
    mse as mse,
)
from .metrics import (
    psnr as psnr,
)
from .metrics import (
    psnr_slope as psnr_slope,
)
from .metrics import (
    ssim as ssim,
)
from .noise import add_gaussian_noise as add_gaussian_noise
from .noise import estimate_sigma as estimate_sigma
from .sampling import FlowSampler as FlowSampler
from .sampling import ScoreSampler as ScoreSampler
from .scorers import MSEScorer as MSEScorer
from .scorers import PSNRScorer as PSNRScorer
from .scorers import SSIMScorer as SSIMScorer
from .zoo import list_pretrained as list_pretrained
from .zoo import load_pretrained as load_pretrained

__version__: str
