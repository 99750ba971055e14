"""Denoisers of other packages, one image at a time."""

import importlib

import numpy as np
from joblib import Parallel, delayed

from gahb_sk._validation import Integral
from gahb_sk.denoisers._base import BaseDenoiser


class PackageDenoiser(BaseDenoiser):
    """Base class of denoisers that another package computes, channel by channel.

    A subclass names in ``_package`` the module and the distribution, and ``_function()`` returns
    what denoises one channel, ``(image (H, W), sigma)`` to the image. That is pickled: it is made
    of functions at module level. Images without noise are returned as they are.
    """

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "n_jobs": [Integral, None],
    }

    def _fit(self, images):
        module, distribution = self._package
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise ImportError(
                f"{type(self).__name__} needs the package {distribution}, which is not installed. "
                'Install it with: pip install "gahb-sk[peers]"'
            ) from error

    def _denoise(self, noisy, sigma, clean=None):
        channels = noisy.reshape(-1, *noisy.shape[-2:])
        sigma = np.repeat(sigma, noisy.shape[1])
        return self._denoise_each(channels, sigma).reshape(noisy.shape)

    def _denoise_each(self, images, sigma):
        """Denoise images of any shape that the function takes."""
        out, function = images.copy(), delayed(self._function())
        loud = np.flatnonzero(sigma > 0)
        tasks = (function(images[k].copy(), float(sigma[k])) for k in loud)
        for k, image in zip(loud, Parallel(n_jobs=self.n_jobs)(tasks), strict=True):
            out[k] = image
        return out


def extended(image, smallest):
    """Reflect an image until each side has at least ``smallest`` pixels, at its end."""
    missing = [(0, max(0, smallest - n)) for n in image.shape]
    return np.pad(image, missing, mode="symmetric")
