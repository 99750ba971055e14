"""Training of networks: recipes, the loop, checkpoints, engines."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_loop": ["train"],
        "_noise_levels": ["NOISE_LAWS", "draw_noise_levels"],
        "_recipes": ["RECIPES", "Recipe", "resolve_recipe"],
        "_training": ["Training"],
    },
)
