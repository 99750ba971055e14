"""Bias-free networks in torch, and the one loop that trains them."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_bias_free_cnn": ["BiasFreeCNN"],
        "_blocks": ["BiasFreeNorm"],
        "_loop": ["train"],
        "_noise_levels": ["NOISE_LAWS", "draw_noise_levels"],
        "_recipes": ["RECIPES", "Recipe", "resolve_recipe"],
        "_residual_unet": ["ResidualUNet"],
        "_training": ["Training"],
        "_unet": ["UNet"],
    },
)
