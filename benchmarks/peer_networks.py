"""Cases of speed inside and around networks: Jacobians, transform, a training step, sampling."""

import contextlib
from functools import partial

import numpy as np
import torch

from benchmarks.bench_training import IMAGE_SIZE, library_step, plain_step
from benchmarks.peer_cases import Case, flops_of_pass, noisy_stack
from gahb_sk import load_pretrained
from gahb_sk.jacobians import hutchpp, leading_eigenpairs, linearize
from gahb_sk.networks import UNet, _blocks as blocks, denoise
from gahb_sk.sampling import ScoreSampler


def whole_jacobian(network, image):
    """Return the Jacobian as most code gets it: one reverse pass for every pixel."""
    at = torch.from_numpy(image).float()[None, None].requires_grad_()
    out = denoise(network, at).flatten()
    rows = [torch.autograd.grad(one, at, retain_graph=True)[0].flatten() for one in out]
    return torch.stack(rows)


def at_one_image(size):
    """Return a shipped network's linearisation, the peer's Jacobian, the flops of a pass."""
    network = load_pretrained("c-alpha-2")
    _, noisy = noisy_stack(1, size, np.float64)
    operator = linearize(network, noisy[0], dtype="float32")
    flops = flops_of_pass(network.network_, noisy)
    return operator, lambda: whole_jacobian(network.network_, noisy[0]), flops


def eigenpairs(size):
    """The 20 leading eigenpairs of a network against its whole Jacobian and a dense SVD."""
    operator, jacobian, flops = at_one_image(size)

    def ours():
        return leading_eigenpairs(operator, 20).values

    def peer():
        return torch.linalg.svd(jacobian())[1][:20].numpy()

    def worth():
        return f"largest difference of the values {np.abs(ours() - peer()).max():.0e}"

    work = {"flops": 40 * flops, "counted": "J and its transpose times the 20 vectors once"}
    unit = f"image of {size}x{size}"
    return Case(ours, peer, "reverse pass per pixel, SVD", 1, unit, worth, **work)


def trace():
    """The trace of a network's Jacobian against its whole Jacobian."""
    operator, jacobian, flops = at_one_image(32)
    estimate = partial(hutchpp, operator.matmat, operator.shape[0], 100, tolerance=0.02)

    def peer():
        return float(jacobian().trace())

    def worth():
        return f"{estimate().value:.2f}, exact {peer():.2f}"

    n_products = estimate().n_products
    work = {"flops": n_products * flops, "counted": f"{n_products} products with J"}
    return Case(estimate, peer, "reverse pass per pixel", 1, "image of 32x32", worth, **work)


def megapixel():
    """Transform of a large image against bare passes of the same module."""
    network = load_pretrained("photographs")
    _, noisy = noisy_stack(1, 1024)
    batch = torch.from_numpy(noisy)[:, None]

    @torch.no_grad()
    def peer():
        return denoise(network.network_, batch)[:, 0].numpy()

    def ours():
        return network.transform(noisy)

    def worth():
        return f"largest difference {np.abs(ours() - peer()).max():.0e}"

    work = {"flops": flops_of_pass(network.network_, noisy), "counted": "convolutions of one pass"}
    return Case(ours, peer, "bare pass of the module", 1, "megapixel", worth, **work)


@contextlib.contextmanager
def norms_as_written():
    """Let our UNet run as the paper's code does: norms of several elementary operations."""
    fused, blocks._is_fusable = blocks._is_fusable, lambda x: False
    try:
        yield
    finally:
        blocks._is_fusable = fused


def training_step(batch_size=32):
    """A step of the paper's network in this library and as it is written down in plain torch."""
    network = UNet(16, 3).build(generator=torch.Generator().manual_seed(0))
    noisy = np.zeros((batch_size, IMAGE_SIZE, IMAGE_SIZE), np.float32)
    # Backwards twice a pass: one for the input, one for the weights.
    work = {"flops": 3 * flops_of_pass(network, noisy), "counted": "3 passes"}
    ours, plain = library_step(batch_size, network=network), plain_step(batch_size)

    def peer():
        with norms_as_written():
            plain()

    unit = f"image of {IMAGE_SIZE}x{IMAGE_SIZE}"
    return Case(ours, peer, "plain torch", batch_size, unit, **work)


def one_by_one(module, n, steps, shape, h0=0.01, beta=0.1):
    """Draw samples as the paper's code does: one image after the other."""
    generator = torch.Generator().manual_seed(0)
    drawn = []
    for _ in range(n):
        y = 0.5 + torch.randn(1, 1, *shape, generator=generator)
        for t in range(1, steps + 1):
            h = h0 * t / (1 + h0 * (t - 1))
            direction = denoise(module, y) - y
            level = direction.square().mean().sqrt()
            gamma = ((1 - beta * h) ** 2 - (1 - h) ** 2) ** 0.5 * level
            y = y + h * direction + gamma * torch.randn(y.shape, generator=generator)
        drawn.append(denoise(module, y))
    return torch.cat(drawn)


def sampling(n=16, steps=40):
    """Samples of a shipped network together, against one after the other in plain torch."""
    network = load_pretrained("c-alpha-2")
    shape = (40, 40)
    # An end that no chain reaches: all take the same number of steps.
    sampler = ScoreSampler(network, max_steps=steps, sigma_end=1e-9, on_divergence="nan",
                           random_state=0)  # fmt: skip

    def ours():
        return sampler.sample(n, shape)

    @torch.no_grad()
    def peer():
        return one_by_one(network.network_, n, steps, shape)

    flops = (steps + 1) * flops_of_pass(network.network_, np.zeros((n, *shape), np.float32))
    work = {"flops": flops, "counted": f"{steps + 1} passes"}
    return Case(ours, peer, "plain torch, one by one", n, "sample of 40x40", **work)


CASES = {
    "20 eigenpairs": partial(eigenpairs, 32),
    "20 eigenpairs, 48x48": partial(eigenpairs, 48),
    "20 eigenpairs, 64x64": partial(eigenpairs, 64),
    "trace of the Jacobian": trace,
    "transform": megapixel,
    "training step": training_step,
    "sampling": sampling,
}
