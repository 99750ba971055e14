"""PSNR of networks beside classical denoisers and oracles, for the cards."""

import importlib.util

import numpy as np

from gahb_sk.denoisers import (
    BandletShrinkage,
    BM3DDenoiser,
    OracleShrinkage,
    TotalVariationDenoiser,
    WaveletShrinkage,
)
from gahb_sk.metrics import input_psnr, psnr
from gahb_sk.noise import add_gaussian_noise

NOISE_SEED = 7


def measure(denoisers, clean, sigmas):
    """Mean PSNR of denoisers and their rivals on the same noise.

    Parameters
    ----------
    denoisers : dict of str to denoiser
        Fitted.
    clean : ndarray of shape (n, H, W)
        Test images.
    sigmas : sequence of float
        Noise levels.

    Returns
    -------
    measured : dict
        ``sigmas``, ``n_test_images``, ``psnr`` and ``psnr_error``, the standard errors: for each
        denoiser one value a noise level.
    """
    means, errors = {}, {}
    rivals = {**denoisers, **_rivals(clean)}
    for sigma in sigmas:
        noisy = add_gaussian_noise(clean, sigma, random_state=NOISE_SEED)
        for label, rival in rivals.items():
            values = psnr(clean, rival.denoise(noisy, sigma, clean=clean))
            means.setdefault(label, []).append(round(float(values.mean()), 3))
            error = float(values.std(ddof=1)) / np.sqrt(len(values))
            errors.setdefault(label, []).append(round(error, 3))
        means.setdefault("noisy", []).append(round(float(input_psnr(sigma)), 3))
    return {
        "sigmas": list(sigmas), "n_test_images": len(clean), "psnr": means, "psnr_error": errors
    }  # fmt: skip


def _rivals(clean):
    rivals = {
        "wavelets, spun": WaveletShrinkage(n_shifts=16),
        "bandlets": BandletShrinkage(),
        "oracle wavelets": OracleShrinkage(),
        "oracle bandlets": OracleShrinkage(basis="bandlet"),
    }
    if importlib.util.find_spec("skimage"):
        rivals["total variation"] = TotalVariationDenoiser()
    if importlib.util.find_spec("bm3d"):
        rivals["BM3D"] = BM3DDenoiser()
    return {label: rival.fit(clean) for label, rival in rivals.items()}
