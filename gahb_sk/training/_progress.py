"""The progress bar of a training."""

import contextlib

from tqdm.auto import tqdm


@contextlib.contextmanager
def progress_bar(name, verbose):
    """Give a function to call with the training after each step, which draws on stderr.

    Parameters
    ----------
    name : str
        What is trained.
    verbose : bool
        If False, None is given.
    """
    if not verbose:
        yield None
        return
    with tqdm(total=100, desc=name, unit="%", leave=False) as bar:

        def on_step(training):
            done = int(100 * training.progress)
            if done > bar.n:
                bar.set_postfix(images=training.images, refresh=False)
                bar.update(done - bar.n)

        yield on_step
