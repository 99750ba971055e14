"""How a call with a bad value ended."""

import contextlib
import dataclasses
import io
import re
import signal
import warnings

import numpy as np

from gahb_sk.datasets import DamagedFile

SECONDS = 60  # of processor time, so that a busy machine makes no hangs
BLOCKED = 600  # seconds, for calls that wait for what never comes
TIMERS = {signal.ITIMER_PROF: signal.SIGPROF, signal.ITIMER_REAL: signal.SIGALRM}
VERDICTS = ("taken", "clear", "obscure", "silent", "hang")


class Hang(BaseException):
    """Raised when a call takes too long."""


def judge(call, name):
    """Return a verdict on ``call()`` and what was said.

    "taken": a result without NaN and infinity. "silent": a result with them. "clear": a ValueError,
    TypeError, OSError or ArithmeticError that has ``name`` in its text, or a DamagedFile.
    "obscure": any other error. "hang": no end within a minute of processor time.
    """

    def alarm(*_):
        raise Hang

    previous = [(number, signal.signal(number, alarm)) for number in TIMERS.values()]
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, BLOCKED)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            result = call()
    except Hang:
        return "hang", ""
    except DamagedFile as error:  # of the one file that was asked for
        return "clear", str(error)
    except Exception as error:
        named = re.search(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", str(error))
        known = isinstance(error, ValueError | TypeError | OSError | ArithmeticError)
        named = named or getattr(error, "filename", None) is not None  # of a file that is not there
        return "clear" if named and known else "obscure", f"{type(error).__name__}: {error}"
    finally:
        for timer in TIMERS:
            signal.setitimer(timer, 0)
        for number, handler in previous:
            signal.signal(number, handler)
    return ("taken" if _finite(result) else "silent"), ""


def _finite(result):
    if isinstance(result, np.ndarray | np.floating | float):
        array = np.asarray(result)
        return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())
    if isinstance(result, dict):
        return all(map(_finite, result.values()))
    if isinstance(result, list | tuple):
        return all(map(_finite, result))
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return all(_finite(getattr(result, f.name)) for f in dataclasses.fields(result))
    return True
