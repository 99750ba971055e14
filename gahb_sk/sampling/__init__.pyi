from . import operators as operators
from ._deblur import blur as blur, deblur as deblur
from ._flow_sampler import FlowSampler as FlowSampler, karras_schedule as karras_schedule
from ._log_density import (
    LogDensityRatio as LogDensityRatio,
    kl_bound as kl_bound,
    log_density_ratio as log_density_ratio,
)
from ._metropolis_sampler import MetropolisSampler as MetropolisSampler
from ._samples import (
    DivergenceError as DivergenceError,
    Samples as Samples,
    Trajectory as Trajectory,
)
from ._score_sampler import ScoreSampler as ScoreSampler
from ._score_samples import score_samples as score_samples
from .operators import (
    BlockAverage as BlockAverage,
    Inpainting as Inpainting,
    LinearMeasurement as LinearMeasurement,
    RandomPixels as RandomPixels,
    RandomProjection as RandomProjection,
    SpectralLowPass as SpectralLowPass,
    check_operator as check_operator,
)
