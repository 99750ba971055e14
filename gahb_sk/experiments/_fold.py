"""One denoiser on one fold: fitted, then scored at every noise level."""

import time

import numpy as np
from sklearn.base import clone

from gahb_sk.experiments._noisy_images import noisy_chunks, noisy_images
from gahb_sk.metrics import psnr, ssim


def run_fold(denoiser, X, train, test, n_examples, place, *, sigmas, root, data_range):
    """Fit on the training images and denoise the test images at every level.

    Returns
    -------
    found : dict
        ``kind``, ``bound``, ``fit_seconds``, and with one entry per level ``denoise_seconds``,
        ``psnr`` and ``ssim`` of each test image and, of examples, ``clean``, ``noisy`` and
        ``denoised``.
    """
    denoiser = clone(denoiser)
    start = time.perf_counter()
    denoiser.fit(X[train], None)  # a FrozenEstimator insists on y
    seconds = time.perf_counter() - start
    if place is not None:
        from gahb_sk.experiments._kept_networks import is_kept  # loads torch

        if is_kept(denoiser):
            denoiser.save(place)
    levels = [_evaluate(denoiser, X, test, sigma, root, data_range) for sigma in sigmas]
    if n_examples:
        for level, sigma in zip(levels, sigmas, strict=True):
            level |= _examples(denoiser, X, test[:n_examples], sigma, root)
    found = {"kind": denoiser.kind, "bound": denoiser.needs_clean, "fit_seconds": seconds}
    return found | {name: [level[name] for level in levels] for name in levels[0]}


def _evaluate(denoiser, X, test, sigma, root, data_range):
    """PSNR and SSIM of each test image, and the seconds that denoising took."""
    psnrs, ssims, seconds = [], [], 0.0
    for clean, noisy in noisy_chunks(X, test, sigma, root):
        begin = time.perf_counter()
        denoised = denoiser.denoise(noisy, sigma, clean=clean)
        seconds += time.perf_counter() - begin
        psnrs.append(psnr(clean, denoised, data_range=data_range))
        ssims.append(ssim(clean, denoised, data_range=data_range))
    scores = {"psnr": np.concatenate(psnrs), "ssim": np.concatenate(ssims)}
    return scores | {"denoise_seconds": seconds}


def _examples(denoiser, X, indices, sigma, root):
    clean, noisy = noisy_images(X, indices, sigma, root)
    return {"clean": clean, "noisy": noisy, "denoised": denoiser.denoise(noisy, sigma, clean=clean)}


def level_rows(found, sigmas):
    """Yield the means over the test images, one row per noise level."""
    for level, sigma in enumerate(sigmas):
        psnrs, ssims = found["psnr"][level], found["ssim"][level]
        finite = psnrs[~np.isposinf(psnrs)]  # an image that comes out exactly has infinite PSNR
        row = {"kind": str(found["kind"]), "bound": bool(found["bound"]), "sigma": sigma}
        row |= {"n_images": len(psnrs), "n_exact": len(psnrs) - len(finite)}
        row |= {"psnr": finite.mean() if len(finite) else np.nan, "psnr_sd": _deviation(finite)}
        row |= {"ssim": ssims.mean(), "ssim_sd": _deviation(ssims)}
        row["fit_seconds"] = float(found["fit_seconds"])
        yield row | {"denoise_seconds": found["denoise_seconds"][level]}


def _deviation(values):
    return values.std(ddof=1) if len(values) > 1 else 0.0
