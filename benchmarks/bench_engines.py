"""What more processes bring, measured on this machine, and simulated for a cluster.

``python benchmarks/bench_engines.py measure`` trains one network by 1 and by 2 processes of the
engine "fabric" and prints the processor time of each per image: what it grows by is the price of
training together. ``... simulate`` plans 10,000 small trainings on workers that fail, and one
training of 10 million images on N devices; see docs/scaling.md.
"""

import argparse
import heapq
import os
import time

import numpy as np

N_NETWORKS, HOURS_EACH = 10_000, (0.5, 20.0)
HOURS_BETWEEN_FAILURES = 200.0  # of one worker
N_IMAGES, SIDE, BATCH = 10_000_000, 80, 512
N_WEIGHTS, MILLISECONDS_PER_IMAGE = 7_600_000, 2.0  # the paper's UNet; per image on one device
LINKS = {"10 Gbit/s": 1.25e9, "100 Gbit/s": 1.25e10}  # bytes per second
LATENCY = 50e-6  # of one message


def measure():
    """Print processor seconds per 1,000 images for 1 and 2 processes."""
    for devices in (1, 2):
        spent = [_train(devices, n_images) for n_images in (64, 1024)]
        each = (spent[1] - spent[0]) / 0.96  # without starting the processes
        print(f"{devices} process(es): {each:.2f} s of processor time per 1,000 images")


def _train(devices, n_images):
    from gahb_sk import NetworkDenoiser
    from gahb_sk.datasets import FreshImages
    from gahb_sk.image_classes import CAlphaImages

    before = _processor_time()
    NetworkDenoiser(
        recipe={"batch_size": 16},
        max_images=n_images,
        machine={"engine": "fabric", "devices": devices, "device": "cpu"},
        random_state=0,
    ).fit(FreshImages(CAlphaImages(40), random_state=0))
    return _processor_time() - before


def _processor_time():
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def simulate():
    """Print the plans of docs/scaling.md."""
    print("hours each  workers    days  busy  done twice")
    for hours_each in HOURS_EACH:
        for n_workers in (100, 1000, 5000):
            for name, kept in (("without checkpoints", np.inf), ("one a minute", 1 / 60)):
                rng = np.random.default_rng(0)
                hours, busy, lost = fan_out(n_workers, hours_each, kept, rng)
                print(f"{hours_each:10g} {n_workers:8d} {hours / 24:7.2f} {busy:5.0%}  {lost:10.2%}"
                      f"  {name}")  # fmt: skip
    print("devices  link        hours  of it waiting for gradients")
    for link, rate in LINKS.items():
        for n_devices in (1, 8, 64, 512):
            hours, waiting = data_parallel(n_devices, rate)
            print(f"{n_devices:7d}  {link:10s} {hours:6.2f}  {waiting:6.1%}")


def fan_out(n_workers, hours_each, kept_every, rng, *, n_tasks=N_NETWORKS):
    """Return the hours that all trainings take on workers that fail, and shares of their time.

    The shares are of the time in which workers are busy, and of the work that is done twice. Each
    worker takes the next training when it is free. One that fails comes back at once, and its
    training is queued again, from its last checkpoint.
    """
    left = list(rng.lognormal(np.log(hours_each), 0.3, n_tasks))
    total, lost, end = sum(left), 0.0, 0.0
    free = [0.0] * n_workers
    while left:
        start, need = heapq.heappop(free), left.pop()
        failure = rng.exponential(HOURS_BETWEEN_FAILURES)
        if failure < need:
            kept = 0.0 if np.isinf(kept_every) else failure // kept_every * kept_every
            lost += failure - kept
            left.append(need - kept)
        end = max(end, start + min(need, failure))
        heapq.heappush(free, start + min(need, failure))
    return end, (total + lost) / (n_workers * end), lost / total


def data_parallel(n_devices, rate):
    """Return the hours of one pass, and the share in which devices wait for the sum of gradients.

    A ring sends ``2 (N - 1) / N`` times the gradients through every link, in ``2 (N - 1)`` parts.
    """
    compute = BATCH / n_devices * MILLISECONDS_PER_IMAGE / 1000
    others = n_devices - 1
    exchange = 2 * others / n_devices * 4 * N_WEIGHTS / rate + 2 * others * LATENCY
    return N_IMAGES / BATCH * (compute + exchange) / 3600, exchange / (compute + exchange)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["measure", "simulate"])
    {"measure": measure, "simulate": simulate}[parser.parse_args().what]()
