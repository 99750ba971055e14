from ._architectures import (
    ARCHITECTURES as ARCHITECTURES,
    Architecture as Architecture,
    BiasFreeCNN as BiasFreeCNN,
    Energy as Energy,
    ResidualUNet as ResidualUNet,
    UNet as UNet,
)
from ._blocks import BiasFreeNorm as BiasFreeNorm
from ._folder import load_folder as load_folder, save_folder as save_folder
from ._inference import denoise as denoise
from ._reach import bytes_per_pixel as bytes_per_pixel, reach as reach
from ._relu_autoencoder import ReLUAutoencoder as ReLUAutoencoder
from .conventions._convention import Convention as Convention
from .conventions._levels import AlphaBarTime as AlphaBarTime
