"""Linear measurements with orthonormal vectors: ``_base.py`` is the contract, a file each."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_base": ["LinearMeasurement", "check_measurement", "check_operator"],
        "_block_average": ["BlockAverage"],
        "_pixels": ["Inpainting", "RandomPixels"],
        "_random_projection": ["RandomProjection"],
        "_spectral": ["SpectralLowPass"],
    },
)
