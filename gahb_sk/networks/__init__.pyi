from ._architectures import (
    ARCHITECTURES as ARCHITECTURES,
)
from ._architectures import (
    Architecture as Architecture,
)
from ._architectures import (
    BiasFreeCNN as BiasFreeCNN,
)
from ._architectures import (
    ResidualUNet as ResidualUNet,
)
from ._architectures import (
    UNet as UNet,
)
from ._blocks import BiasFreeNorm as BiasFreeNorm
from ._inference import denoise as denoise
