"""Recognise the convention of a module by its signature and attributes, importing no package.

Known are modules f(y) and f(y, sigma) on [0, 1], as those of deepinv; networks within EDM's or
k-diffusion's preconditioning, on [-1, 1]; denoisers of azula; and the UNets of diffusers, of which
only a scheduler knows the convention.
"""

import dataclasses
import inspect
from typing import Any

import torch
from torch import nn

from gahb_sk.networks.conventions._convention import Convention

_BISECTIONS = 60


class Scheduled(nn.Module):
    r"""A denoiser of :math:`x_t = \alpha_t z + \sigma_t n` at a time t, as one of z at a level s.

    The time solves :math:`\sigma_t / \alpha_t = s`, and :math:`D(z, s) = D(\alpha_t z, t)`.

    Parameters
    ----------
    module : torch.nn.Module
        Called with images and times, with an attribute ``schedule`` from times in [0, 1] to alpha
        and sigma, as the denoisers of azula.
    """

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, images: torch.Tensor, sigma: torch.Tensor):
        """Denoise."""
        time = self._time(sigma)
        alpha = self.module.schedule(time)[0].view(-1, 1, 1, 1)
        return self.module(alpha.to(images) * images, time)

    def _time(self, sigma):
        """Bisect: the ratio of noise and signal grows with time."""
        low, high = torch.zeros_like(sigma), torch.ones_like(sigma)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            alpha, noise = self.module.schedule(middle)
            too_late = noise > sigma * alpha
            low, high = torch.where(too_late, low, middle), torch.where(too_late, middle, high)
        return (low + high) / 2


def recognise(module: nn.Module) -> tuple[nn.Module, Convention]:
    """Return a module and its convention, or raise a ValueError that says what to write.

    The module is an adapter around the one given where that is called in a way of its own.
    """
    required, optional = _arguments(module)
    name = type(module).__name__
    if "timestep" in required:
        raise ValueError(
            f"convention: {name} takes the time of a diffusion; its scheduler says what that "
            "means. Pass convention=Convention.from_scheduler(pipeline.scheduler), or the whole "
            "pipeline to as_denoiser."
        )
    if callable(getattr(module, "schedule", None)) and "t" in required:
        return Scheduled(module), Convention(level="sigma", intensities=(-1.0, 1.0))
    if "sigma" in required or ("sigma" in optional and optional["sigma"] is not None):
        preconditioned = hasattr(module, "sigma_data")
        intensities = (-1.0, 1.0) if preconditioned else (0.0, 1.0)
        return module, Convention(level="sigma", intensities=intensities)
    if len(required) > 1:
        raise ValueError(
            f"convention: {name} is called with {', '.join(required)}, which may mean anything. "
            "Say what it takes, such as convention=Convention(level='sigma')."
        )
    return module, Convention()


def with_sizes(module: nn.Module, convention: Convention) -> Convention:
    """Return the convention with the sides and channels that the module itself tells.

    Sides come from an attribute ``multiple``. UNets of diffusers tell both in their ``config``.
    """
    multiple, channels = getattr(module, "multiple", 1), None
    config: Any = getattr(module, "config", None)
    if hasattr(config, "block_out_channels") and hasattr(config, "in_channels"):
        multiple, channels = 2 ** (len(config.block_out_channels) - 1), config.in_channels
    if convention.multiple > 1:
        multiple = convention.multiple
    if convention.channels is not None:
        channels = convention.channels
    return dataclasses.replace(convention, multiple=multiple, channels=channels)


def _arguments(module):
    """Names of the positional arguments without a default, and defaults of the others by name."""
    try:
        parameters = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return [], {}
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p.name for p in positional if p.default is p.empty]
    return required, {p.name: p.default for p in positional if p.default is not p.empty}
