"""Tasks of an experiment run by joblib, with a progress bar."""

from joblib import Parallel, delayed
from tqdm import tqdm


def in_parallel(function, tasks, *, n_jobs, verbose, desc):
    """Yield ``function(*task)`` for each task, in order.

    Parameters
    ----------
    function : callable
    tasks : list of tuple
        Its arguments.
    n_jobs : int or None
        Number of parallel jobs of joblib.
    verbose : bool
        Whether to show a progress bar on stderr.
    desc : str
        Beside the bar.

    Yields
    ------
    result : object
    """
    results = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(function)(*task) for task in tasks
    )
    yield from tqdm(results, desc=desc, total=len(tasks), disable=not verbose)
