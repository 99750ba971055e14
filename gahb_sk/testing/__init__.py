"""The contract of denoisers as a test that any package can run on its own.

:func:`check_denoiser` is to denoisers what scikit-learn's ``check_estimator`` is to estimators. It
needs no test framework: what is broken comes as an ``AssertionError`` that says how to repair it.
"""

from gahb_sk.testing._case import random_fields
from gahb_sk.testing._checks import CHECKS

__all__ = ["CHECKS", "check_denoiser", "random_fields"]


def check_denoiser(denoiser, X=None):
    """Check that a denoiser keeps the contract of this library.

    Parameters
    ----------
    denoiser : denoiser
        An instance with quick settings; it is cloned, never fitted itself.
    X : ndarray of shape (5, H, W) or (5, C, H, W), default=None
        Clean images in [0, 1], float64, for a denoiser that cannot work on the default: random
        fields of 16 x 16 pixels.

    Raises
    ------
    AssertionError
        With the name of the first check that fails, what was expected, and how to repair it.

    Examples
    --------
    >>> from gahb_sk import WaveletShrinkage
    >>> from gahb_sk.testing import check_denoiser
    >>> check_denoiser(WaveletShrinkage(n_shifts=4))
    """
    for check in CHECKS.values():
        check(denoiser, X)
