r"""From memorisation to generalisation as the training set grows.

For each N two denoisers are fitted on disjoint sets A and B of N images. One that has memorised
denoises its own set better than new images, and samples images of its own set; two that have both
learned the law of the images agree with each other (paper, section 2).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from gahb_sk._arrays import as_array
from gahb_sk._random import Seed, child, seed_sequence
from gahb_sk._validation import at_least, validate_params
from gahb_sk.datasets import split_disjoint
from gahb_sk.denoisers import as_denoiser, fit_or_load
from gahb_sk.experiments._kept_networks import is_kept, open_folder
from gahb_sk.experiments._measured_pair import SETS, measure_pair
from gahb_sk.experiments._noisy_images import check_sigmas
from gahb_sk.experiments._parallel import CONSTRAINTS, in_parallel
from gahb_sk.experiments._sample_pairs import SamplePairs, similarity_rows
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import gap_row, psnr_rows
from gahb_sk.images import as_images

DEFAULT_SIZES = (1, 10, 100, 1000)
_NETWORKS = 2  # stream of random numbers, after those of what is measured


@dataclass(frozen=True)
class GeneralizationCurve:
    """Result of :func:`generalization_curve`.

    Attributes
    ----------
    n_train : tuple of int
        Numbers of training images N, ascending.
    psnr : Table
        ``n_train, training_set`` ("A" or "B"), ``images`` ("train" or "test"), ``sigma,
        input_psnr, psnr, psnr_se, n_images``.
    gap : Table
        ``n_train, train_psnr, test_psnr, gap, gap_se``: means over the noise levels and both
        denoisers; the gap is the first minus the second, in dB.
    similarity : Table
        ``n_train, measure, centered, cosine, cosine_se, n_samples, n_diverged``. ``measure`` is
        "pair" (the two samples of the same noise), "closest" (a sample and the most similar image
        of its denoiser's training set) or "other" (the same in the other denoiser's set, which it
        has not seen: what "closest" would be without memorisation). ``centered`` says whether the
        images' means were removed.
    samples : dict of int to SamplePairs
        By N; empty if no samples were asked for.
    n_weights : float
        Number of weights of a network; NaN for other denoisers.
    n_values : int
        Number of values of an image.
    """

    n_train: tuple
    psnr: Table
    gap: Table
    similarity: Table
    samples: dict[int, SamplePairs]
    n_weights: float
    n_values: int


@validate_params(
    {
        "estimator": "no_validation",
        "n_test": [at_least(1)],
        "n_samples": [at_least(0)],
        "sampler": [dict, None],
        "folder": "no_validation",
        "n_jobs": CONSTRAINTS["n_jobs"],
        "verbose": CONSTRAINTS["verbose"],
    }
)
def generalization_curve(
    estimator: Any,
    X: Any,  # arrays, tensors and lazy stacks
    n_train: Sequence[int] | None = None,
    *,
    sigma: npt.ArrayLike = (0.03, 0.1, 0.3),
    n_test: int = 100,
    n_samples: int = 16,
    sampler: dict | None = None,
    folder: str | os.PathLike | None = None,
    random_state: Seed = 0,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> GeneralizationCurve:
    """Measure memorisation and generalisation against the number of training images.

    Parameters
    ----------
    estimator : denoiser, or dict of int to (denoiser, denoiser)
        Cloned, never fitted itself. Its ``random_state``, if it has one, is replaced by seeds of
        ``random_state``, one for each set, so that both networks start from other weights.
        A dict has for each N two denoisers that are fitted already, on sets A and B of X, such as
        those of :func:`gahb_sk.zoo.load_pairs`.
    X : array-like or lazy stack of shape (n, H, W) or (n, C, H, W)
        Clean images in random order. For each N the first N are set A, the last N set B; the
        test images, the same for all N, lie between the largest sets.
    n_train : sequence of int, default=None
        Numbers of training images; None is 1, 10, 100 and 1000, or those of the fitted pairs.
    sigma : float or array-like of shape (n_sigmas,), default=(0.03, 0.1, 0.3)
        Noise levels, positive, in the units of X; denoisers that are not blind are given them.
    n_test : int, default=100
        Test images; and noisy training images, with each training image taken equally often, up
        to one.
    n_samples : int, default=16
        Samples of each denoiser, from the same noise. 0 leaves them out.
    sampler : dict, default=None
        Parameters of :class:`gahb_sk.sampling.ScoreSampler`, for example ``{"h0": 0.05}``.
    folder : str or path-like, default=None
        Where fitted networks and what is measured of each pair are kept: the same call goes on
        after an interruption, and one with more ``n_train`` does only what is missing. Denoisers
        that are no networks are fitted again. Not for pairs that are fitted already.
    random_state : int, RandomState or None, default=0
        Seed of networks, noise and samples.
    n_jobs : int, default=None
        Number of parallel jobs: denoisers to fit, then values of N to measure.
    verbose : bool, default=False
        Whether to show a progress bar on stderr.

    Returns
    -------
    curve : GeneralizationCurve

    Raises
    ------
    ValueError
        If X has fewer than ``2 max(n_train) + n_test`` images, the folder is of another
        experiment, there is no fitted pair for an N, or images, noise levels or parameters break
        the contract.
    TypeError
        If the estimator is no denoiser of gahb_sk and no dict of pairs, or an oracle.

    Notes
    -----
    Standard errors are over images and over samples, for these two training sets; where several
    noisy copies of few training images are taken, over the noise. A sample that diverged is left
    out and counted.

    References
    ----------
    Z. Kadkhodaie, F. Guth, E. P. Simoncelli, S. Mallat, "Generalization in diffusion models
    arises from geometry-adaptive harmonic representations", ICLR 2024, arXiv:2310.02557, Figures
    1 and 2.

    Examples
    --------
    >>> from gahb_sk import WienerDenoiser
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.experiments import generalization_curve
    >>> X = make_c_alpha_images(500, 8, random_state=0)
    >>> curve = generalization_curve(WienerDenoiser(), X, (10, 200), n_samples=0)
    >>> bool(curve.gap["gap"][0] > 10 * curve.gap["gap"][1])
    True
    """
    n_train = default_sizes(DEFAULT_SIZES, estimator) if n_train is None else n_train
    X = as_array(X)
    images = as_images(X)
    sizes = check_sizes(n_train, n_test, len(images))
    sigmas, root = check_sigmas(sigma), seed_sequence(random_state)
    measured_in = None
    if isinstance(estimator, dict):
        pairs = _fitted_pairs(estimator, sizes, folder)
    else:
        estimator = as_denoiser(estimator, name="estimator", oracles=False)
        if folder is not None and is_kept(estimator):
            measured_in = Path(folder) / "measured"
        pairs = _fit_pairs(estimator, X, sizes, child(root, _NETWORKS), folder, n_jobs, verbose)
    test = X[sizes[-1] : sizes[-1] + n_test]
    options = {"sigmas": sigmas, "n_samples": n_samples, "sampler": sampler or {}, "root": root}
    measure: Any = partial(measure_pair, **options)
    tasks = [
        (pair, *split_disjoint(X, n), test, measured_in and measured_in / f"{n}.npz")
        for n, pair in pairs.items()
    ]
    results = in_parallel(measure, tasks, n_jobs=n_jobs, verbose=verbose, desc="measuring")
    measured = dict(zip(sizes, results, strict=True))
    n_weights, n_values = count_weights(pairs[sizes[0]][0]), int(np.prod(images.image_shape))
    return _collect(measured, sigmas, n_weights, n_values)


def default_sizes(usual, *estimators):
    """Return the numbers of training images that all fitted pairs have; without any the usual."""
    fitted = [set(pairs) for pairs in estimators if isinstance(pairs, dict)]
    return sorted(set.intersection(*fitted)) if fitted else usual


def check_sizes(n_train, n_test, n_images, name="X"):
    """Return the numbers of training images, ascending; raise if X is too small for them."""
    sizes = np.unique(np.asarray(n_train))
    if sizes.ndim != 1 or not len(sizes) or sizes.dtype.kind not in "iu" or sizes[0] < 1:
        raise ValueError(f"n_train: expected positive ints, got {n_train!r}.")
    needed = 2 * int(sizes[-1]) + n_test
    if needed > n_images:
        raise ValueError(
            f"{name}: expected at least 2 * {sizes[-1]} + {n_test} = {needed} images, for two "
            f"disjoint training sets and the test images, got {n_images}. Choose smaller n_train "
            "or n_test."
        )
    return tuple(sizes.tolist())


def _fitted_pairs(pairs, sizes, folder):
    """Return the pairs of the wanted sizes, which were fitted elsewhere."""
    if folder is not None:
        raise ValueError("folder: expected None for pairs that are fitted already.")
    if not set(sizes) <= set(pairs):
        raise ValueError(
            f"n_train: expected some of {sorted(pairs)}, which are fitted; got {sizes}."
        )
    for n in sizes:
        if not isinstance(pairs[n], (tuple, list)) or len(pairs[n]) != len(SETS):
            raise ValueError(f"estimator: expected two fitted denoisers for {n}, got {pairs[n]!r}.")
    return {
        n: tuple(as_denoiser(one, name=f"estimator[{n}]", oracles=False) for one in pairs[n])
        for n in sizes
    }


def _fit_pairs(estimator, X, sizes, root, folder, n_jobs, verbose):
    """Return for each N the two fitted denoisers."""
    seeds = [int(child(root, k).generate_state(1)[0]) for k in range(len(SETS))]
    keep = folder is not None and is_kept(estimator)
    folder = open_folder(folder, estimator, X, seeds[0]) if keep else None
    tasks = [
        (_seeded(estimator, seeds[k]), split_disjoint(X, n)[k], folder and folder / f"{n}{SETS[k]}")
        for n in sizes
        for k in range(len(SETS))
    ]
    fitted = list(in_parallel(fit_or_load, tasks, n_jobs=n_jobs, verbose=verbose, desc="fitting"))
    return dict(zip(sizes, zip(fitted[::2], fitted[1::2], strict=True), strict=True))


def _seeded(estimator, seed):
    estimator = clone(estimator)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=seed)
    return estimator


def count_weights(denoiser):
    """Return the number of weights of a fitted network, NaN for another denoiser."""
    network = getattr(denoiser, "network_", None)
    if network is None:
        return float("nan")
    return float(sum(weight.numel() for weight in network.parameters()))


def _collect(measured, sigmas, n_weights, n_values):
    psnrs, gaps, similar, samples = [], [], [], {}
    for n, (found, pairs) in measured.items():
        psnrs += [{"n_train": n, **row} for row in psnr_rows(found, sigmas)]
        gaps.append({"n_train": n, **gap_row(found)})
        if pairs is not None:
            samples[n] = pairs
            similar += [{"n_train": n, **row} for row in similarity_rows(pairs)]
    tables = (Table.from_rows(rows) for rows in (psnrs, gaps, similar))
    return GeneralizationCurve(tuple(measured), *tables, samples, n_weights, n_values)
