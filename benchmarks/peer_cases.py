"""Cases of speed: ours, what one would run instead, what each result is worth, and its least work.

The work is counted by hand, as little as the same method needs: additions and multiplications of
the arithmetic, bytes of the images that have to be read and written once. Passes of networks are
counted by torch. See ``peer_costs.py``.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.bench_datasets import loop_c_alpha, loop_disks
from benchmarks.bench_optimal import loop_empirical_bayes
from gahb_sk import add_gaussian_noise, load_pretrained, psnr, ssim
from gahb_sk.datasets import load_sample_patches, make_c_alpha_images, make_disk_images
from gahb_sk.denoisers import (
    BandletShrinkage,
    BM3DDenoiser,
    DiskPosteriorMean,
    EmpiricalBayesDenoiser,
    WaveletShrinkage,
)
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.transforms import dictionary_size

SIGMA = 0.1
# The windows of Wang et al., which scikit-image's defaults are not.
WANG = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


@dataclass(frozen=True)
class Case:
    """One comparison: two calls, how many units each does, and a text on their results.

    ``flops`` and ``bytes`` are the least work of a call of ours, ``counted`` says of what.
    """

    ours: Callable
    peer: Callable
    against: str
    n: int
    unit: str
    worth: Callable = lambda: ""
    flops: float = 0
    bytes: float = 0
    counted: str = ""
    dtype: type = np.float32


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
    # sym4 has 8 taps. A level costs 4 x 8 a pixel, all levels 4/3 of that, and back the same.
    work = {"flops": 86 * noisy.size, "bytes": 2 * noisy.nbytes,
            "counted": "2 separable transforms with 8 taps"}  # fmt: skip
    return Case(ours, peer, "scikit-image denoise_wavelet", len(noisy), "image of 80x80", worth,
                **work, dtype=dtype)  # fmt: skip


def bandlet_work(shape, n_images):
    """Return the least work of bandlets: all directions of all squares, in every window.

    A direction costs its Haar transform (2 a pixel), the costs of the coefficients (3) and their
    sum (1).
    """
    n_vectors = dictionary_size(shape, wavelet=None, largest=16)
    stages, n_shifts = 2, 16
    return {"flops": 6 * n_vectors * stages * n_shifts * n_images,
            "counted": "2 x 16 searches over all directions"}  # fmt: skip


def camera():
    """A photograph of 512x512 by bandlets, against BM3D."""
    import skimage.data

    clean = skimage.data.camera()[None].astype(np.float32) / 255
    noisy = add_gaussian_noise(clean, SIGMA, random_state=0)

    def ours():
        return BandletShrinkage().denoise(noisy, SIGMA)

    def peer():
        return BM3DDenoiser().denoise(noisy, SIGMA)

    worth, work = in_decibels(clean, ours, peer), bandlet_work((512, 512), 1)
    return Case(ours, peer, "bm3d", 1, "photograph of 512x512", worth, **work)


def rival(make, peer_maker, against, n, size, work):
    """One denoiser of the library against another that does the same job."""
    clean, noisy = noisy_stack(n, size)

    def ours():
        return make().denoise(noisy, SIGMA)

    def peer():
        return peer_maker().denoise(noisy, SIGMA)

    unit = f"image of {size}x{size}"
    return Case(ours, peer, against, n, unit, in_decibels(clean, ours, peer), **work(noisy))


def network_work(name, noisy):
    """Return the work of one pass of a shipped network through a stack."""
    return {"flops": flops_of_pass(load_pretrained(name).network_, noisy),
            "counted": "convolutions of one pass"}  # fmt: skip


def flops_of_pass(module, noisy):
    """Return additions and multiplications of a pass through images (n, H, W)."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        module(torch.from_numpy(noisy[:1]).float()[:, None])
    return counter.get_total_flops() * len(noisy)


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
    work = network_work("photographs", noisy)
    return Case(ours, peer, "bm3d", 1, "photograph of 256x256", worth, **work)


