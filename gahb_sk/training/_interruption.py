"""Ctrl-C and SIGTERM end a training, not the program."""

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
    """Let Ctrl-C end the training after the present step; a second one raises as usual.

    So does SIGTERM, which batch systems send before they kill, if this process trains alone. Of
    several, one that stopped by itself would leave the others waiting for it.
    """
    usual = {}

    def interrupt(number, frame):
        trainer.interrupted = True
        for each, handler in usual.items():
            signal.signal(each, handler)

    numbers = (signal.SIGINT, signal.SIGTERM) if trainer.engine.size == 1 else (signal.SIGINT,)
    with _handled(interrupt, numbers, usual):
        yield


@contextlib.contextmanager
def interrupts_left_to_children():
    """Leave Ctrl-C to the processes started meanwhile, which end after their present step.

    They begin with interrupts ignored, as this process does, so that none is lost while it loads.
    """
    with _handled(signal.SIG_IGN, (signal.SIGINT,), {}):
        yield


@contextlib.contextmanager
def _handled(handler, numbers, usual):
    """Handle signals so in the main thread; ``usual`` gets the handlers before, which come back."""
    if threading.current_thread() is threading.main_thread():
        found = {number: signal.getsignal(number) for number in numbers}
        # None: set by other than Python, not ours to replace.
        usual.update((number, one) for number, one in found.items() if one is not None)
    for number in usual:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, one in usual.items():
            signal.signal(number, one)
