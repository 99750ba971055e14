from ._architectures import (
    ARCHITECTURES as ARCHITECTURES,
    Architecture as Architecture,
    BiasFreeCNN as BiasFreeCNN,
    Energy as Energy,
    ResidualUNet as ResidualUNet,
    UNet as UNet,
)
from ._blocks import BiasFreeNorm as BiasFreeNorm
from ._inference import denoise as denoise
from .conventions._convention import Convention as Convention
from .conventions._levels import AlphaBarTime as AlphaBarTime
