"""Any function of one image, as a denoiser with the whole contract."""

import inspect

import numpy as np
from joblib import Parallel, delayed

from gahb_sk._validation import Integral, StrOptions
from gahb_sk.denoisers._base import BaseDenoiser

# How the noise level is given to a function -> the call.
CALLS = {
    "keyword": lambda func, image, sigma: func(image, sigma=sigma),
    "position": lambda func, image, sigma: func(image, sigma),
    "never": lambda func, image, sigma: func(image),
}


class FunctionDenoiser(BaseDenoiser):
    """Denoise with your own function: ``image -> image`` or ``(image, sigma) -> image``.

    Parameters
    ----------
    func : callable
        Called with one noisy image, an ndarray ``(H, W)``, or ``(C, H, W)`` if it has several
        channels, and, unless it is blind, the noise level as a float. Returns the denoised image,
        a float ndarray of the same shape; anything else, NaN or infinity raises an error. ``clone``
        and pickle need a function defined in a module, or a ``functools.partial`` of one.
    passes_sigma : {"auto", "keyword", "position", "never"}, default="auto"
        How ``func`` receives the noise level: as ``func(image, sigma=sigma)``, as
        ``func(image, sigma)``, or not at all, which makes a blind denoiser. "auto": by keyword if
        it has a parameter named ``sigma``, by position if it has at least two positional
        parameters without a default, else never.
    n_jobs : int, default=None
        Number of images denoised in parallel by joblib; None is one at a time.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.ndimage import median_filter
    >>> from functools import partial
    >>> from gahb_sk.denoisers import FunctionDenoiser
    >>> clean = np.zeros((2, 32, 32))
    >>> clean[:, 8:24, 8:24] = 1
    >>> denoiser = FunctionDenoiser(partial(median_filter, size=3)).fit(clean)
    >>> bool(denoiser.score(clean, sigma=0.1) > 22)
    True
    """

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "func": [callable],
        "passes_sigma": [StrOptions({"auto", *CALLS})],
        "n_jobs": [Integral, None],
    }

    def __init__(self, func, *, passes_sigma="auto", n_jobs=None, sigma=None, image_shape=None):
        self.func = func
        self.passes_sigma = passes_sigma
        self.n_jobs = n_jobs
        self.sigma = sigma
        self.image_shape = image_shape

    @property
    def blind(self):
        """Whether ``func`` does without the noise level."""
        return self._passes_sigma() == "never"

    def _passes_sigma(self):
        """Return the parameter, with "auto" resolved by the signature of ``func``."""
        if self.passes_sigma != "auto":
            return self.passes_sigma
        parameters = _parameters(self.func)
        if "sigma" in parameters:
            return "keyword"
        required = [p for p in parameters.values() if p.default is p.empty]
        n = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in required)
        return "position" if n >= 2 else "never"

    def _denoise(self, noisy, sigma, clean=None):
        images = noisy[:, 0] if noisy.shape[1] == 1 else noisy
        way = self._passes_sigma()
        levels = np.zeros(len(images)) if sigma is None else sigma
        tasks = (
            delayed(_checked)(self.func, way, image.copy(), float(level))
            for image, level in zip(images, levels, strict=True)
        )
        return np.stack(Parallel(n_jobs=self.n_jobs)(tasks)).reshape(noisy.shape)


def _parameters(func):
    try:
        return inspect.signature(func).parameters
    except (TypeError, ValueError):  # some functions written in C have no signature
        return {}


def _checked(func, way, image, sigma):
    """Call ``func`` on one image and check what it returns."""
    shape, dtype = image.shape, image.dtype
    result = CALLS[way](func, image, sigma)
    name = getattr(func, "__name__", repr(func))
    if not isinstance(result, np.ndarray) or result.dtype.kind != "f":
        what = f"{result.dtype} array" if isinstance(result, np.ndarray) else type(result).__name__
        raise TypeError(
            f"func: {name} must return a float ndarray of shape {shape}, got {what}. Convert its "
            "result with numpy.asarray(result, dtype=float)."
        )
    if result.shape != shape:
        raise ValueError(
            f"func: {name} must return an image of the shape it was given, {shape}, got "
            f"{result.shape}."
        )
    if not np.isfinite(result).all():
        raise ValueError(f"func: {name} returned NaN or infinity for a finite image.")
    return result.astype(dtype, copy=False)
