"""Architectures of networks, and the reading of other people's weights."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_architectures": ["ARCHITECTURES", "Architecture", "BiasFreeCNN", "ResidualUNet", "UNet"],
        "_blocks": ["BiasFreeNorm"],
        "_inference": ["denoise"],
    },
)
