"""Cases of quality: kinds of images, and the denoisers that are compared on each."""

import warnings
from dataclasses import dataclass

import numpy as np

from gahb_sk import load_pretrained
from gahb_sk.datasets import (
    load_sample_patches,
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


@dataclass(frozen=True)
class Images:
    """A stack, its split, and what is compared on it."""

    X: np.ndarray
    cv: list
    denoisers: dict


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
    }


def oracles():
    """Return the oracles, which are given the clean image."""
    return {
        "oracle wavelets": OracleShrinkage(),
        "oracle bandlets": OracleShrinkage(basis="bandlet"),
    }


def of_class(make, n, network, **optimum):
    """Images of a class, with what learns from other images of it."""
    X = make(N_TRAIN + n, SIZE, random_state=1)
    cv = [(np.arange(N_TRAIN), np.arange(N_TRAIN, N_TRAIN + n))]
    learned = {"network": load_pretrained(network)} if network else {}
    linear = {"Wiener": WienerDenoiser(), "empirical Bayes": EmpiricalBayesDenoiser()}
    return Images(X, cv, {**learned, **classical(), **linear, **optimum, **oracles()})


def photographs(n):
    """The largest squares of test photographs that all of them have, one from each."""
    X, groups = load_sample_patches(256, split="test", return_groups=True)
    first = [int(np.flatnonzero(groups == group)[0]) for group in np.unique(groups)][:n]
    X = X[first]
    own = np.arange(len(X))
    network = {"network": load_pretrained("photographs")}
    return Images(X, [(own, own)], {**network, **classical(), **oracles()})


def c_alpha(alpha, n):
    """C^alpha images of one regularity."""
    return of_class(lambda *args, **seed: make_c_alpha_images(*args, alpha, **seed), n,
                    f"c-alpha-{alpha}")  # fmt: skip


def cases(quick=False):
    """Return the kinds of images by name; each is made when its turn comes."""
    n = 4 if quick else 16
    found = {f"C^{alpha} images": lambda alpha=alpha: c_alpha(alpha, n) for alpha in (1, 2, 3)}
    found["disks"] = lambda: of_class(
        make_disk_images, n, "disks", **{"posterior mean": DiskPosteriorMean()}
    )
    found["polygons"] = lambda: of_class(make_polygon_images, n, None)
    if not quick:
        found["photographs"] = lambda: photographs(4)
    return found
