"""How many threads torch takes where trainings end by the clock, on processors that others use."""

import os
import sys
import time

_SECONDS = 0.4  # per number of threads tried
_GAIN = 1.3  # over all threads, from which on fewer are worth a note


def settle_threads():
    """Let torch use fewer threads where that is faster, and say so on stderr.

    Its threads wait for each other. If another program keeps one core busy, all may be slower than
    one alone, and a training of a minute sees a third of the images.

    Returns
    -------
    n_threads : int
    """
    import torch

    n = torch.get_num_threads()
    if n == 1 or torch.cuda.is_available() or "OMP_NUM_THREADS" in os.environ:
        return n
    counts = [n >> k for k in range(n.bit_length())]
    rates = {k: _rate(k) for k in counts}
    best = max(rates, key=rates.get)
    best = best if rates[best] > _GAIN * rates[n] else n
    torch.set_num_threads(best)
    if best < n:
        threads = "1 thread is" if best == 1 else f"{best} threads are"
        print(
            f"Other programs keep the processor busy: {threads} faster than {n}, and used. "
            "Networks learn less in their time than on an idle machine.",
            file=sys.stderr,
        )
    return best


def _rate(n_threads):
    """Return how often per second a layer and its gradient are computed."""
    import torch

    torch.set_num_threads(n_threads)
    images, weights = torch.rand(16, 32, 40, 40), torch.rand(32, 32, 3, 3, requires_grad=True)
    n, start = -1, time.perf_counter()  # the first one is not counted
    while n < 1 or time.perf_counter() - start < _SECONDS:
        torch.conv2d(images, weights, padding=1).sum().backward()
        n += 1
        start = time.perf_counter() if n == 0 else start
    return n / (time.perf_counter() - start)
