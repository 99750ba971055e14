"""Tasks of an experiment run by joblib, with a progress bar."""

from functools import partial

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from gahb_sk._validation import Integral
from gahb_sk.experiments._noisy_images import noisy_images

# What parameters that most experiments share may be.
CONSTRAINTS = {
    "denoisers": [dict, list, tuple],
    "n_jobs": [Integral, None],
    "verbose": ["boolean"],
}


def as_they_come(n_jobs):
    """Return a ``Parallel`` that hands on each result when it is there, if its back end can."""
    try:
        return Parallel(n_jobs=n_jobs, return_as="generator")
    except ValueError:  # that of Ray cannot
        return Parallel(n_jobs=n_jobs)


def in_parallel(function, tasks, *, n_jobs, verbose, desc):
    """Yield ``function(*task)`` for each task, in order."""
    results = as_they_come(n_jobs)(delayed(function)(*task) for task in tasks)
    yield from tqdm(results, desc=desc, total=len(tasks), disable=not verbose)


def at_each_image(function, X, sigmas, root, **options):
    """Yield a noise level and ``function(clean, noisy, sigma, i)``, for each level and image i."""
    tasks = [(i, sigma) for sigma in sigmas for i in range(len(X))]
    results = in_parallel(partial(_at_one_image, function, X, root), tasks, **options)
    for (_, sigma), result in zip(tasks, results, strict=True):
        yield sigma, result


def _at_one_image(function, X, root, i, sigma):
    clean, noisy = (np.asarray(stack[0]) for stack in noisy_images(X, np.array([i]), sigma, root))
    return function(clean, noisy, sigma, i)
