"""How a network is trained: everything but its architecture, its images and when to stop."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gahb_sk.training._noise import NOISES, WHITE
from gahb_sk.training._noise_levels import NOISE_LAWS
from gahb_sk.training._settings import (
    BOOL,
    POSITIVE,
    Settings,
    either,
    number,
    one_of,
    or_none,
    resolve,
    whole,
)

LOSS_WEIGHTS = ("balanced", "balanced_root", "equal", "inverse", "inverse_square")
OPTIMIZERS = ("adam", "adamw", "muon")
SUPERVISED = "supervised"
PARTS = ALL, COLORS = "all", "colors"
OBJECTIVE_NAMES = (SUPERVISED, "sure", "noise2noise", "recorrupted")
# Factors of the learning rate as functions of the fraction of the training that is done.
SCHEDULES = {
    "constant": lambda progress: 1.0,
    "cosine": lambda progress: 0.5 * (1 + math.cos(math.pi * min(progress, 1.0))),
    "halving": lambda progress: 0.5 ** math.floor(10 * min(progress, 0.999)),
}
# Axes (from the end) along which images may be mirrored: where the class is symmetric.
FLIPS = {"none": (), "horizontal": (-1,), "vertical": (-2,), "both": (-1, -2)}


def _rises(levels):
    return bool(np.isfinite(levels).all() and levels[0] > 0 and (np.diff(levels) > 0).all())


def _numbers(values):
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError):
        return np.empty(0)


def _are_quantiles(values):
    levels = _numbers(values)
    return levels.ndim == 1 and len(levels) >= 2 and _rises(levels)


def _is_table(values):
    table = _numbers(values)
    if isinstance(values, str) or table.ndim != 2 or table.shape[1] != 2 or not len(table):
        return False
    weights = table[:, 1]
    return _rises(table[:, 0]) and bool(np.isfinite(weights).all() and (weights > 0).all())


@dataclass(frozen=True)
class Recipe(Settings):
    r"""Settings of the training loop; the defaults are those of the recipe "fast".

    Attributes
    ----------
    objective : {"supervised", "sure", "noise2noise", "recorrupted"}
        What is minimised, and so what ``fit`` learns from. See the notes.
    part : {"all", "colors"}
        "colors", for images of three channels: only the error of the two opponent colours counts,
        and the whole network serves them. Give the luminance to another denoiser; see
        :class:`gahb_sk.denoisers.OpponentColors`.
    noise : {"white", "subsampled_colors"}
        "subsampled_colors", for images of three channels: every other image gets noise whose two
        opponent colours have half the resolution, as JPEG files store them. A network that has
        seen white noise alone takes that for texture.
    noise_law : str or tuple of float
        Law of the noise level, see ``NOISE_LAWS``; or its quantiles, ascending noise levels at
        equally spaced probabilities from 0 to 1.
    stratified : bool
        Whether the levels of a batch are stratified.
    loss_weight : str or tuple of (float, float)
        Weight of an image's squared error by its noise level: "balanced" (one over the running mean
        error at that level, so that a decibel counts alike at all levels), "balanced_root" (that
        over the root of the image's own balanced error: smooth images count more than in a sum of
        squares, as they do in a mean PSNR), "equal" (the plain sum of squares), "inverse"
        (1 / sigma), "inverse_square", or pairs (sigma, weight) ascending in sigma, interpolated in
        the logarithms.
    optimizer : {"adam", "adamw", "muon"}
        "muon" is for networks of convolutions without norms, and takes them further than "adamw" in
        the same time.
    learning_rate : float
    weight_decay : float
    schedule : {"cosine", "halving", "constant"}
        Cosine to zero, or halved after each tenth of the training.
    warmup : float
        Fraction of the training over which the learning rate rises linearly.
    clip : float or None
        Bound on the norm of the gradient.
    averaging : float
        Decay of the moving average of the weights; 0 for none.
    batch_size : int
        Images per step.
    patch_size : int or None
        Side of the random crops to train on; None for whole images.
    flips : {"none", "horizontal", "vertical", "both"}
        Axes along which images are mirrored at random; for classes that are symmetric so.
    early_stopping : bool
        Whether to hold out images, measure their mean PSNR at five noise levels after each epoch,
        stop when it no longer rises, and keep the best weights.
    validation_fraction : float
        Fraction of the images to hold out.
    patience : int or None
        Epochs without a better score after which to stop; None for never.

    Notes
    -----
    With f the denoiser, x a clean image of d values and :math:`y = x + \sigma z` a noisy one:

    "supervised"
        :math:`\|f(x + \sigma z) - x\|^2` with fresh noise z of levels drawn from ``noise_range``.
        ``fit(X)``: X is clean.
    "sure"
        Stein's unbiased risk estimate [1]_, :math:`\|f(y) - y\|^2 - d \sigma^2 + 2 \sigma^2
        \operatorname{div} f(y)`, the divergence by a random difference [2]_, as a loss [3]_.
        ``fit(X, sigma=)``: X is noisy, with white Gaussian noise of known level.
    "noise2noise"
        :math:`\|f(y) - y'\|^2` for two noisy images of each scene [4]_. ``fit(X, y)``: the noise of
        y is independent of that of X and has mean 0. Neither need be Gaussian or white, and no
        level is needed.
    "recorrupted"
        :math:`\|f(y + a \sigma b) - (y - \sigma b / a)\|^2` with b standard normal and a = 1/2:
        a pair with independent noises from one image [5]_. ``fit(X, sigma=)``: X is noisy, with
        white Gaussian noise of known level. The network learns at 1.12 times that level.

    The means over the noise differ from that of the squared error by a constant. An estimate needs
    many images, as its variance does not shrink with the error: a network overfits few ones. What
    needs clean images is left out: ``early_stopping``, "balanced_root" and ``train_psnr``.

    References
    ----------
    .. [1] C. M. Stein, "Estimation of the mean of a multivariate normal distribution", The Annals
       of Statistics 9, 1981. :doi:`10.1214/aos/1176345632`
    .. [2] S. Ramani, T. Blu, M. Unser, "Monte-Carlo SURE: a black-box optimization of
       regularization parameters for general denoising algorithms", IEEE Trans. Image Processing 17,
       2008. :doi:`10.1109/TIP.2008.2001404`
    .. [3] S. Soltanayev, S. Y. Chun, "Training deep learning based denoisers without ground truth
       data", NeurIPS 2018. :doi:`10.48550/arXiv.1803.01314`
    .. [4] J. Lehtinen et al., "Noise2Noise: learning image restoration without clean data",
       ICML 2018. :doi:`10.48550/arXiv.1803.04189`
    .. [5] T. Pang, H. Zheng, Y. Quan, H. Ji, "Recorrupted-to-Recorrupted: unsupervised deep
       learning for image denoising", CVPR 2021. :doi:`10.1109/CVPR46437.2021.00208`

    Examples
    --------
    >>> from gahb_sk.training import Recipe
    >>> Recipe(learning_rate=1e-3, patch_size=40).batch_size
    16
    """

    objective: str = SUPERVISED
    part: str = ALL
    # Found by trials on C^alpha images on two cores; see docs/networks.md.
    noise: str = WHITE
    noise_law: str | tuple = "log_uniform"
    stratified: bool = True
    loss_weight: str | tuple = "balanced"
    optimizer: str = "adamw"
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    schedule: str = "cosine"
    warmup: float = 0.03
    clip: float | None = 1.0
    averaging: float = 0.999
    batch_size: int = 16
    patch_size: int | None = None
    flips: str = "none"
    early_stopping: bool = False
    validation_fraction: float = 0.1
    patience: int | None = 10

    _legal: ClassVar[dict] = {
        "objective": one_of(OBJECTIVE_NAMES),
        "part": one_of(PARTS),
        "noise": one_of(NOISES),
        "noise_law": either(
            one_of(NOISE_LAWS), (_are_quantiles, "at least two positive noise levels, ascending")
        ),
        "stratified": BOOL,
        "loss_weight": either(
            one_of(LOSS_WEIGHTS),
            (_is_table, "pairs (sigma, weight), positive and ascending in sigma"),
        ),
        "optimizer": one_of(OPTIMIZERS),
        "learning_rate": POSITIVE,
        "weight_decay": number(0, text="a number >= 0"),
        "schedule": one_of(SCHEDULES),
        "warmup": number(0, 1, text="a number in [0, 1]"),
        "clip": or_none(POSITIVE),
        "averaging": number(0, 1, open_above=True, text="a number in [0, 1)"),
        "batch_size": whole(1),
        "patch_size": or_none(whole(1)),
        "flips": one_of(FLIPS),
        "early_stopping": BOOL,
        "validation_fraction": number(
            0, 1, open_below=True, open_above=True, text="a number in (0, 1)"
        ),
        "patience": or_none(whole(1)),
    }

    def __post_init__(self):
        super().__post_init__()
        if self.objective == SUPERVISED:
            return
        for name, value in (("early_stopping", True), ("loss_weight", "balanced_root")):
            if getattr(self, name) == value:
                raise ValueError(
                    f"{name}: expected another value than {value!r} with objective="
                    f"{self.objective!r}, as it needs clean images."
                )


RECIPES = {
    "fast": Recipe(),
    # For convolutions without norms, energies above all; see docs/networks.md.
    "muon": Recipe(optimizer="muon", learning_rate=5e-3),
    # Paper, appendix on training: Adam 1e-3 halved every 100 of 1,000 epochs, sigma = U^2.
    "paper": Recipe(
        noise_law="uniform_squared",
        stratified=False,
        loss_weight="equal",
        optimizer="adam",
        learning_rate=1e-3,
        weight_decay=0.0,
        schedule="halving",
        warmup=0.0,
        clip=None,
        averaging=0.0,
        batch_size=512,
    ),
}


def resolve_recipe(recipe):
    """Return the :class:`Recipe` that a parameter stands for.

    Parameters
    ----------
    recipe : str, dict or Recipe
        A name in ``RECIPES``, a recipe, or ``{"base": name, ...}`` with settings that replace the
        base's ("fast" if left out).
    """
    return resolve(Recipe, recipe, RECIPES)


def check_law_in_range(recipe, noise_range):
    """Refuse quantiles of the noise level outside of the noise range.

    Raises
    ------
    ValueError
        If there are any.
    """
    if isinstance(recipe.noise_law, str):
        return
    low, high = recipe.noise_law[0], recipe.noise_law[-1]
    if low < noise_range[0] or high > noise_range[1]:
        raise ValueError(
            f"noise_range: expected to hold the quantiles of the recipe's noise_law, {low:g} to "
            f"{high:g}, got {noise_range!r}."
        )
