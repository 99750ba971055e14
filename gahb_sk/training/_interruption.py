"""Ctrl-C ends a training, not the program."""

import contextlib
import signal
import threading
import warnings


class TrainingInterrupted(UserWarning):
    """Ctrl-C ended a training early; the estimator is fitted with the weights reached."""


@contextlib.contextmanager
def interruptions_raised():
    """Let Ctrl-C during a training raise, lest a half-trained network pass for a finished one.

    Raises
    ------
    KeyboardInterrupt
        If a training in the block was interrupted.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", TrainingInterrupted)
        try:
            yield
        except TrainingInterrupted as warning:
            raise KeyboardInterrupt from warning


@contextlib.contextmanager
def interrupt_after_step(trainer):
    """Let Ctrl-C end the training after the present step; a second one raises as usual."""

    def interrupt(number, frame):
        trainer.interrupted = True
        signal.signal(signal.SIGINT, usual)

    with _interrupts(interrupt) as usual:
        yield


@contextlib.contextmanager
def interrupts_left_to_children():
    """Leave Ctrl-C to the processes started meanwhile, which end after their present step.

    They begin with interrupts ignored, as this process does, so that none is lost while it loads.
    """
    with _interrupts(signal.SIG_IGN):
        yield


@contextlib.contextmanager
def _interrupts(handler):
    """Handle SIGINT so in the main thread; give the handler before, which comes back."""
    main = threading.current_thread() is threading.main_thread()
    usual = signal.getsignal(signal.SIGINT) if main else None
    if usual is None:  # another thread, or set by other than Python: not ours to replace
        yield None
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield usual
    finally:
        signal.signal(signal.SIGINT, usual)