def generator(make, loop, **work):
    """Images of a class against the plain loop in NumPy."""
    n = 200
    return Case(
        lambda: make(n, 80, random_state=0), lambda: loop(n), "NumPy loop", n, "image of 80x80",
        **work, bytes=4 * 6400 * n,
    )  # fmt: skip


def c_alpha_images():
    """C^2 images: per side of the contour, two real Fourier transforms of 2.5 d log2 d."""
    flops = 200 * 2 * 2 * 2.5 * 6400 * np.log2(6400)
    counted = "4 Fourier transforms"
    return generator(make_c_alpha_images, loop_c_alpha, flops=flops, counted=counted)


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

    # Distances by one product of matrices, means by another.
    work = {"flops": 4 * noisy.size * len(training), "bytes": training.nbytes,
            "counted": "2 products with all training images"}  # fmt: skip
    return Case(ours, peer, "NumPy loop", len(noisy), "image of 40x40 against 5,000", worth, **work)


def disks_posterior():
    """The posterior mean of disks against the mean over draws of the class, weighted."""
    clean = make_disk_images(16, 40, random_state=1)
    noisy = add_gaussian_noise(clean, SIGMA, random_state=0)
    denoiser = DiskPosteriorMean().fit(clean)

    def ours():
        return denoiser.denoise(noisy, SIGMA)

    def peer():
        return loop_empirical_bayes(noisy, make_disk_images(20_000, 40, random_state=2), SIGMA)

    worth = in_decibels(clean, ours, peer)
    return Case(ours, peer, "20,000 draws, weighted", 16, "disk of 40x40", worth)


def c_alpha_posterior(side=16, n=2):
    """The sampled posterior mean of C^2 images against the mean over draws of the class."""
    law = CAlphaImages(side, alpha=2, antialias="area")
    clean = law.sample(n, random_state=0)
    noisy = add_gaussian_noise(clean, SIGMA, random_state=0)
    denoiser = law.posterior_mean(tolerance=1.0).fit(clean)

    def ours():
        return denoiser.denoise(noisy, SIGMA)

    def peer():
        return loop_empirical_bayes(noisy, law.sample(20_000, random_state=2), SIGMA)

    worth = in_decibels(clean, ours, peer)
    return Case(ours, peer, "20,000 draws, weighted", n, f"image of {side}x{side}", worth)


def metric(function, name, flops_per_pixel, counted, **options):
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

    work = {"flops": flops_per_pixel * noisy.size, "bytes": 2 * noisy.nbytes, "counted": counted}
    return Case(ours, peer, f"scikit-image {name}", len(noisy), "image of 80x80", worth, **work)


CASES = {
    "wavelets, float32": lambda: wavelets(np.float32),
    "wavelets, float64": lambda: wavelets(np.float64),
    "bandlets": lambda: rival(
        BandletShrinkage, BM3DDenoiser, "bm3d", 8, 64,
        lambda noisy: bandlet_work(noisy.shape[1:], len(noisy)),
    ),
    "bandlets, photograph": camera,
    "network for C^2 images": lambda: rival(
        partial(load_pretrained, "c-alpha-2"), BM3DDenoiser, "bm3d", 4, 64,
        partial(network_work, "c-alpha-2"),
    ),
    "network for photographs": photograph,
    "PSNR": lambda: metric(psnr, "peak_signal_noise_ratio", 3, "reading both images"),
    # Four maps, each smoothed along rows and columns by 11 taps, and the quotient.
    "SSIM": lambda: metric(
        ssim, "structural_similarity", 190, "4 maps, 11 taps each way", **WANG
    ),
    "C^2 images": c_alpha_images,
    "disks": lambda: generator(make_disk_images, loop_disks, counted="writing the images"),
    "empirical Bayes": empirical_bayes,
    "posterior mean of disks": disks_posterior,
    "posterior mean of C^2 images": c_alpha_posterior,
}  # fmt: skip
