"""True and estimated errors, and effective dimension, of denoisers against the noise level."""

import numpy as np
from tqdm import tqdm

from gahb_sk._arrays import as_array
from gahb_sk._random import child, seed_sequence
from gahb_sk._validation import validate_params
from gahb_sk.analysis import effective_dimension, predicted_mse, sure
from gahb_sk.denoisers import as_denoisers
from gahb_sk.experiments._noisy_images import check_sigmas, noisy_images
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import mean_and_error
from gahb_sk.images import as_images
from gahb_sk.metrics import mse


@validate_params(
    {"denoisers": [dict, list, tuple], "verbose": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def risk_estimates(
    denoisers,
    X,
    sigma=(0.03, 0.1, 0.3),
    *,
    method="auto",
    n_products=60,
    dtype="float32",
    random_state=0,
    verbose=False,
):
    """Compare the true error with what can be said of it without clean images.

    Parameters
    ----------
    denoisers : dict of str to fitted denoiser, or list of fitted denoisers
        Used as they are, not fitted again.
    X : array-like of shape (n, H, W) or (n, C, H, W)
        Clean images that the denoisers were not fitted on.
    sigma : float or array-like of shape (n_sigmas,), default=(0.03, 0.1, 0.3)
        Noise levels in the units of X; non-blind denoisers are given them.
    method, n_products, dtype
        See :func:`gahb_sk.analysis.effective_dimension`.
    random_state : int, RandomState or None, default=0
        Seed of the noise and of the random vectors.
    verbose : bool, default=False
        Whether to show a progress bar on stderr.

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
    >>> bool((table["dimension"][0] > table["dimension"][1]))
    True
    """
    denoisers = as_denoisers(denoisers)
    X = as_array(X)
    index, sigmas = np.arange(len(as_images(X))), check_sigmas(sigma)
    root = seed_sequence(random_state)
    options = {
        "method": method,
        "n_products": n_products,
        "dtype": dtype,
        "random_state": child(root, 1),
    }
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
    row = {
        "denoiser": name,
        "kind": denoiser.kind,
        "bound": denoiser.needs_clean,
        "sigma": sigma,
        "n_images": len(dimensions),
    }
    for column, values in columns.items():
        row[column], row[f"{column}_se"] = mean_and_error(values)
    return row
