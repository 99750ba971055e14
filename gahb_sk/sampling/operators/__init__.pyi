from ._base import (
    LinearMeasurement as LinearMeasurement,
)
from ._base import (
    check_measurement as check_measurement,
)
from ._base import (
    check_operator as check_operator,
)
from ._block_average import BlockAverage as BlockAverage
from ._pixels import Inpainting as Inpainting
from ._pixels import RandomPixels as RandomPixels
from ._random_projection import RandomProjection as RandomProjection
from ._spectral import SpectralLowPass as SpectralLowPass
