"""Print the counts of the census: ``make census``, some minutes.

``--room NAME`` takes one package, or "files" or "commands". With ``--sample N --seed S`` only N
calls of each are made; with ``--show obscure`` each such call is printed.
"""

import argparse
import collections
import contextlib
import functools
import random
import shutil
import tempfile

from tests.census._calls import BAD, NOT_CHANGED, ROOMS, make_files, subjects
from tests.census._commands import bad_commands
from tests.census._files import damaged_files
from tests.census._judge import VERDICTS, judge

N_DAMAGED = 300  # files of each kind, and command lines


def census(sample=None, seed=0, rooms=ROOMS):
    """Yield ``(subject, parameter, value, verdict, message)`` of all calls, or of a sample.

    The current folder must be empty: files are written there, and a value may be taken for a path.
    """
    make_files()
    calls = [
        (name, call, arguments, parameter, label)
        for name, call, arguments in subjects(rooms)
        for parameter in arguments
        if parameter not in NOT_CHANGED
        for label in BAD
    ]
    if sample is not None:
        calls = random.Random(seed).sample(calls, min(sample, len(calls)))
    sound = {}
    for name, call, arguments, parameter, label in calls:
        if name not in sound:
            sound[name] = judge(functools.partial(call, **arguments), "")[0] == "taken"
        if sound[name]:
            bad = functools.partial(call, **{**arguments, parameter: BAD[label]})
            yield name, parameter, label, *judge(bad, parameter)
            shutil.rmtree(BAD["text"], ignore_errors=True)  # where it was taken for a folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--room", choices=PARTS, action="append")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", choices=VERDICTS, action="append", default=[])
    options = parser.parse_args()
    for part in options.room or PARTS:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            _count(part, PARTS[part](part, options), options.show)


def _calls(room, options):
    return census(options.sample, options.seed, (room,))


def _files(_, options):
    return damaged_files(options.sample or N_DAMAGED, options.seed)


def _commands(_, options):
    make_files()
    return bad_commands(options.sample or N_DAMAGED, options.seed)


PARTS = dict.fromkeys(ROOMS, _calls) | {"files": _files, "commands": _commands}


def _count(part, found, shown):
    counts, names = collections.Counter(), set()
    for name, parameter, label, verdict, message in found:
        counts[verdict] += 1
        names.add(name)
        if verdict in shown:
            print(f"{verdict}: {name}({parameter}={label}): {message[:150]}", flush=True)
    verdicts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)
    print(f"{part}: {len(names)} subjects, {counts.total()} cases: {verdicts}", flush=True)


if __name__ == "__main__":
    main()
