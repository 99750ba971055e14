"""Cross-validated comparison of denoisers: the same images and the same noise for all."""

import contextlib
import multiprocessing.resource_tracker
import re
import signal
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import delayed, effective_n_jobs
from joblib.externals.loky.backend import resource_tracker as loky_tracker
from sklearn.model_selection import ShuffleSplit, check_cv
from tqdm.auto import tqdm

from gahb_sk._arrays import as_array, is_torch
from gahb_sk._files import check_writable
from gahb_sk._random import Seed, seed_sequence
from gahb_sk._validation import Integral, Interval, Real, at_least, validate_params
from gahb_sk.denoisers import as_denoisers
from gahb_sk.experiments._comparison import Comparison
from gahb_sk.experiments._fold import level_rows, run_fold
from gahb_sk.experiments._kept_scores import describe, fingerprint, kept
from gahb_sk.experiments._noisy_images import check_sigmas
from gahb_sk.experiments._parallel import as_they_come
from gahb_sk.experiments._table import Table
from gahb_sk.images import as_images
from gahb_sk.metrics import check_data_range

EXAMPLE_NAMES = ("clean", "noisy")
METRICS = ("psnr", "ssim")


@validate_params(
    {
        "denoisers": [dict, list, tuple],
        "data_range": [Real],
        "folder": [str, PathLike, None],
        "n_examples": [at_least(0)],
        "n_jobs": [at_least(1), Interval(Integral, None, -1, closed="right"), None],
        "verbose": ["boolean"],
    }
)
def compare_denoisers(
    denoisers: dict | list,
    X: Any,  # arrays, tensors and lazy stacks
    sigma: npt.ArrayLike = (0.03, 0.1, 0.3),
    *,
    cv: Any = 5,
    groups: npt.ArrayLike | None = None,
    data_range: float = 1.0,
    random_state: Seed = 0,
    n_examples: int = 0,
    n_jobs: int | None = None,
    verbose: bool = False,
    folder: str | PathLike | None = None,
) -> Comparison:
    """Compare denoisers by cross-validation on the same images with the same noise.

    Each denoiser is fitted on the clean training images of each fold and denoises the test
    images at every noise level, which it is given. Oracles are given the clean images too and are
    marked as bounds.

    Parameters
    ----------
    denoisers : dict of str to denoiser, or list of denoisers
        What to compare; names of shipped networks, functions and torch modules are denoisers too
        (see :func:`gahb_sk.denoisers.as_denoiser`). They are cloned, never fitted themselves. To
        compare one as it is fitted, pass ``sklearn.frozen.FrozenEstimator(denoiser)``.
    X : array-like or lazy stack of shape (n, H, W) or (n, C, H, W)
        Clean images.
    sigma : float or array-like of shape (n_sigmas,), default=(0.03, 0.1, 0.3)
        Noise levels, positive, in the units of X.
    cv : int, float or splitter, default=5
        Number of folds; or, a float in (0, 1), that fraction of the images as the one test set;
        or a scikit-learn splitter.
    groups : array-like of shape (n,), default=None
        Source of each image, for example the photograph that a patch is from. Splitters such as
        ``GroupKFold`` keep a group together, and standard errors are those of independent groups.
    data_range : float, default=1.0
        Length of the range of intensities, for PSNR and SSIM.
    random_state : int, RandomState or None, default=0
        Seed of the noise and of the split. Image k gets the same noise pattern, scaled by sigma,
        at every level, in every fold and for every denoiser.
    n_examples : int, default=0
        How many test images of the first fold to keep in ``comparison.examples``.
    n_jobs : int, default=None
        Number of parallel jobs, one per denoiser and fold. Seconds in the table are then those
        of contended cores.
    verbose : bool, default=False
        Whether to show a progress bar on stderr.
    folder : str or path-like, default=None
        Where to save the networks that are trained, ``networks/NAME``, with several folds
        ``networks/NAME/fold-K``, and in ``scores`` those of each denoiser on each fold, as soon
        as they are known, with their seconds. The same call goes on after an interruption.
        Functions, torch modules and fitted denoisers are compared again, since a file cannot tell
        whether they have changed. Workers on other machines need a folder that all of them see.

    Returns
    -------
    comparison : Comparison
        One tidy table with ``to_frame()``, ``means()``, ``slopes()``, ``differences()`` and the
        score of every image.

    Raises
    ------
    ValueError
        For no denoisers, two of the same name, one named "clean" or "noisy" (as the examples
        are), noise levels that are not positive, fewer images than folds, a split without images
        on both sides, or images that break the contract.

    Examples
    --------
    >>> from gahb_sk import OracleShrinkage, WaveletShrinkage
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> X = make_c_alpha_images(6, image_size=32, random_state=0)
    >>> table = compare_denoisers([WaveletShrinkage(), OracleShrinkage()], X, [0.1], cv=3)
    >>> table.n_rows
    6
    """
    denoisers, X = as_denoisers(denoisers), as_array(X)
    _refuse_example_names(denoisers)
    _refuse_flat_rows(X)
    n = len(as_images(X))
    sigmas, data_range = check_sigmas(sigma), check_data_range(data_range)
    root = seed_sequence(random_state)
    folds = _split(cv, X, n, groups, root)
    tasks = [(name, fold) for name in denoisers for fold in range(len(folds))]
    shared: Any = {"sigmas": sigmas, "root": root, "data_range": data_range}
    places = _places(folder, tasks, len(folds))
    images = None if folder is None else fingerprint(X)
    if folder is not None:
        check_writable(folder)
    parallel = as_they_come(n_jobs)
    with _ctrl_c_held(n_jobs if parallel.return_generator else 1):  # else until all is done
        results = parallel(
            delayed(_run_task)(
                denoisers[name], X, *folds[fold], n_examples * (fold == 0), shared, images,
                *places[name, fold],
            )
            for name, fold in tasks
        )  # fmt: skip
    rows: list[dict] = []
    scores: list[dict] = []
    examples: dict = {sigma: {} for sigma in sigmas} if n_examples else {}
    with tqdm(total=len(tasks), desc="comparing", disable=not verbose) as bar:
        for (name, fold), found in zip(tasks, results, strict=True):
            own = {"denoiser": name, "fold": fold}
            rows += [{**own, **level} for level in level_rows(found, sigmas)]
            for level, sigma in enumerate(sigmas):
                scores.append({**own, "sigma": sigma, **{m: found[m][level] for m in METRICS}})
                if "denoised" in found:
                    shown = {"clean": found["clean"][level], "noisy": found["noisy"][level]}
                    examples[sigma] |= {**shown, name: found["denoised"][level]}
            bar.set_postfix_str(name, refresh=False)
            bar.update()
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    sources = np.arange(n) if groups is None else np.asarray(groups)
    return Comparison(columns, _image_table(scores, folds, sources), examples)


