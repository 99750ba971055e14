"""How a call with a bad value ended."""

import contextlib
import dataclasses
import io
import re
import signal
import warnings

import numpy as np

SECONDS = 60
VERDICTS = ("taken", "clear", "obscure", "silent", "hang")


class Hang(BaseException):
    """Raised when a call takes too long."""


def judge(call, arguments, name, value):
    """Return a verdict and what was said, for ``arguments`` with ``name`` replaced.

    "taken": a result without NaN and infinity. "silent": a result with them. "clear": a ValueError,
    TypeError or OSError that names the parameter. "obscure": any other error. "hang": no end within
    a minute.
    """

    def alarm(*_):
        raise Hang

    previous = signal.signal(signal.SIGALRM, alarm)
    signal.alarm(SECONDS)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            result = call(**{**arguments, name: value})
    except Hang:
        return "hang", ""
    except Exception as error:
        named = re.search(rf"\b{re.escape(name)}\b", str(error))
        known = isinstance(error, ValueError | TypeError | OSError | ArithmeticError)
        return "clear" if named and known else "obscure", f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    return ("taken" if _finite(result) else "silent"), ""


def works(call, arguments):
    """Tell whether the good call works, so that what fails later fails for the bad value."""
    return (
        judge(call, arguments, next(iter(arguments)), next(iter(arguments.values())))[0] == "taken"
    )


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
