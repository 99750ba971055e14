"""How many images it takes to generalise, by the size of the images and of the network."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gahb_sk._random import Seed, seed_sequence
from gahb_sk._validation import validate_params
from gahb_sk.denoisers import as_denoisers
from gahb_sk.experiments._generalization_curve import (
    check_sizes,
    default_sizes,
    generalization_curve,
)
from gahb_sk.experiments._table import Table
from gahb_sk.images import as_images

DEFAULT_SIZES = (10, 100, 1000)


@validate_params(
    {
        "estimators": [dict, list, tuple, None],
        "stacks": [dict],
        "pairs": [dict, None],
        "folder": "no_validation",
    }
)
def capacity_curve(
    estimators: dict | list | None,
    stacks: dict,
    n_train: Sequence[int] | None = None,
    *,
    pairs: dict | None = None,
    sigma: npt.ArrayLike = (0.03, 0.1, 0.3),
    n_test: int = 100,
    folder: str | os.PathLike | None = None,
    random_state: Seed = 0,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Table:
    """Measure the gap between training and test PSNR for each image size and network size.

    Parameters
    ----------
    estimators : dict of str to denoiser, list of denoisers, or None
        Networks of several sizes by name, each for all stacks; any other denoiser may take part.
        Cloned. None if there are ``pairs`` alone.
    stacks : dict of str to array-like or lazy stack
        Images of several sizes by name, each as :func:`generalization_curve` takes them; for a
        comparison of sizes the same images at several resolutions.
    n_train : sequence of int, default=None
        Numbers of training images; None is 10, 100 and 1000, or those of all fitted pairs.
    sigma, n_test, random_state, n_jobs, verbose
        See :func:`generalization_curve`.
    pairs : dict of str to dict, default=None
        Fitted denoisers by stack, name and N: ``{"32x32": {"large": {10: (A, B)}}}``. See
        :func:`generalization_curve`.
    folder : str or path-like, default=None
        Where fitted networks are kept, in a folder for each pair, so that the same call goes on
        after an interruption. Names are then parts of paths.

    Returns
    -------
    table : Table
        One row per stack, estimator and N: ``images, n_values`` (of an image), ``denoiser,
        n_weights`` (NaN unless it is a network), ``n_train, train_psnr, test_psnr, gap, gap_se``.

    Raises
    ------
    ValueError, TypeError
        See :func:`generalization_curve`; all stacks are checked before the first fit.

    References
    ----------
    Z. Kadkhodaie, F. Guth, E. P. Simoncelli, S. Mallat, "Generalization in diffusion models
    arises from geometry-adaptive harmonic representations", ICLR 2024, arXiv:2310.02557, Figure
    15.

    Examples
    --------
    >>> from gahb_sk import WienerDenoiser
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.experiments import capacity_curve
    >>> stacks = {f"{s}x{s}": make_c_alpha_images(300, s, random_state=0) for s in (4, 12)}
    >>> table = capacity_curve([WienerDenoiser()], stacks, (100,))
    >>> bool(table.where(images="12x12")["gap"] > table.where(images="4x4")["gap"])
    True
    """
    estimators = {} if estimators is None else as_denoisers(estimators)
    tasks = _tasks(estimators, stacks, pairs or {})
    fitted = [part for _, _, part in tasks if isinstance(part, dict)]
    n_train = default_sizes(DEFAULT_SIZES, *fitted) if n_train is None else n_train
    for name, X in stacks.items():
        check_sizes(n_train, n_test, len(as_images(X, name=name)), name)
    options: dict = {"sigma": sigma, "n_test": n_test, "n_samples": 0}
    options |= {"random_state": seed_sequence(random_state), "n_jobs": n_jobs, "verbose": verbose}
    rows = []
    for images, name, part in tasks:
        place = None
        if folder is not None and not isinstance(part, dict):
            place = Path(folder) / _as_path(images) / _as_path(name)
        curve = generalization_curve(part, stacks[images], n_train, folder=place, **options)
        head = {"images": images, "n_values": curve.n_values, "denoiser": name}
        head |= {"n_weights": curve.n_weights}
        rows += [head | row for row in curve.gap.rows()]
    return Table.from_rows(rows)


def images_needed(n_train: npt.ArrayLike, gaps: npt.ArrayLike, small: float = 1.0) -> float:
    """Number of training images from which on the gap between training and test PSNR is small.

    Parameters
    ----------
    n_train : array-like of shape (n,)
        Numbers of training images, ascending.
    gaps : array-like of shape (n,)
        Their gaps in dB, as :func:`capacity_curve` measures them.
    small : float, default=1.0
        What counts as small.

    Returns
    -------
    n_images : float
        Where the gap falls to ``small``, on a line in the logarithm of N between two N; the
        smallest N if the gap is small from there on, infinite if it is not at the largest.
    """
    n_train, gaps = np.asarray(n_train, np.float64), np.asarray(gaps, np.float64)
    above = np.flatnonzero(~(gaps <= small))
    if not len(above):
        return float(n_train[0])
    last = above[-1]
    if last + 1 == len(n_train):
        return float("inf")
    part = (gaps[last] - small) / (gaps[last] - gaps[last + 1])
    low, high = np.log(n_train[last : last + 2])
    return float(np.exp(low + part * (high - low)))


def _tasks(estimators, stacks, pairs):
    """Return what is measured on which stack, by which name; raise if there is nothing."""
    if not stacks:
        raise ValueError("stacks: expected at least one stack of images by name, got none.")
    for images in pairs:
        if images not in stacks:
            raise ValueError(
                f"pairs: expected names among {list(stacks)}, the stacks, got {images!r}."
            )
    tasks = [
        (images, name, part)
        for images in stacks
        for name, part in {**estimators, **pairs.get(images, {})}.items()
    ]
    if not tasks:
        raise ValueError("estimators, pairs: expected at least one denoiser, got none.")
    return tasks


def _as_path(name):
    """Return a name without what a path must not hold."""
    return re.sub(r"[^\w.-]+", "_", name).lstrip(".") or "_"
