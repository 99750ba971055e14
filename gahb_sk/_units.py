"""Whether noise levels and images have the same units: levels typed for bytes are asked about."""

import sys
import warnings

import numpy as np

# Nobody means more for images in [0, 1].
LARGEST_SIGMA = 1.5
_AS_BYTES = (5, 255)
# Images in [0, 1] with noise that is plausible for them stay between; with more they don't.
_UNIT_WITH_NOISE = (-1, 2)
_FEW_PIXELS = 64
_LIBRARIES = ("gahb_sk", "sklearn", "joblib")


def warn_of_bytes(sigma, X, noisy, name="sigma"):
    """Warn of noise levels that look like bytes, 25 for 25/255, for images in [0, 1].

    Noise of five or more would show in noisy images of 64 pixels or more. Clean ones can be given
    any level, as diffusion models do, but hardly a round one of five or more.

    Parameters
    ----------
    sigma : ndarray of shape (n,)
    X : ndarray or torch.Tensor
        Images that are not all 0.
    noisy : bool
        Whether the noise is in the images.
    name : str, default="sigma"
        The argument's name.
    """
    worst = float(np.max(sigma, initial=0))
    suspicious = _AS_BYTES[0] <= worst <= _AS_BYTES[1] and (noisy or worst == int(worst))
    if suspicious and are_unit(X, noisy):
        warnings.warn(
            f"{name}: {worst:g} is not a noise level of images in [0, 1]: did you mean "
            f"{worst:g}/255?",
            stacklevel=_users_line(),
        )


def _users_line():
    """Return the ``stacklevel`` of the first caller outside of this library and scikit-learn."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in _LIBRARIES:
        level, frame = level + 1, frame.f_back
    return level


def are_unit(X, noisy):
    """Whether enough pixels say that images are in [0, 1], up to their noise if they have some."""
    low, high = _UNIT_WITH_NOISE if noisy else (0, 1)
    return np.prod(X.shape) >= _FEW_PIXELS and bool(low <= X.min() and 0 < X.max() <= high)
