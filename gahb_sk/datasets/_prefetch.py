"""Work done ahead of use, in threads, handed out in order."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor


def prefetched(function, jobs, *, n_workers=1, ahead=2):
    """Yield ``function(job)`` for each job in order, computed in threads, ``ahead`` jobs early.

    ``jobs`` may be endless; ``ahead=0`` computes each result when it is asked for. An exception is
    raised where its result would have come.
    """
    # joblib's return_as="generator" goes on computing while nobody takes results; here the number
    # of results that wait is bounded.
    with ThreadPoolExecutor(n_workers, thread_name_prefix="gahb-sk-prefetch") as pool:
        pending = deque()
        try:
            for job in jobs:
                pending.append(pool.submit(function, job))
                if len(pending) > ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
