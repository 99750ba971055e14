from . import operators as operators
from ._deblur import blur as blur
from ._deblur import deblur as deblur
from ._flow_sampler import FlowSampler as FlowSampler
from ._flow_sampler import karras_schedule as karras_schedule
from ._log_density import (
    LogDensityRatio as LogDensityRatio,
)
from ._log_density import (
    kl_bound as kl_bound,
)
from ._log_density import (
    log_density_ratio as log_density_ratio,
)
from ._samples import (
    DivergenceError as DivergenceError,
)
from ._samples import (
    Samples as Samples,
)
from ._samples import (
    Trajectory as Trajectory,
)
from ._score_sampler import ScoreSampler as ScoreSampler
from .operators import (
    BlockAverage as BlockAverage,
)
from .operators import (
    Inpainting as Inpainting,
)
from .operators import (
    LinearMeasurement as LinearMeasurement,
)
from .operators import (
    RandomPixels as RandomPixels,
)
from .operators import (
    RandomProjection as RandomProjection,
)
from .operators import (
    SpectralLowPass as SpectralLowPass,
)
from .operators import (
    check_operator as check_operator,
)
