"""Bias-free networks in torch, and the reading of other people's weights."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_bias_free_cnn": ["BiasFreeCNN"],
        "_blocks": ["BiasFreeNorm"],
        "_residual_unet": ["ResidualUNet"],
        "_unet": ["UNet"],
    },
)
