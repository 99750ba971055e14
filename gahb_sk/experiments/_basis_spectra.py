"""Shrinkage factors of denoisers, with the coefficients and the harmonicity of their vectors."""

from functools import partial

import numpy as np

from gahb_sk._arrays import as_array
from gahb_sk._random import child, image_generator, seed_sequence
from gahb_sk._validation import Integral, at_least, validate_params
from gahb_sk.analysis import harmonicity
from gahb_sk.denoisers import as_denoisers
from gahb_sk.experiments._basis_alignment import leading_basis, n_nonzero
from gahb_sk.experiments._noisy_images import check_sigmas, noisy_images
from gahb_sk.experiments._parallel import in_parallel
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import mean_and_error
from gahb_sk.images import as_images

_DRAWS = 40  # random vectors an image behind the level of chance


@validate_params(
    {
        "denoisers": [dict, list, tuple],
        "n_components": [at_least(1)],
        "n_jobs": [Integral, None],
        "verbose": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def basis_spectra(
    denoisers,
    X,
    sigma=(0.05, 0.1, 0.2),
    n_components=50,
    *,
    dtype="float32",
    random_state=0,
    n_jobs=None,
    verbose=False,
):
    """Mean shrinkage factors of denoisers over images, one row a factor.

    Parameters
    ----------
    denoisers : dict of str to fitted denoiser, or list of fitted denoisers
        Whose adaptive bases to examine.
    X : array-like of shape (n, H, W) or (n, C, H, W)
        Clean images that the denoisers were not fitted on.
    sigma : float or array-like of shape (n_sigmas,), default=(0.05, 0.1, 0.2)
        Noise levels in the units of X.
    n_components : int, default=50
        How many factors, at most the number of values of an image.
    dtype, random_state, n_jobs, verbose
        See :func:`basis_alignment`, whose noisy images are the same with the same seed.

    Returns
    -------
    table : Table
        ``denoiser, sigma, k, factor, factor_se, coefficient, harmonicity, harmonicity_se,
        adaptivity, adaptivity_se, chance_high, n_images``. ``k`` counts from 1; ``coefficient`` is
        the root mean square of <x, e_k>; ``adaptivity`` is what the geometry adds to
        ``harmonicity`` (its ``total - isotropic``); random vectors have harmonicity 0 on average,
        and in 95 of 100 cases at most ``chance_high``. Means over the images, with standard
        errors. Where a factor is 0 its vector is arbitrary and left out; NaN if no image has one.

    Raises
    ------
    ValueError, TypeError
        For noise levels or images that break the contract, or more components than values.

    Examples
    --------
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.denoisers import TangentProjection
    >>> from gahb_sk.experiments import basis_spectra
    >>> X = make_disk_images(2, 16, random_state=0)
    >>> table = basis_spectra({"tangents": TangentProjection().fit(X)}, X, [0.1], 6)
    >>> print(table["factor"].round(6))
    [1. 1. 1. 1. 1. 0.]
    """
    denoisers = as_denoisers(denoisers)
    X = as_array(X)
    images, sigmas = as_images(X), check_sigmas(sigma)
    root = seed_sequence(random_state)
    tasks = [(i, sigma) for sigma in sigmas for i in range(len(images))]
    results = in_parallel(
        partial(_one_image, denoisers, X, k=n_components, dtype=dtype, root=root),
        tasks, n_jobs=n_jobs, verbose=verbose, desc="spectra",
    )  # fmt: skip
    found = {(name, sigma): [] for name in denoisers for sigma in sigmas}
    for (_, sigma), (curves, high) in zip(tasks, results, strict=True):
        for name, curve in curves.items():
            found[name, sigma].append((*curve, np.full(n_components, high)))
    rows = [row for key, curves in found.items() for row in _rows(*key, np.array(curves))]
    return Table.from_rows(rows)


def _one_image(denoisers, X, i, sigma, *, k, dtype, root):
    """Factor, coefficient, harmonicity and adaptivity, (4, k), of each denoiser at an image."""
    clean, noisy = (np.asarray(images[0]) for images in noisy_images(X, np.array([i]), sigma, root))
    curves = {}
    for name, denoiser in denoisers.items():
        basis = leading_basis(denoiser, noisy, k, sigma, clean, dtype, child(root, 2, i))
        known = n_nonzero(basis)
        curve = np.full((4, k), np.nan)
        curve[0] = basis.values
        curve[1, :known] = basis.coefficients[:known]
        if known:
            harmonic = harmonicity(basis.vectors[:known], clean)
            curve[2, :known] = harmonic.total
            curve[3, :known] = harmonic.total - harmonic.isotropic
        curves[name] = curve
    random = image_generator(child(root, 3), i).standard_normal((_DRAWS, *clean.shape))
    return curves, float(np.percentile(harmonicity(random, clean).total, 95))


def _rows(name, sigma, curves):
    """One row a factor, of curves ``(n_images, 5, k)``."""
    for k, one in enumerate(np.moveaxis(curves, -1, 0)):
        factor, coefficient, harmonic, adaptivity, high = one.T
        yield {
            "denoiser": name,
            "sigma": sigma,
            "k": k + 1,
            "factor": _mean(factor)[0],
            "factor_se": _mean(factor)[1],
            "coefficient": np.sqrt(_mean(np.square(coefficient))[0]),
            "harmonicity": _mean(harmonic)[0],
            "harmonicity_se": _mean(harmonic)[1],
            "adaptivity": _mean(adaptivity)[0],
            "adaptivity_se": _mean(adaptivity)[1],
            "chance_high": _mean(high)[0],
            "n_images": int(np.isfinite(harmonic).sum()),
        }


def _mean(values):
    """Mean of what is known, and its standard error; NaN for too few."""
    values = values[np.isfinite(values)]
    return mean_and_error(values) if len(values) else (np.nan, np.nan)
