"""Adaptive bases and effective dimension against the usual way, in one run.

    python -m benchmarks.bench_analysis network             64-channel UNet at 80x80: some minutes
    python -m benchmarks.bench_analysis network --folder my-unet --image-size 80 --channels 16
    python -m benchmarks.bench_analysis shrinkage           full spectra at 64x64
    python -m benchmarks.bench_analysis module              modules of other people at 30x30

``network``: the usual way is one reverse pass for every pixel, then a dense singular value
decomposition. 50 rows and the decomposition of a block of 1,600 are timed and extrapolated: rows in
proportion, the decomposition with the cube. Without ``--folder`` the network is trained for
``--train-seconds`` first, since the spectrum of random weights says nothing. ``shrinkage``: all
eigenvalues and eigenvectors of a 64x64 image. ``module``: all columns of the Jacobian of a DnCNN
(20 layers, 64 channels), with rectifiers as layers and the weights of a denoiser, with smooth ones
and random weights, and of a trained network whose rectifiers are no layers; and the 20 leading
eigenpairs, against a forward pass per pixel. A tenth of the passes and a fifth of the columns are
timed and extrapolated.
"""

import argparse
import resource
import time

import numpy as np
import torch

from gahb_sk import NetworkDenoiser, add_gaussian_noise
from gahb_sk.analysis import eigenbasis
from gahb_sk.datasets import FreshImages, make_c_alpha_images
from gahb_sk.denoisers import BandletShrinkage, ModuleDenoiser, OracleShrinkage, WaveletShrinkage
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.jacobians import hutchpp, leading_eigenpairs, linearize
from gahb_sk.networks import UNet, denoise
from gahb_sk.zoo import load_pretrained

ROWS, BLOCK = 50, 1600


def trained(args):
    """Load the network, or train it for the seconds given."""
    if args.folder is not None:
        return NetworkDenoiser.load(args.folder)
    stream = FreshImages(CAlphaImages(40, alpha=2.0), random_state=0)
    print(f"training {args.channels} channels for {args.train_seconds:g} s", flush=True)
    return NetworkDenoiser(
        UNet(args.channels), time_budget=args.train_seconds, max_images=None, random_state=0
    ).fit(stream)


def usual_way(denoiser, image):
    """Return extrapolated seconds for all rows by reverse passes, and for the decomposition."""
    network = denoiser.network_
    at = torch.from_numpy(image).float()[None, None].requires_grad_()
    out = denoise(network, at).flatten()
    rows = np.empty((ROWS, image.size))
    chosen = np.linspace(0, image.size - 1, ROWS).astype(int)
    torch.autograd.grad(out[0], at, retain_graph=True)
    start = time.perf_counter()
    for row, i in zip(rows, chosen, strict=True):
        row[:] = torch.autograd.grad(out[i], at, retain_graph=True)[0].flatten().numpy()
    seconds_rows = (time.perf_counter() - start) / ROWS * image.size
    side = min(BLOCK, image.size)
    block = torch.randn(side, side, generator=torch.Generator().manual_seed(0))
    start = time.perf_counter()
    torch.linalg.svd(block)
    seconds_svd = (time.perf_counter() - start) * (image.size / side) ** 3
    return seconds_rows, seconds_svd


def network(args):
    """Print the ratios for a network."""
    denoiser = trained(args)
    clean = make_c_alpha_images(1, args.image_size, 2.0, random_state=1)
    noisy = add_gaussian_noise(clean, args.sigma, random_state=0)[0].astype(np.float64)
    quality = denoiser.score(
        make_c_alpha_images(8, args.image_size, 2.0, random_state=1), sigma=args.sigma
    )
    print(f"{denoiser}\n{noisy.size} pixels, sigma {args.sigma:g}, PSNR {quality:.2f} dB")
    rows, svd = usual_way(denoiser, noisy)
    usual = rows + svd
    print(f"usual way, extrapolated: {rows:.0f} s of reverse passes + {svd:.0f} s of SVD")

    start = time.perf_counter()
    basis = eigenbasis(
        denoiser, noisy, args.n_components, clean=clean[0].astype(float), dtype="float32",
        method="lanczos", tolerance=1e-3,
    )  # fmt: skip
    taken = time.perf_counter() - start
    print(
        f"eigenbasis, {args.n_components} pairs: {taken:.1f} s, {usual / taken:.1f} times faster; "
        f"{basis.n_products} vectors, largest residual {basis.residuals.max():.1e}, factors "
        f"{basis.values[0]:.3f} to {basis.values[-1]:.3f}, asymmetry {basis.asymmetry:.3f}, "
        f"effective dimension {basis.effective_dimension:.1f} +- {basis.effective_dimension_se:.1f}"
    )
    start = time.perf_counter()
    operator = linearize(denoiser, noisy, dtype="float32")
    found = hutchpp(operator.matmat, noisy.size, 300, tolerance=0.02)
    taken = time.perf_counter() - start
    print(
        f"effective dimension: {found.value:.1f} +- {found.standard_error:.1f} "
        f"({100 * found.standard_error / found.value:.1f} %) from {found.n_products} vectors: "
        f"{taken:.1f} s, {usual / taken:.0f} times faster"
    )
    again = sum(usual_way(denoiser, noisy))
    print(f"usual way timed again: {again / usual:.2f} of before; far from 1, the machine was busy")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(f"peak memory of the process, training included: {peak:.2f} GB")


