"""Work in threads: NumPy releases the lock while it computes."""

from concurrent.futures import ThreadPoolExecutor

from joblib import effective_n_jobs


def in_threads(work, parts, n_jobs=None):
    """Return ``work(part)`` for each part, in order; ``n_jobs`` has joblib's meaning."""
    if len(parts) < 2:
        return [work(part) for part in parts]
    # One thread too runs in the pool: glibc gives the main thread's large blocks back to the
    # system at once, and the page faults then cost more than the arithmetic. joblib's own threads
    # don't do that, and cost a millisecond to start.
    with ThreadPoolExecutor(min(effective_n_jobs(n_jobs), len(parts))) as pool:
        return list(pool.map(work, parts))
