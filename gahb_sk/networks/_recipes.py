"""How a network is trained: everything but its size, its images and when to stop."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Settings of the training loop.

    Attributes
    ----------
    noise_law : str
        Law of the noise level, see ``NOISE_LAWS``.
    stratified : bool
        Whether the levels of a batch are stratified.
    balanced : bool
        Whether each image's squared error is divided by the running mean error at its noise
        level, so that a decibel counts alike at all levels; else the plain sum of squares.
    optimizer : {"adam", "adamw"}
    learning_rate : float
    weight_decay : float
    schedule : {"cosine", "halving"}
        Cosine to zero, or halved after each tenth of the training.
    warmup : float
        Part of the training over which the learning rate rises linearly.
    clip : float or None
        Bound on the norm of the gradient.
    averaging : float
        Decay of the moving average of the weights; 0 for none.
    """

    noise_law: str
    stratified: bool
    balanced: bool
    optimizer: str
    learning_rate: float
    weight_decay: float
    schedule: str
    warmup: float
    clip: float | None
    averaging: float


RECIPES = {
    # Found by trials on C^alpha images on two cores; see docs/networks.md.
    "fast": Recipe(
        noise_law="log_uniform",
        stratified=True,
        balanced=True,
        optimizer="adamw",
        learning_rate=3e-3,
        weight_decay=1e-4,
        schedule="cosine",
        warmup=0.03,
        clip=1.0,
        averaging=0.999,
    ),
    # Paper, appendix on training: Adam 1e-3 halved every 100 of 1,000 epochs, sigma = U^2.
    "paper": Recipe(
        noise_law="uniform_squared",
        stratified=False,
        balanced=False,
        optimizer="adam",
        learning_rate=1e-3,
        weight_decay=0.0,
        schedule="halving",
        warmup=0.0,
        clip=None,
        averaging=0.0,
    ),
}
