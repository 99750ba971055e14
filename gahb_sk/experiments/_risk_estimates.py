"""True and estimated errors, and effective dimension, of denoisers against the noise level."""

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from gahb_sk._arrays import as_array
from gahb_sk._random import Seed, child, seed_sequence
from gahb_sk._validation import validate_params
from gahb_sk.analysis import effective_dimension, predicted_mse, sure
from gahb_sk.denoisers import as_denoisers
from gahb_sk.experiments._noisy_images import check_sigmas, noisy_images
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import with_error
from gahb_sk.images import as_images
from gahb_sk.metrics import mse


@validate_params({"denoisers": [dict, list, tuple], "verbose": ["boolean"]})
def risk_estimates(
    denoisers: dict | list,
    X: npt.ArrayLike,
    sigma: npt.ArrayLike = (0.03, 0.1, 0.3),
    *,
    method: str = "auto",
    n_products: int = 60,
    dtype: str = "float32",
    random_state: Seed = 0,
    verbose: bool = False,
) -> Table:
    """Compare the true error with what can be said of it without clean images.

    Parameters
    ----------
    denoisers, X, sigma, random_state, verbose
        See :func:`basis_alignment`.
    method, n_products, dtype
        See :func:`gahb_sk.analysis.effective_dimension`.

    Returns
    -------
    table : Table
        ``denoiser, kind, bound, sigma, n_images`` and means over the images, each with its
        standard error (``_se``): ``dimension``, the effective dimension; ``mse``, the true mean
        squared error of a pixel; ``sure``, Stein's estimate of it; ``predicted``, sigma^2 times
        the dimension over d.

    Examples
    --------
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.denoisers import WaveletShrinkage
    >>> from gahb_sk.experiments import risk_estimates
    >>> X = make_c_alpha_images(4, 32, random_state=0)
    >>> table = risk_estimates([WaveletShrinkage(threshold=1.5).fit(X)], X, [0.03, 0.3])
    >>> bool(table["dimension"][0] > table["dimension"][1])
    True
    """
    denoisers = as_denoisers(denoisers)
    X = as_array(X)
    index, sigmas = np.arange(len(as_images(X))), check_sigmas(sigma)
    root = seed_sequence(random_state)
    options = {"method": method, "n_products": n_products, "dtype": dtype}
    options["random_state"] = child(root, 1)
    rows = []
    tasks = [(name, sigma) for name in denoisers for sigma in sigmas]
    for name, sigma in tqdm(tasks, desc="risk", disable=not verbose):
        clean, noisy = noisy_images(X, index, sigma, root)
        rows.append(_row(name, denoisers[name], clean, noisy, sigma, options))
    return Table.from_rows(rows)


def _row(name, denoiser, clean, noisy, sigma, options):
    dimensions = effective_dimension(denoiser, noisy, sigma, clean=clean, **options)
    known = {"clean": clean, "dimensions": dimensions}
    columns = {
        "dimension": np.array([dimension.value for dimension in dimensions]),
        "mse": mse(clean, denoiser.denoise(noisy, sigma, clean=clean)),
        "sure": sure(denoiser, noisy, sigma, **known).mse,
        "predicted": predicted_mse(denoiser, noisy, sigma, **known).mse,
    }
    row = {"denoiser": name, "kind": denoiser.kind, "bound": denoiser.needs_clean}
    row |= {"sigma": sigma, "n_images": len(dimensions)}
    for column, values in columns.items():
        row |= with_error(column, values)
    return row
