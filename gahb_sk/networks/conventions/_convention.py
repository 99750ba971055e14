"""A convention: what a network takes and returns, as a few plain values."""

import dataclasses
from collections.abc import Callable

from torch import nn

from gahb_sk._validation import (
    StrOptions,
    at_least,
    numbers_of_shape,
    positive,
    validate_parameters,
)
from gahb_sk.networks.conventions._images import GreyAsColour, Padded, Rescaled
from gahb_sk.networks.conventions._levels import LEVELS, AlphaBarTime, Called
from gahb_sk.networks.conventions._preconditioning import (
    PREDICTIONS,
    SCALED_ONLY,
    WITHOUT_LEVEL,
    Preconditioned,
    Residual,
)

# Names of the same in diffusers, and the rest of its convention.
_DIFFUSERS = {"epsilon": "epsilon", "v_prediction": "v", "sample": "clean"}


@dataclasses.dataclass(frozen=True)
class Convention:
    r"""What a network takes and returns.

    With noisy images y on [0, 1] and their level :math:`\sigma`, the network sees
    :math:`x = c_{in} z` of :math:`z = low + (high - low)\, y`, whose level is
    :math:`s = (high - low)\, \sigma`. Each conversion is a module of its own
    (``gahb_sk.networks.conventions``), through which the Jacobian is exact.

    Parameters
    ----------
    predicts : {"clean", "noise", "epsilon", "score", "v", "edm"}, default="clean"
        What it returns. "noise": what is to be subtracted from z. "epsilon": the noise divided by
        its level s. "score": the gradient of log p at x. "v": that of variance-preserving
        diffusions. "edm": the raw network within EDM's preconditioning.
    intensities : tuple of float, default=(0.0, 1.0)
        Black and white, such as (-1, 1) or (0, 255).
    level : str or callable, default="none"
        How it receives the level s. "none": not at all. "sigma": a second argument ``(n,)``.
        "column": one of shape ``(n, 1, 1, 1)``, as FFDNet. "map": a constant channel behind those
        of the image, as DRUNet. "log_sigma", and "quarter_log_sigma" as EDM. Or a function from s
        to the second argument, such as :class:`AlphaBarTime`.
    scaled : bool, default=False
        Whether :math:`c_{in} = 1 / \sqrt{s^2 + \sigma_d^2}`, as in variance-preserving diffusions
        and EDM. Else it is 1.
    sigma_data : float, default=1.0
        :math:`\sigma_d`, 1 for variance-preserving diffusions, 0.5 in EDM.
    multiple : int, default=1
        Number of which the sides of its images must be multiples.
    channels : int, default=None
        Channels of its images, where grey ones shall go through as well. None: whatever comes.

    Raises
    ------
    ValueError
        If a value is not legal, or v or EDM come without ``scaled``.

    See Also
    --------
    gahb_sk.ModuleDenoiser : Takes a convention.

    Examples
    --------
    >>> from gahb_sk.networks import AlphaBarTime, Convention
    >>> drunet = Convention(level="map", multiple=8)
    >>> edm = Convention("edm", (-1, 1), "quarter_log_sigma", scaled=True, sigma_data=0.5)
    >>> ddpm = Convention("epsilon", (-1, 1), AlphaBarTime([0.9, 0.5, 0.1]), scaled=True)
    >>> drunet.blind, Convention("noise").blind
    (False, True)
    """

    predicts: str = "clean"
    intensities: tuple[float, float] = (0.0, 1.0)
    level: str | Callable = "none"
    scaled: bool = False
    sigma_data: float = 1.0
    multiple: int = 1
    channels: int | None = None

    def __post_init__(self):
        constraints = {
            "intensities": [numbers_of_shape(2)],
            "predicts": [StrOptions(set(PREDICTIONS))],
            "level": [StrOptions(set(LEVELS)), callable],
            "scaled": ["boolean"],
            "sigma_data": [positive()],
            "multiple": [at_least(1)],
            "channels": [at_least(1), None],
        }
        values = {name: getattr(self, name) for name in constraints}
        validate_parameters(constraints, values, caller_name=type(self).__name__)
        low, high = self.intensities
        if not low < high:
            raise ValueError(f"intensities: expected (black, white), got {self.intensities!r}.")
        if self.predicts in SCALED_ONLY and not self.scaled:
            raise ValueError(
                f"scaled: expected True with predicts={self.predicts!r}, which is defined for "
                "scaled images."
            )

    @property
    def blind(self) -> bool:
        """Whether the network can do without the noise level."""
        return self.level == "none" and not self.scaled and self.predicts in WITHOUT_LEVEL

    @classmethod
    def from_scheduler(cls, scheduler, **changes) -> "Convention":
        """Return the convention of a network that was trained with a scheduler of diffusers.

        Parameters
        ----------
        scheduler : object
            With ``alphas_cumprod`` and ``config.prediction_type``, as DDPM, DDIM and most others.
        **changes
            Fields that differ, such as ``multiple``. Images are on [-1, 1] otherwise.

        Returns
        -------
        convention : Convention
        """
        try:
            predicts = _DIFFUSERS[scheduler.config.prediction_type]
            time = AlphaBarTime(scheduler.alphas_cumprod)
        except (AttributeError, KeyError) as error:
            raise ValueError(
                "scheduler: expected one with alphas_cumprod and a prediction_type of "
                f"{list(_DIFFUSERS)}, got {type(scheduler).__name__} ({error}). Write the "
                "convention: Convention(predicts, (-1, 1), level, scaled=...)."
            ) from error
        fields = {"intensities": (-1.0, 1.0), "scaled": True, **changes}
        return cls(predicts, level=time, **fields)


def convert(module: nn.Module, convention: Convention) -> nn.Module:
    """Return a module from noisy images on [0, 1] and levels ``(n,)`` to denoised images.

    Blind ones are given None for the levels.
    """
    inner: nn.Module = Called(module, convention.level)
    if convention.scaled or convention.predicts not in WITHOUT_LEVEL:
        inner = Preconditioned(inner, convention.predicts, convention.scaled, convention.sigma_data)
    elif convention.predicts == "noise":
        inner = Residual(inner)
    if tuple(convention.intensities) != (0, 1):
        inner = Rescaled(inner, *convention.intensities)
    if convention.multiple > 1:
        inner = Padded(inner, convention.multiple)
    return inner if convention.channels is None else GreyAsColour(inner, convention.channels)
