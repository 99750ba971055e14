"""Check this machine: versions, device, threads, a self-test of seconds, what to install for what.

Prints what is fast and what is wrong. The exit code is 1 if a check fails.
"""

import importlib.util
import os
import time

from gahb_sk.cli._page import versions

EXAMPLE = "gahb-sk doctor"
# Package: what it is for, and how to install it.
EXTRAS = {
    "gahb_sk_weights": ("more trained networks", 'pip install "gahb-sk[weights]"'),
    "bm3d": ("BM3DDenoiser (non-commercial use)", 'pip install "gahb-sk[peers]"'),
    "skimage": ("total variation and non-local means", 'pip install "gahb-sk[peers]"'),
    "pandas": ("Table.to_frame()", "pip install pandas"),
    "lightning_fabric": ("several devices or machines", 'pip install "gahb-sk[distributed]"'),
    "dask": ("experiments on a Dask cluster", 'pip install "gahb-sk[dask]"'),
    "ray": ("experiments on a Ray cluster", "pip install ray"),
    "tensorboard": ("gahb-sk train --tensorboard", 'pip install "gahb-sk[tensorboard]"'),
    "huggingface_hub": ("networks on a model hub", 'pip install "gahb-sk[hub]"'),
}
_SIDE = 64
_SLOW = 2.0  # times the single-precision seconds from which half precision is called slow


def add_arguments(parser):
    """Add the arguments of ``gahb-sk doctor``."""
    parser.add_argument(
        "--device", default="auto", metavar="D", help="device to test (default auto: a GPU if "
        "there is one)"
    )  # fmt: skip


def run(args):
    """Print the report; return 1 if something is wrong."""
    import torch

    from gahb_sk.networks._devices import resolve_device

    device = resolve_device(args.device)
    _print_machine(device, torch)
    problems = []
    for name, check in CHECKS.items():
        start = time.perf_counter()
        try:
            result = check(device)
        except Exception as error:  # whatever breaks is what the report is about
            problems.append(name)
            result = f"FAILED: {type(error).__name__}: {' '.join(str(error).split())}"
        print(f"  {name:34s} {time.perf_counter() - start:6.2f} s  {result}")
    print("Optional packages")
    for package, (purpose, command) in EXTRAS.items():
        there = importlib.util.find_spec(package) is not None
        print(f"  {package:18s} {'installed' if there else f'missing: {command}'}  ({purpose})")
    print("Everything works." if not problems else f"Wrong: {', '.join(problems)}.")
    return int(bool(problems))


def _print_machine(device, torch):
    from threadpoolctl import threadpool_info

    for name, version in versions().items():
        print(f"{name:14s} {version}")
    print(f"{'device':14s} {_device_name(device, torch)}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{'threads':14s} torch {torch.get_num_threads()} of {cores} cores")
    for pool in threadpool_info():
        print(f"{pool['user_api']:14s} {pool['internal_api']}, threads: {pool['num_threads']}")
    if torch.get_num_threads() < (cores or 1):
        print("  torch uses fewer threads than there are cores: unset OMP_NUM_THREADS to use all.")
    print("Self-test")


def _device_name(device, torch):
    if device.type != "cuda":
        return f"{device} (no GPU that torch can use)" if device.type == "cpu" else str(device)
    memory = torch.cuda.get_device_properties(device).total_memory / 2**30
    return f"{device}: {torch.cuda.get_device_name(device)}, {memory:.0f} GiB"


def _images(n=4):
    from gahb_sk.datasets import make_c_alpha_images

    return make_c_alpha_images(n, _SIDE, random_state=0)


def _network(device):
    from gahb_sk.zoo import load_pretrained

    return load_pretrained("c-alpha-2").set_params(machine={"device": str(device)})


def _denoises(device):
    """A shipped network beats wavelets."""
    from gahb_sk.denoisers import WaveletShrinkage

    X = _images(8)
    own, rival = (one.fit(X).score(X, sigma=0.1) for one in (_network(device), WaveletShrinkage()))
    if own < rival + 1:
        raise ValueError(f"the shipped network has {own:.1f} dB, wavelets {rival:.1f} dB")
    return f"{own:.1f} dB, wavelets {rival:.1f} dB"


def _repeats(device):
    """Two runs give the same images up to rounding."""
    import numpy as np

    X = _images(4)
    network = _network(device).fit(X)
    away = float(np.abs(network.transform(X) - network.transform(X[::-1])[::-1]).max())
    if away > 1e-4:
        raise ValueError(f"results depend on the order of the batch by {away:.2g}")
    return f"up to {away:.1g}"


def _differentiates(device):
    """Of a network without biases, f(y) = J y."""
    import numpy as np

    X = _images(1).astype(np.float64)
    network = _network(device).fit(X)
    product = network.linearize(X[0]) @ X[0].ravel()
    away = np.linalg.norm(product - network.transform(X)[0].ravel()) / np.linalg.norm(product)
    if away > 1e-4:
        raise ValueError(f"f(y) differs from J y by {away:.2g} of it")
    return f"J y = f(y) up to {away:.1g}"


def _speed(device):
    """Forward passes of a shipped network."""
    import numpy as np

    X = np.repeat(_images(4), 8, axis=0)
    network = _network(device).fit(X)
    network.transform(X[:1])
    start = time.perf_counter()
    network.transform(X)
    return f"{len(X) / (time.perf_counter() - start):.0f} images of 64x64 per second"


def _trains(device):
    """The training loss falls."""
    from gahb_sk.denoisers import NetworkDenoiser
    from gahb_sk.networks import UNet

    network = NetworkDenoiser(
        UNet(channels=8, n_blocks=1), max_images=2_000, machine={"device": str(device)},
        random_state=0,
    )  # fmt: skip
    X = _images(64)
    start = time.perf_counter()
    network.fit(X)
    seconds, gain = time.perf_counter() - start, network.score(X, sigma=0.3) - 10.46
    if gain < 1:
        raise ValueError(f"a small network gained {gain:.1f} dB in 2,000 images, expected 1")
    return f"{2_000 / seconds:.0f} images per second, {gain:.1f} dB gained"


def _half_precision(device):
    """Whether bf16 pays in training."""
    import torch

    a = torch.randn(8, 32, _SIDE, _SIDE, device=device)
    layer = torch.nn.Conv2d(32, 32, 3, padding=1, device=device)
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        with torch.no_grad(), torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            layer(a)
            start = time.perf_counter()
            for _ in range(5):
                float(layer(a).sum())  # waits for the device
        seconds[dtype] = time.perf_counter() - start
    ratio = seconds[torch.float32] / seconds[torch.bfloat16]
    word = "fast" if ratio > 1.2 else "slow here" if ratio < 1 / _SLOW else "no faster than single"
    return f"bf16 is {word} ({ratio:.1f} times single precision)"


CHECKS = {
    "a shipped network denoises": _denoises,
    "results do not depend on the batch": _repeats,
    "its Jacobian is exact": _differentiates,
    "forward passes": _speed,
    "training": _trains,
    "half precision": _half_precision,
}
