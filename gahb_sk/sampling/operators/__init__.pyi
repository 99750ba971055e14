from ._base import (
    LinearMeasurement as LinearMeasurement,
    check_measurement as check_measurement,
    check_operator as check_operator,
)
from ._block_average import BlockAverage as BlockAverage
from ._pixels import Inpainting as Inpainting, RandomPixels as RandomPixels
from ._random_projection import RandomProjection as RandomProjection
from ._spectral import SpectralLowPass as SpectralLowPass