def shrinkage(args):
    """Print the seconds for full spectra."""
    clean = make_c_alpha_images(1, 64, 2.0, random_state=1).astype(np.float64)
    noisy = add_gaussian_noise(clean, 0.1, random_state=0)[0]
    for denoiser in (
        WaveletShrinkage(rule="hard", threshold=3.0),
        WaveletShrinkage(threshold=1.5),
        WaveletShrinkage(),
        OracleShrinkage(),
        OracleShrinkage(basis="bandlet"),
        OracleShrinkage(basis="fourier"),
        BandletShrinkage(stages=1, n_shifts=1),
    ):
        denoiser.fit(clean)
        start = time.perf_counter()
        basis = eigenbasis(denoiser, noisy, noisy.size, sigma=0.1, clean=clean[0])
        taken = time.perf_counter() - start
        print(
            f"{taken:6.2f} s  {denoiser}: {basis.n_components} pairs, {basis.method}, largest "
            f"residual {basis.residuals.max():.1e}",
            flush=True,
        )


def dncnn(rectifier, channels=64, depth=20):
    """Return a module of other people's: convolutions with biases, random weights."""
    torch.manual_seed(0)
    hidden = [
        layer
        for _ in range(depth - 2)
        for layer in (torch.nn.Conv2d(channels, channels, 3, padding=1), rectifier())
    ]
    first = torch.nn.Conv2d(1, channels, 3, padding=1), rectifier()
    return torch.nn.Sequential(*first, *hidden, torch.nn.Conv2d(channels, 1, 3, padding=1))


@torch.no_grad()
def trained_dncnn():
    """Return a DnCNN that does what bf-cnn-1 does: its weights, identities and zeros."""
    small, chain = load_pretrained("bf-cnn-1").network_, dncnn(torch.nn.ReLU)
    layers = [layer for layer in chain if isinstance(layer, torch.nn.Conv2d)]
    for layer in layers:
        torch.nn.init.dirac_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    scales = [1.0, *(norm.gammas / norm.running_sd for norm in small.BN_layers), 1.0]
    own = [layers[0], *layers[1 - len(scales) :]]
    for layer, conv, scale in zip(own, small.conv_layers, scales, strict=True):
        n_out, n_in = conv.weight.shape[:2]
        torch.nn.init.zeros_(layer.weight)
        layer.weight[:n_out, :n_in] = conv.weight * torch.as_tensor(scale).view(-1, 1, 1, 1)
    return chain


def seconds_of(function, *arguments, **options):
    """Return the seconds that a call takes, and its result."""
    start = time.perf_counter()
    result = function(*arguments, **options)
    return time.perf_counter() - start, result


def module(args):
    """Print columns and eigenpairs of modules in forward passes of a batch of 30."""
    clean = make_c_alpha_images(1, 30, 2.0, random_state=1)
    noisy = add_gaussian_noise(clean, args.sigma, random_state=0)[0].astype(np.float64)
    d, batch = noisy.size, torch.rand(30, 1, 30, 30)
    trained = load_pretrained("bf-cnn-1").network_
    noise = {"predicts": "noise"}
    for name, net in (
        ("DnCNN, ReLU, trained", trained_dncnn()),
        ("DnCNN, SiLU, random", dncnn(torch.nn.SiLU)),
        ("bf-cnn-1, 32 channels, 12 layers", trained),
    ):
        net = net.eval().requires_grad_(False)
        net(batch)
        passes = seconds_of(lambda net=net: [net(batch) for _ in range(d // 300)])[0] * 10
        operator = linearize(ModuleDenoiser(net, convention=noise), noisy, dtype="float32")
        first = seconds_of(operator.matmat, np.eye(d, d // 5))[0]  # with the linearisation
        more = seconds_of(operator.matmat, np.eye(d, d // 5))[0]
        columns = first + 4 * more
        print(f"{name}: {d} passes {passes:.1f} s, all columns {columns / passes:.2f} of that")
        for tolerance in () if "random" in name else (1e-2, 1e-3):
            taken, pairs = seconds_of(leading_eigenpairs, operator, 20, tolerance=tolerance)
            print(
                f"    20 eigenpairs {taken:.1f} s, {taken / passes:.3f} of the passes; residuals "
                f"{pairs.residuals.max():.1e}, factors {pairs.values[0]:.3f} to "
                f"{pairs.values[-1]:.3f}",
                flush=True,
            )


TABLES = {"network": network, "shrinkage": shrinkage, "module": module}


def main(argv=None):
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("tables", nargs="*", choices=[*TABLES, []], help="which; all by default")
    parser.add_argument("--folder", help="a saved NetworkDenoiser")
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--train-seconds", type=float, default=600)
    parser.add_argument("--image-size", type=int, default=80)
    parser.add_argument("--sigma", type=float, default=0.15)
    parser.add_argument("--n-components", type=int, default=100)
    args = parser.parse_args(argv)
    for name in args.tables or TABLES:
        TABLES[name](args)


if __name__ == "__main__":
    main()
