"""Any function of one image, as a denoiser with the whole contract."""

import inspect
from functools import partial

import numpy as np
from joblib import Parallel, delayed

from gahb_sk._validation import Integral, StrOptions
from gahb_sk.denoisers._base import BaseDenoiser


class FunctionDenoiser(BaseDenoiser):
    """Denoise with a function of yours: ``image -> image`` or ``(image, sigma) -> image``.

    Parameters
    ----------
    func : callable
        Called with one noisy image, an ndarray ``(H, W)``, or ``(C, H, W)`` if it has several
        channels, and, if it takes it, the noise level as a float. Returns the denoised image, a
        float ndarray of the same shape. ``clone`` and pickle need a function that can be copied
        and pickled: one defined in a module, or a ``functools.partial`` of one; no lambda.
    takes_sigma : {"auto"} or bool, default="auto"
        Whether ``func`` is told the noise level. "auto": if it has two or more positional
        parameters without a default, or one named ``sigma`` (which is then given by name). A
        function that is not told it makes a blind denoiser.
    n_jobs : int, default=None
        Images denoised in parallel, as joblib counts them; None is one at a time.
    sigma : float, default=None
        Noise level, where ``transform`` is not told it. None: estimated for each image.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Attributes
    ----------
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``. Nothing else is learned.

    Raises
    ------
    TypeError
        If ``func`` is not callable, or returns something else than a float ndarray.
    ValueError
        If ``func`` returns another shape, or NaN or infinity.

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
        "takes_sigma": [StrOptions({"auto"}), "boolean"],
        "n_jobs": [Integral, None],
    }

    def __init__(self, func, *, takes_sigma="auto", n_jobs=None, sigma=None, image_shape=None):
        self.func = func
        self.takes_sigma = takes_sigma
        self.n_jobs = n_jobs
        self.sigma = sigma
        self.image_shape = image_shape

    @property
    def blind(self):
        """Whether ``func`` does without the noise level."""
        return not self._way_of_sigma()

    def _way_of_sigma(self):
        """How ``func`` is told the noise level: "by name", "by position" or not, ""."""
        if self.takes_sigma is False:
            return ""
        parameters = _parameters(self.func)
        if "sigma" in parameters:
            return "by name"
        required = [
            p
            for p in parameters.values()
            if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        return "by position" if self.takes_sigma is True or len(required) >= 2 else ""

    def _denoise(self, noisy, sigma, clean=None):
        images = noisy[:, 0] if noisy.shape[1] == 1 else noisy
        way = self._way_of_sigma()
        levels = np.zeros(len(images)) if sigma is None else sigma
        tasks = (
            delayed(_call)(self.func, way, image.copy(), float(level))
            for image, level in zip(images, levels, strict=True)
        )
        return np.stack(Parallel(n_jobs=self.n_jobs)(tasks)).reshape(noisy.shape)


def _parameters(func):
    try:
        return inspect.signature(func).parameters
    except (TypeError, ValueError):  # some functions written in C do not tell
        return {}


def _call(func, way, image, sigma):
    """Call ``func`` on one image and hold it to what it promises."""
    shape, dtype = image.shape, image.dtype
    calls = {
        "by name": partial(func, image, sigma=sigma),
        "by position": partial(func, image, sigma),
        "": partial(func, image),
    }
    result = calls[way]()
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
