"""Denoisers of single planes: three channels are denoised as opponent colours."""

import numpy as np

from gahb_sk._validation import Integral, Interval, StrOptions
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.jacobians._basis import on_vectors
from gahb_sk.jacobians._operator import conjugated
from gahb_sk.transforms._opponent import from_opponent, to_opponent

COLOR = {"color": [StrOptions({"opponent", "separate"})]}  # the legal values of the parameter


def in_colour(color, n_channels):
    """Tell whether images of so many channels are denoised as opponent colours."""
    return color == "opponent" and n_channels == 3


class PlaneDenoiser(BaseDenoiser):
    """Base class of denoisers of single planes by spun shrinkage.

    A subclass writes ``_denoise_planes(planes (m, H, W), sigma (m,))`` and
    ``_jacobian_of_planes(image (C, H, W), sigma)``.
    """

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        **COLOR,
        "n_shifts": [Interval(Integral, 1, 1024, closed="both")],
    }

    def _denoise(self, noisy, sigma, clean=None):
        colour = in_colour(self.color, noisy.shape[1])
        planes = (to_opponent(noisy) if colour else noisy).reshape(-1, *noisy.shape[-2:])
        out = self._denoise_planes(planes, np.repeat(sigma, noisy.shape[1])).reshape(noisy.shape)
        return from_opponent(out) if colour else out

    def _jacobian(self, image, sigma, clean=None):
        if not in_colour(self.color, len(image)):
            return self._jacobian_of_planes(image, sigma)
        operator = self._jacobian_of_planes(to_opponent(image), sigma)
        return conjugated(
            operator, *(on_vectors(f, image.shape) for f in (to_opponent, from_opponent))
        )
