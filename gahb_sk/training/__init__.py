"""Training of networks: recipes, the loop, checkpoints, engines."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_data": ["StackSource"],
        "_interruption": ["TrainingInterrupted", "interruptions_raised"],
        "_machine": ["Machine"],
        "_noise_levels": ["NOISE_LAWS", "draw_noise_levels"],
        "_recipes": ["RECIPES", "Recipe", "resolve_recipe"],
        "_train": ["Setup", "run", "train"],
        "_trainer": ["Trainer"],
    },
)
