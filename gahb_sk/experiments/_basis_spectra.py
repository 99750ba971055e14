"""Shrinkage factors of denoisers, with the coefficients and the harmonicity of their vectors."""

import numpy as np
import numpy.typing as npt

from gahb_sk._arrays import as_array
from gahb_sk._random import Seed, child, image_generator, seed_sequence
from gahb_sk._validation import at_least, validate_params
from gahb_sk.analysis import harmonicity
from gahb_sk.denoisers import as_denoisers
from gahb_sk.experiments._leading_bases import leading_bases, n_nonzero
from gahb_sk.experiments._noisy_images import check_sigmas
from gahb_sk.experiments._parallel import CONSTRAINTS
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import mean_and_error, with_error
from gahb_sk.images import as_images

_DRAWS = 40  # random vectors per image behind the level of chance


@validate_params(CONSTRAINTS | {"n_components": [at_least(1)]})
def basis_spectra(
    denoisers: dict | list,
    X: npt.ArrayLike,
    sigma: npt.ArrayLike = (0.05, 0.1, 0.2),
    n_components: int = 50,
    *,
    dtype: str = "float32",
    random_state: Seed = 0,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Table:
    """Mean shrinkage factors of denoisers over images, one row per factor.

    Parameters
    ----------
    denoisers, X, sigma, dtype, random_state, n_jobs, verbose
        See :func:`basis_alignment`, whose noisy images are the same with the same seed.
    n_components : int, default=50
        How many factors, at most the number of values of an image.

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
    as_images(X)
    root, sigmas = seed_sequence(random_state), check_sigmas(sigma)
    options = {"dtype": dtype, "n_jobs": n_jobs, "verbose": verbose, "desc": "spectra"}
    found = leading_bases(denoisers, X, sigmas, n_components, root, **options)
    return spectra_of(found, denoisers, n_components, root)


def spectra_of(found, names, k, root):
    """Return the table of :func:`basis_spectra` from bases of k pairs and more, by name."""
    curves: dict = {}
    for one in found:
        random = image_generator(child(root, 3), one.i).standard_normal((_DRAWS, *one.clean.shape))
        high = np.full(k, np.percentile(harmonicity(random, one.clean).total, 95))
        for name in names:
            curve = _curve(one.bases[name], one.clean, k)
            curves.setdefault((name, one.sigma), []).append((*curve, high))
    keys = [(name, sigma) for name in names for n, sigma in curves if n == name]
    return Table.from_rows([row for key in keys for row in _rows(*key, np.array(curves[key]))])


def _curve(basis, clean, k):
    """Factor, coefficient, harmonicity and adaptivity, (4, k), of a denoiser at an image."""
    known = min(n_nonzero(basis), k)
    curve = np.full((4, k), np.nan)
    curve[0] = basis.values[:k]
    curve[1, :known] = basis.coefficients[:known]
    if known:
        harmonic = harmonicity(basis.vectors[:known], clean)
        curve[2, :known] = harmonic.total
        curve[3, :known] = harmonic.total - harmonic.isotropic
    return curve


def _rows(name, sigma, curves):
    """One row per factor, of curves ``(n_images, 5, k)``; NaNs are left out of the means."""
    for k, one in enumerate(np.moveaxis(curves, -1, 0)):
        factor, coefficient, harmonic, adaptivity, high = (c[np.isfinite(c)] for c in one.T)
        yield {
            "denoiser": name,
            "sigma": sigma,
            "k": k + 1,
            **with_error("factor", factor),
            "coefficient": np.sqrt(mean_and_error(np.square(coefficient))[0]),
            **with_error("harmonicity", harmonic),
            **with_error("adaptivity", adaptivity),
            "chance_high": mean_and_error(high)[0],
            "n_images": len(harmonic),
        }
