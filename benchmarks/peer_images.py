"""Cases of quality: kinds of images, and the denoisers that are compared on each."""

import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
import skimage.data
from sklearn.datasets import load_sample_image

from benchmarks import peer_deepinv
from gahb_sk import load_pretrained
from gahb_sk.datasets import (
    make_c_alpha_images,
    make_disk_images,
    make_polygon_images,
)
from gahb_sk.denoisers import (
    BandletShrinkage,
    BM3DDenoiser,
    DiskPosteriorMean,
    EmpiricalBayesDenoiser,
    NonLocalMeansDenoiser,
    OracleShrinkage,
    TotalVariationDenoiser,
    WaveletShrinkage,
    WienerDenoiser,
)

SIZE, N_TRAIN = 64, 2000
LEVELS, QUICK_LEVELS = (0.01, 0.03, 0.1, 0.3), (0.1,)
PHOTOGRAPH_LEVELS = (15 / 255, 25 / 255, 50 / 255)


@dataclass(frozen=True)
class Images:
    """Stacks ``(n, ...)``, how many images at the head of each to learn from, denoisers, levels."""

    stacks: list
    n_train: int
    denoisers: dict
    levels: tuple

    def split(self, stack):
        """Return the one fold of a stack; where nothing is learned, the images stand for both."""
        every = np.arange(len(stack))
        return [(every[: self.n_train] if self.n_train else every, every[self.n_train :])]


def shrunk_by_skimage(image, sigma, method):
    """Denoise with scikit-image's wavelets; colour is the last axis there."""
    from skimage.restoration import denoise_wavelet

    axis = 0 if image.ndim == 3 else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return denoise_wavelet(
            image, sigma=sigma, method=method, rescale_sigma=True, channel_axis=axis
        ).astype(image.dtype)


def bayes(image, sigma):
    """BayesShrink of scikit-image."""
    return shrunk_by_skimage(image, sigma, "BayesShrink")


def visu(image, sigma):
    """VisuShrink of scikit-image."""
    return shrunk_by_skimage(image, sigma, "VisuShrink")


def classical():
    """Return what needs no training, ours and others'."""
    return {
        "wavelets": WaveletShrinkage(),
        "wavelets, spun": WaveletShrinkage(n_shifts=16),
        "bandlets": BandletShrinkage(),
        "scikit-image Bayes": bayes,
        "scikit-image Visu": visu,
        "scikit-image TV": TotalVariationDenoiser(),
        "scikit-image NLM": NonLocalMeansDenoiser(),
        "bm3d": BM3DDenoiser(),
        **peer_deepinv.classical(),
    }


def oracles():
    """Return the oracles, which are given the clean image."""
    return {
        "oracle wavelets": OracleShrinkage(),
        "oracle bandlets": OracleShrinkage(basis="bandlet"),
    }


def of_class(make, quick, network, **optimum):
    """Images of a class, with what learns from other images of it."""
    n, levels = (4, QUICK_LEVELS) if quick else (16, LEVELS)
    X = make(N_TRAIN + n, SIZE, random_state=1)
    learned = {"network": load_pretrained(network)} if network else {}
    linear = {"Wiener": WienerDenoiser(), "empirical Bayes": EmpiricalBayesDenoiser()}
    denoisers = {**learned, **classical(), **linear, **optimum, **oracles()}
    return Images([X], N_TRAIN, denoisers, levels)


def photographs(color):
    """Whole photographs that no shipped network learned from, at a quarter: no JPEG noise."""
    pixels = [skimage.data.coffee(), skimage.data.chelsea(), load_sample_image("flower.jpg")]
    stacks = [np.moveaxis(shrunk(image), -1, 0)[None] for image in pixels]
    if not color:
        stacks = [X.mean(axis=1) for X in stacks]
    network = "photographs-color" if color else "photographs"
    denoisers = {"network": load_pretrained(network), **classical(), **oracles()}
    return Images(stacks, 0, denoisers, PHOTOGRAPH_LEVELS)


def shrunk(image, k=4):
    """Average k x k pixels of a photograph (H, W, 3) in bytes; what is left at the end is cut."""
    h, w = (side // k for side in image.shape[:2])
    blocks = image[: k * h, : k * w].reshape(h, k, w, k, -1)
    return (blocks.mean(axis=(1, 3)) / 255).astype(np.float32)


def c_alpha(alpha, quick):
    """C^alpha images of one regularity."""
    return of_class(lambda *args, **seed: make_c_alpha_images(*args, alpha, **seed), quick,
                    f"c-alpha-{alpha}")  # fmt: skip


def cases(quick=False):
    """Return the kinds of images by name; each is made when its turn comes."""
    found = {f"C^{alpha} images": partial(c_alpha, alpha, quick) for alpha in (1, 2, 3)}
    optimum = {"posterior mean": DiskPosteriorMean()}
    found["disks"] = partial(of_class, make_disk_images, quick, "disks", **optimum)
    found["polygons"] = partial(of_class, make_polygon_images, quick, None)
    if not quick:
        found["photographs, grey"] = partial(photographs, color=False)
        found["photographs, colour"] = partial(photographs, color=True)
    return found
