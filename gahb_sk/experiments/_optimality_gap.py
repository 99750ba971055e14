"""How far denoisers are from the optimum of a class of images, in decibels."""

from typing import Any

import numpy as np
import numpy.typing as npt

from gahb_sk._arrays import as_array
from gahb_sk._random import Seed, seed_sequence
from gahb_sk._validation import validate_params
from gahb_sk.denoisers import as_denoiser, as_denoisers
from gahb_sk.experiments._noisy_images import check_sigmas, noisy_chunks
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import with_error
from gahb_sk.images import as_images
from gahb_sk.metrics import input_psnr, mse, psnr


@validate_params({"denoisers": [dict], "optimum": "no_validation"})
def optimality_gap(
    denoisers: dict,
    optimum: Any,
    X: Any,  # arrays, tensors and lazy stacks
    sigma: npt.ArrayLike = (0.03, 0.1, 0.3),
    *,
    random_state: Seed = 0,
) -> Table:
    """Measure the gap between denoisers and the optimal one on the same noisy images.

    Parameters
    ----------
    denoisers : dict of str to fitted denoiser
        What to measure.
    optimum : fitted denoiser
        The optimum: the posterior mean of the class, for example.
    X : array-like, torch.Tensor or lazy stack
        Clean test images.
    sigma : float or array-like of shape (n_sigmas,), default=(0.03, 0.1, 0.3)
        Noise levels, positive, in the units of X.
    random_state : int, RandomState or None, default=0
        Seed of the noise: the same for all, image by image.

    Returns
    -------
    table : Table
        One row per denoiser and noise level: ``denoiser, kind, bound, sigma, input_psnr, psnr,
        optimum_psnr, mse, optimum_mse``, ``gap`` (the mean over images of the optimum's PSNR
        minus the denoiser's, in dB) and its standard error ``gap_se``, ``mse_gap`` (difference
        of the mean squared errors per pixel, at least 0 in expectation) with ``mse_gap_se``, and
        ``n_images``. The errors are those of paired differences; NaN for one image.

    Raises
    ------
    ValueError
        For no denoisers, or noise levels that are not positive.
    TypeError
        If one is no denoiser.

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
    optimum = as_denoiser(optimum, name="optimum")
    denoisers = as_denoisers(denoisers)
    X = as_array(X)
    as_images(X)
    root = seed_sequence(random_state)
    rows = []
    for level in check_sigmas(sigma):
        best, *found = _errors([optimum, *denoisers.values()], X, level, root)
        for (name, denoiser), own in zip(denoisers.items(), found, strict=True):
            row = {"denoiser": name, "kind": denoiser.kind, "bound": denoiser.needs_clean}
            row |= {"sigma": level, "input_psnr": float(input_psnr(level))}
            rows.append(row | _gap(own, best))
    return Table.from_rows(rows)


def _errors(denoisers, X, sigma, root):
    """PSNR and mean squared error, (2, n), of each denoiser at each image."""
    found = [[] for _ in denoisers]
    for clean, noisy in noisy_chunks(X, np.arange(len(X)), sigma, root):
        for denoiser, parts in zip(denoisers, found, strict=True):
            denoised = denoiser.denoise(noisy, sigma, clean=clean)
            parts.append(np.stack([psnr(clean, denoised), mse(clean, denoised)]))
    return [np.concatenate(parts, axis=1) for parts in found]


def _gap(own, best):
    return {
        "psnr": float(own[0].mean()),
        "optimum_psnr": float(best[0].mean()),
        "mse": float(own[1].mean()),
        "optimum_mse": float(best[1].mean()),
        **with_error("gap", best[0] - own[0]),
        **with_error("mse_gap", own[1] - best[1]),
        "n_images": own.shape[1],
    }
