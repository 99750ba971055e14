"""Cases of speed: ours, what one would run instead, and what each result is worth."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from benchmarks.bench_datasets import loop_c_alpha, loop_disks
from benchmarks.bench_optimal import loop_empirical_bayes
from gahb_sk import add_gaussian_noise, load_pretrained, psnr, ssim
from gahb_sk.datasets import load_sample_patches, make_c_alpha_images, make_disk_images
from gahb_sk.denoisers import (
    BandletShrinkage,
    BM3DDenoiser,
    EmpiricalBayesDenoiser,
    WaveletShrinkage,
)
from gahb_sk.jacobians import hutchpp, leading_eigenpairs, linearize
from gahb_sk.networks import denoise

SIGMA = 0.1
# The windows of Wang et al., which scikit-image's defaults are not.
WANG = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


@dataclass(frozen=True)
class Case:
    """One comparison: two calls, how many units each does, and a text on their results."""

    ours: Callable
    peer: Callable
    against: str
    n: int
    unit: str
    worth: Callable = lambda: ""


def noisy_stack(n, size, dtype=np.float32):
    """Return C^alpha images, clean and noisy."""
    clean = make_c_alpha_images(n, size, 2.0, random_state=1).astype(dtype)
    return clean, add_gaussian_noise(clean, SIGMA, random_state=0)


def in_decibels(clean, ours, peer):
    """Return a text with the PSNR of both."""
    return lambda: f"{psnr(clean, ours()).mean():.2f} dB, peer {psnr(clean, peer()).mean():.2f} dB"


def wavelets(dtype):
    """Wavelet shrinkage of a stack against a loop over scikit-image."""
    from skimage.restoration import denoise_wavelet

    clean, noisy = noisy_stack(200, 80, dtype)

    def ours():
        return WaveletShrinkage().denoise(noisy, SIGMA)

    def peer():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.array([denoise_wavelet(image, sigma=SIGMA) for image in noisy])

    worth = in_decibels(clean, ours, peer)
    return Case(ours, peer, "scikit-image denoise_wavelet", len(noisy), "image of 80x80", worth)


def rival(make, peer_maker, against, n, size):
    """One denoiser of the library against another that does the same job."""
    clean, noisy = noisy_stack(n, size)

    def ours():
        return make().denoise(noisy, SIGMA)

    def peer():
        return peer_maker().denoise(noisy, SIGMA)

    unit = f"image of {size}x{size}"
    return Case(ours, peer, against, n, unit, in_decibels(clean, ours, peer))


def photograph():
    """The shipped network on a photograph against BM3D."""
    clean = load_sample_patches(256, n_patches=1, split="test", random_state=0)
    noisy = add_gaussian_noise(clean, 25 / 255, random_state=0)
    network = load_pretrained("photographs")

    def ours():
        return network.denoise(noisy, 25 / 255)

    def peer():
        return BM3DDenoiser().denoise(noisy, 25 / 255)

    worth = in_decibels(clean, ours, peer)
    return Case(ours, peer, "bm3d", 1, "photograph of 256x256", worth)


def generator(make, loop):
    """Images of a class against the plain loop in NumPy."""
    n = 200
    return Case(
        lambda: make(n, 80, random_state=0), lambda: loop(n), "NumPy loop", n, "image of 80x80"
    )


def empirical_bayes():
    """The posterior mean of a training set against the plain loop."""
    training = make_disk_images(5_000, 40, random_state=0)
    noisy = add_gaussian_noise(make_disk_images(50, 40, random_state=1), SIGMA, 0)
    denoiser = EmpiricalBayesDenoiser().fit(training)

    def ours():
        return denoiser.transform(noisy, SIGMA)

    def peer():
        return loop_empirical_bayes(noisy, training, SIGMA)

    def worth():
        return f"largest difference {np.abs(ours() - peer()).max():.0e}"

    return Case(ours, peer, "NumPy loop", len(noisy), "image of 40x40 against 5,000", worth)


def whole_jacobian(network, image):
    """Return the Jacobian as most code gets it: one reverse pass for every pixel."""
    at = torch.from_numpy(image).float()[None, None].requires_grad_()
    out = denoise(network, at).flatten()
    rows = [torch.autograd.grad(one, at, retain_graph=True)[0].flatten() for one in out]
    return torch.stack(rows)


def at_one_image(size=32):
    """Return the linearisation of a shipped network at a noisy image, and the peer's Jacobian."""
    network = load_pretrained("c-alpha-2")
    _, noisy = noisy_stack(1, size, np.float64)
    operator = linearize(network, noisy[0], dtype="float32")
    return operator, lambda: whole_jacobian(network.network_, noisy[0])


def eigenpairs():
    """The 20 leading eigenpairs of a network against its whole Jacobian and a dense SVD."""
    operator, jacobian = at_one_image()

    def ours():
        return leading_eigenpairs(operator, 20).values

    def peer():
        return torch.linalg.svd(jacobian())[1][:20].numpy()

    def worth():
        return f"largest difference of the values {np.abs(ours() - peer()).max():.0e}"

    return Case(ours, peer, "reverse pass per pixel, SVD", 1, "image of 32x32", worth)


def trace():
    """The trace of a network's Jacobian against its whole Jacobian."""
    operator, jacobian = at_one_image()
    d = operator.shape[0]

    def ours():
        return hutchpp(operator.matmat, d, 100, tolerance=0.02).value

    def peer():
        return float(jacobian().trace())

    def worth():
        return f"{ours():.2f}, exact {peer():.2f}"

    return Case(ours, peer, "reverse pass per pixel", 1, "image of 32x32", worth)


def metric(function, name, **options):
    """A metric of a stack against a loop over scikit-image."""
    from skimage import metrics

    clean, noisy = noisy_stack(200, 80)
    theirs = partial(getattr(metrics, name), data_range=1, **options)

    def ours():
        return function(clean, noisy)

    def peer():
        return np.array([theirs(a, b) for a, b in zip(clean, noisy, strict=True)])

    def worth():
        return f"largest difference {np.abs(ours() - peer()).max():.0e}"

    return Case(ours, peer, f"scikit-image {name}", len(noisy), "image of 80x80", worth)


CASES = {
    "wavelets, float32": lambda: wavelets(np.float32),
    "wavelets, float64": lambda: wavelets(np.float64),
    "bandlets": lambda: rival(BandletShrinkage, BM3DDenoiser, "bm3d", 8, 64),
    "network for C^2 images": lambda: rival(
        lambda: load_pretrained("c-alpha-2"), BM3DDenoiser, "bm3d", 4, 64
    ),
    "network for photographs": photograph,
    "PSNR": lambda: metric(psnr, "peak_signal_noise_ratio"),
    "SSIM": lambda: metric(ssim, "structural_similarity", **WANG),
    "C^2 images": lambda: generator(make_c_alpha_images, loop_c_alpha),
    "disks": lambda: generator(make_disk_images, loop_disks),
    "empirical Bayes": empirical_bayes,
    "20 eigenpairs": eigenpairs,
    "trace of the Jacobian": trace,
}
