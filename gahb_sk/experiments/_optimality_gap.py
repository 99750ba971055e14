"""How far denoisers are from the optimum of a class of images, in decibels."""

import numpy as np

from gahb_sk._images import check_images, is_lazy, is_torch
from gahb_sk._random import seed_sequence
from gahb_sk._validation import validate_params
from gahb_sk.experiments._compare import _check_sigmas, denoise, noisy_images
from gahb_sk.experiments._table import Table
from gahb_sk.metrics import input_psnr, mse, psnr


@validate_params(
    {"denoisers": [dict], "optimum": "no_validation"}, prefer_skip_nested_validation=True
)
def optimality_gap(denoisers, optimum, X, sigmas=(0.03, 0.1, 0.3), *, random_state=0):
    """Measure the gap between denoisers and the optimal one on the same noisy images.

    Parameters
    ----------
    denoisers : dict of str to fitted denoiser
        What to measure.
    optimum : fitted denoiser
        The optimum: the posterior mean of the class, for example.
    X : array-like, torch.Tensor or lazy stack
        Clean test images.
    sigmas : array-like of shape (n_sigmas,), default=(0.03, 0.1, 0.3)
        Noise levels, positive, in the units of X.
    random_state : int, RandomState or None, default=0
        Seed of the noise: the same for all, image by image.

    Returns
    -------
    table : Table
        One row a denoiser and noise level: ``denoiser, kind, bound, sigma, input_psnr, psnr,
        optimum_psnr``, ``gap`` (the mean over images of the optimum's PSNR minus the
        denoiser's, in dB) and its standard error ``gap_se``, ``mse_gap`` (difference of
        the mean squared errors a pixel, at least 0 in expectation) with ``mse_gap_se``, and
        ``n_images``. The errors are those of paired differences; NaN for one image.

    Raises
    ------
    ValueError
        For no denoisers, or noise levels that are not positive.

    Notes
    -----
    The posterior mean has the least mean squared error, not the largest mean PSNR: ``gap`` may be
    slightly negative where ``mse_gap`` is not.

    Examples
    --------
    >>> from gahb_sk import WaveletShrinkage
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.denoisers import DiskPosteriorMean
    >>> X = make_disk_images(6, 24, random_state=0)
    >>> rival, best = WaveletShrinkage().fit(X), DiskPosteriorMean().fit(X)
    >>> bool(optimality_gap({"wavelets": rival}, best, X, [0.1])["gap"] > 3)
    True
    """
    if not denoisers:
        raise ValueError("denoisers: expected at least one fitted denoiser, got none.")
    X = X if is_torch(X) or is_lazy(X) else np.asarray(X)
    n = len(check_images(X))
    root = seed_sequence(random_state)
    rows = []
    for sigma in _check_sigmas(sigmas):
        clean, noisy = noisy_images(X, np.arange(n), sigma, root)
        best = denoise(optimum, noisy, sigma, clean)
        for name, denoiser in denoisers.items():
            found = denoise(denoiser, noisy, sigma, clean)
            row = {"denoiser": name, "kind": denoiser.kind, "bound": denoiser.needs_clean}
            row |= {"sigma": sigma, "input_psnr": float(input_psnr(sigma))}
            rows.append(row | _gap(clean, found, best))
    return Table.from_rows(rows)


def _gap(clean, found, best):
    ours, theirs = psnr(clean, found), psnr(clean, best)
    gap, gap_se = _mean_and_error(theirs - ours)
    excess, excess_se = _mean_and_error(mse(clean, found) - mse(clean, best))
    return {
        "psnr": float(ours.mean()),
        "optimum_psnr": float(theirs.mean()),
        "gap": gap,
        "gap_se": gap_se,
        "mse_gap": excess,
        "mse_gap_se": excess_se,
        "n_images": len(ours),
    }


def _mean_and_error(values):
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return float(values.mean()), float(error)
