r"""How a network receives the noise level, in its own units.

FFDNet: K. Zhang, W. Zuo and L. Zhang, IEEE Trans. Image Processing 27 (2018),
doi:10.1109/TIP.2018.2839891. DRUNet: K. Zhang et al., IEEE Trans. PAMI 44 (2022),
doi:10.1109/TPAMI.2021.3088914. EDM: arXiv:2206.00364, where :math:`c_{noise} = \log(\sigma) / 4`.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn


def _with_map(module, images, sigma):
    level = sigma.view(-1, 1, 1, 1).expand(images.shape[0], 1, *images.shape[-2:])
    return module(torch.cat([images, level], dim=1))


# Name -> the call with images (n, C, H, W) and levels (n,).
LEVELS = {
    "none": lambda module, images, sigma: module(images),
    "sigma": lambda module, images, sigma: module(images, sigma),
    # As a number per image that broadcasts (FFDNet).
    "column": lambda module, images, sigma: module(images, sigma.view(-1, 1, 1, 1)),
    # As a constant channel behind those of the image (DRUNet).
    "map": _with_map,
    "log_sigma": lambda module, images, sigma: module(images, sigma.log()),
    "quarter_log_sigma": lambda module, images, sigma: module(images, sigma.log() / 4),
}


class Called(nn.Module):
    """A foreign module, called the way it wants, with its result checked.

    Parameters
    ----------
    module : torch.nn.Module
    level : str or callable
        A name of ``LEVELS``, or a function of levels ``(n,)`` whose result the module is given.
    """

    def __init__(self, module, level):
        super().__init__()
        self.module = module
        self.level = level

    def forward(self, images: torch.Tensor, sigma: torch.Tensor | None = None) -> torch.Tensor:
        """Return what the module predicts, ``(n, C, H, W)``."""
        images = images.clone()  # a module may write into its input
        if callable(self.level):
            result = self.module(images, self.level(sigma))
        else:
            result = LEVELS[self.level](self.module, images, sigma)
        # diffusers keeps the result as ``sample``, azula as ``mean``.
        held = (getattr(result, name, None) for name in ("sample", "mean"))
        result = next((value for value in held if isinstance(value, torch.Tensor)), result)
        name = type(self.module).__name__
        if not isinstance(result, torch.Tensor):
            raise TypeError(
                f"module: {name} must return a tensor of shape {tuple(images.shape)}, got "
                f"{type(result).__name__}."
            )
        if result.shape != images.shape:
            raise ValueError(
                f"module: {name} must return images of the shape it was given, "
                f"{tuple(images.shape)}, got {tuple(result.shape)}."
            )
        return result


@dataclass(frozen=True)
class AlphaBarTime:
    r"""Time of a variance-preserving diffusion at a noise level, from its table of alpha-bar.

    The image :math:`x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon` divided
    by :math:`\sqrt{\bar\alpha_t}` has noise of level
    :math:`s_t = \sqrt{(1 - \bar\alpha_t) / \bar\alpha_t}`. This is the inverse, from s to t, by
    linear interpolation of t in log s. Levels beyond the table get its first or last time.

    Parameters
    ----------
    alpha_bar : array-like of shape (T,)
        Decreasing, in (0, 1): ``scheduler.alphas_cumprod`` of diffusers.
    times : array-like of shape (T,), default=None
        Time at each entry. None: 0, 1, ..., T - 1.
    rounded : bool, default=False
        Whether to take the nearest time of the table, for networks that know no others.

    Examples
    --------
    >>> import torch
    >>> from gahb_sk.networks import AlphaBarTime
    >>> AlphaBarTime([0.8, 0.5, 0.2])(torch.tensor([0.5, 1.0, 2.0])).round(decimals=6)
    tensor([0., 1., 2.])
    """

    alpha_bar: tuple[float, ...]
    times: tuple[float, ...] | None = None
    rounded: bool = False

    def __post_init__(self):
        for name in ("alpha_bar", "times"):  # plain values, which compare, hash and copy
            if getattr(self, name) is not None:
                values = np.asarray(getattr(self, name), np.float64)
                object.__setattr__(self, name, tuple(values.ravel().tolist()))
        table = np.array(self.alpha_bar)
        if len(table) < 2 or not (table[0] < 1 and table[-1] > 0 and (np.diff(table) < 0).all()):
            raise ValueError(
                "alpha_bar: expected at least two decreasing numbers between 0 and 1, got "
                f"{table[:3]} to {table[-3:]}. Pass the cumulative product of 1 - beta."
            )
        if self.times is not None and len(self.times) != len(table):
            raise ValueError(
                f"times: expected one per entry of alpha_bar, {len(table)}, got {len(self.times)}."
            )

    def __repr__(self):
        return f"{type(self).__name__}(<{len(self.alpha_bar)} values>, rounded={self.rounded})"

    def __call__(self, sigma: torch.Tensor) -> torch.Tensor:
        """Return the times ``(n,)`` at levels ``(n,)``."""
        table = torch.tensor(self.alpha_bar, dtype=torch.float64, device=sigma.device)
        known = ((1 - table) / table).log() / 2
        times = range(len(table)) if self.times is None else self.times
        times = torch.tensor(list(times), dtype=torch.float64, device=sigma.device)
        wanted = sigma.double().log().clamp(known[0], known[-1])
        i = torch.searchsorted(known, wanted).clamp(1, len(table) - 1)
        weight = (wanted - known[i - 1]) / (known[i] - known[i - 1])
        weight = weight.round() if self.rounded else weight
        return torch.lerp(times[i - 1], times[i], weight).to(sigma.dtype)