def _image_table(scores, folds, sources):
    """One row per denoiser, fold, level and image, of ``scores`` with an array for the images."""
    parts = []
    for score in scores:
        image = np.asarray(folds[score["fold"]][1])
        score |= {"image": image, "source": sources[image]}
        parts.append({name: np.broadcast_to(v, image.shape) for name, v in score.items()})
    names = ("denoiser", "fold", "sigma", "image", "source", "psnr", "ssim")
    return Table({name: np.concatenate([part[name] for part in parts]) for name in names})


@contextlib.contextmanager
def _ctrl_c_held(n_jobs):
    """Start worker processes that ignore Ctrl-C; one that comes meanwhile takes effect after.

    A worker inherits what is blocked: its parent ends it, not a traceback of its own. joblib has no
    public way to do this, since an initializer would run too late for a Ctrl-C during the imports.
    """
    if effective_n_jobs(n_jobs) == 1 or not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    for tracker in (multiprocessing.resource_tracker, loky_tracker):
        tracker.ensure_running()  # started below, they would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _places(folder, tasks, n_folds):
    """Where the network and the scores of each task go, by name and fold; None for nowhere."""
    places: dict = {}
    for name, fold in tasks:
        own = re.sub(r"[^\w.=,-]+", "-", name).strip("-.")
        parts = [own] if n_folds == 1 else [own, f"fold-{fold + 1}"]
        places[name, fold] = (None, None)
        if folder is not None:
            scores = Path(folder, "scores", "-".join(parts) + ".npz")
            places[name, fold] = Path(folder, "networks", *parts), scores
    return places


def _run_task(denoiser, X, train, test, n_examples, shared, images, place, scores):
    """Return what :func:`run_fold` does, or what an earlier call with the same folder found."""
    compute = partial(run_fold, denoiser, X, train, test, n_examples, place, **shared)
    if scores is None or is_torch(X):
        return compute()
    split = {"train": np.asarray(train), "test": np.asarray(test), "n_examples": n_examples}
    seed = {"root": str(shared["root"].entropy), "key": shared["root"].spawn_key}
    others = {"images": images, **split, **shared, **seed}
    return kept(compute, scores, describe(denoiser, **others))


def _refuse_example_names(denoisers):
    for name in EXAMPLE_NAMES:
        if name in denoisers:
            raise ValueError(
                f"denoisers: expected another name than {name!r}, which the {name} images among "
                "the examples have."
            )


def _split(cv, X, n, groups, root):
    """List of (train, test) index arrays."""
    seed = int(root.generate_state(1)[0])
    if isinstance(cv, float):
        if not 0 < cv < 1 or not 1 <= round(cv * n) < n:
            raise ValueError(
                f"cv: expected a fraction in (0, 1) that leaves images on both sides, got {cv!r} "
                f"for {n} images."
            )
        cv = ShuffleSplit(n_splits=1, test_size=round(cv * n), random_state=seed)
    elif isinstance(cv, Integral) and n < 2:
        raise ValueError("X: expected at least two images, some to fit on and some to test, got 1.")
    elif isinstance(cv, Integral) and not 2 <= cv <= n:
        raise ValueError(
            f"cv: expected a number of folds between 2 and the number of images, {n}, got {cv!r}. "
            "For one split pass a fraction, e.g. cv=0.2."
        )
    if groups is not None and np.shape(groups) != (n,):
        raise ValueError(
            f"groups: expected one group per image, shape ({n},), got shape {np.shape(groups)}."
        )
    try:
        folds = [
            (train, test) for train, test in check_cv(cv).split(np.empty((n, 1)), None, groups)
        ]
    except (ValueError, TypeError) as error:
        raise ValueError(f"cv, groups: they do not split {n} images ({error}).") from error
    if not folds or not all(len(train) and len(test) for train, test in folds):
        raise ValueError(
            "cv: expected at least one pair (train, test) of indices, with images on both sides, "
            f"got {cv!r}."
        )
    return folds


def _refuse_flat_rows(X):
    if len(X.shape) == 2:
        raise ValueError(
            f"X: expected images (n, H, W) or (n, C, H, W), got flat rows of shape "
            f"{tuple(X.shape)}. Reshape them to (n, H, W): X.reshape(len(X), H, W)."
        )
