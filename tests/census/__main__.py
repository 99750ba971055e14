"""Print the counts of the census: ``make census``, some minutes.

With ``--sample N --seed S`` only N calls are made; with ``--show obscure`` each such call is
printed.
"""

import argparse
import collections
import os
import random
import tempfile

from tests.census._calls import BAD, NOT_CHANGED, subjects
from tests.census._judge import VERDICTS, judge, works


def census(sample=None, seed=0):
    """Yield ``(subject, parameter, value, verdict, message)`` of all calls, or of a sample."""
    calls = [
        (name, call, arguments, parameter, label)
        for name, call, arguments in subjects()
        for parameter in arguments
        if parameter not in NOT_CHANGED
        for label in BAD
    ]
    if sample is not None:
        calls = random.Random(seed).sample(calls, min(sample, len(calls)))
    sound = {}
    for name, call, arguments, parameter, label in calls:
        if name not in sound:
            sound[name] = works(call, arguments)
        if sound[name]:
            yield name, parameter, label, *judge(call, arguments, parameter, BAD[label])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", choices=VERDICTS, action="append", default=[])
    options = parser.parse_args()
    counts, subjects_seen = collections.Counter(), set()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where a value that is taken for a path does no harm
        for name, parameter, label, verdict, message in census(options.sample, options.seed):
            counts[verdict] += 1
            subjects_seen.add(name)
            if verdict in options.show:
                print(f"{verdict}: {name}({parameter}={label}): {message[:150]}", flush=True)
        os.chdir("/")
    print(f"{sum(counts.values())} calls of {len(subjects_seen)} classes and functions: "
          + ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS))  # fmt: skip


if __name__ == "__main__":
    main()
