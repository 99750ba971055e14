"""Work in threads: NumPy releases the lock while it computes."""

from concurrent.futures import ThreadPoolExecutor


def run(work, parts, n_threads):
    """Call ``work`` on each part, in threads; return the results in order."""
    if n_threads == 1 or len(parts) < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, parts))
