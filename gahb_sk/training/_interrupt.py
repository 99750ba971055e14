"""Ctrl-C ends a training, not the program."""

import contextlib
import signal
import threading
import warnings

_INTERRUPTED = "Training was interrupted"  # what a network warns of after Ctrl-C


def fit_to_the_end(estimator, X):
    """Fit an estimator; after Ctrl-C raise, lest a half-trained network pass for a finished one.

    Parameters
    ----------
    estimator : denoiser
        With a ``checkpoint_dir`` the next call goes on.
    X : array-like, lazy stack or stream
        Training images.

    Returns
    -------
    estimator : denoiser
        Itself, fitted.

    Raises
    ------
    KeyboardInterrupt
        If the training was interrupted.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=_INTERRUPTED, category=UserWarning)
        try:
            return estimator.fit(X)
        except UserWarning as warning:
            if str(warning).startswith(_INTERRUPTED):
                raise KeyboardInterrupt from warning
            raise


@contextlib.contextmanager
def interrupt_after_step(training):
    """Let Ctrl-C end the training after the present step; a second one raises as usual."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = signal.getsignal(signal.SIGINT)

    def interrupt(number, frame):
        training.interrupted = True
        signal.signal(signal.SIGINT, usual)

    if usual is None:  # set by other than Python: not ours to replace
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


@contextlib.contextmanager
def interrupts_left_to_children():
    """Leave Ctrl-C to the processes started meanwhile, which end after their present step.

    They begin with interrupts ignored, as this process does, so that none is lost while it loads.
    """
    main = threading.current_thread() is threading.main_thread()
    usual = signal.getsignal(signal.SIGINT) if main else None
    if usual is None:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
