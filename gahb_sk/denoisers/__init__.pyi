from ._as_denoiser import as_denoiser as as_denoiser, as_denoisers as as_denoisers
from ._base import BaseDenoiser as BaseDenoiser
from ._discovery import all_denoisers as all_denoisers, get_denoiser as get_denoiser
from ._torch_modules import export_module as export_module
from .classical._bandlet_shrinkage import BandletShrinkage as BandletShrinkage
from .classical._bm3d import BM3DDenoiser as BM3DDenoiser
from .classical._non_local_means import NonLocalMeansDenoiser as NonLocalMeansDenoiser
from .classical._total_variation import TotalVariationDenoiser as TotalVariationDenoiser
from .classical._wavelet_shrinkage import WaveletShrinkage as WaveletShrinkage
from .classical._wiener import WienerDenoiser as WienerDenoiser
from .learned._kept import fit_or_load as fit_or_load
from .learned._network import NetworkDenoiser as NetworkDenoiser
from .learned._pretrained import PretrainedDenoiser as PretrainedDenoiser
from .learned._shipped import UntestedSizeWarning as UntestedSizeWarning
from .optimal._c_alpha_posterior import (
    CAlphaPosteriorMean as CAlphaPosteriorMean,
    UncertifiedWarning as UncertifiedWarning,
)
from .optimal._covariance_windows import CovarianceWindowsDenoiser as CovarianceWindowsDenoiser
from .optimal._disk_posterior import DiskPosteriorMean as DiskPosteriorMean
from .optimal._empirical_bayes import EmpiricalBayesDenoiser as EmpiricalBayesDenoiser
from .optimal._gaussian_posterior import GaussianPosteriorMean as GaussianPosteriorMean
from .optimal._local_empirical_bayes import (
    LocalEmpiricalBayesDenoiser as LocalEmpiricalBayesDenoiser,
)
from .optimal._oracle import OracleDenoiser as OracleDenoiser
from .optimal._oracle_shrinkage import OracleShrinkage as OracleShrinkage
from .optimal._ray_posterior import RayPosteriorMean as RayPosteriorMean
from .optimal._sine_posterior import SinePosteriorMean as SinePosteriorMean
from .optimal._smoothed_empirical_bayes import (
    SmoothedEmpiricalBayesDenoiser as SmoothedEmpiricalBayesDenoiser,
)
from .optimal._tangent_projection import TangentProjection as TangentProjection
from .wrappers._from_published import from_published as from_published
from .wrappers._function import FunctionDenoiser as FunctionDenoiser
from .wrappers._module import ModuleDenoiser as ModuleDenoiser
from .wrappers._opponent_colors import OpponentColors as OpponentColors
from .wrappers._self_ensemble import SelfEnsemble as SelfEnsemble
from .wrappers._sure_average import SureAverage as SureAverage
from .wrappers._tiled import Tiled as Tiled
from .wrappers._variance_stabilized import VarianceStabilized as VarianceStabilized
