"""One denoiser on one fold: fitted, then scored at every noise level."""

import time

import numpy as np
from sklearn.base import clone

from gahb_sk._arrays import to_numpy
from gahb_sk.experiments._noisy_images import noisy_chunks
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
    levels = [_evaluate(denoiser, X, test, sigma, root, data_range, n_examples) for sigma in sigmas]
    found = {"kind": denoiser.kind, "bound": denoiser.needs_clean, "fit_seconds": seconds}
    return found | {name: [level[name] for level in levels] for name in levels[0]}


def _evaluate(denoiser, X, test, sigma, root, data_range, n_examples):
    """PSNR and SSIM of each test image, the seconds that denoising took, and the first images."""
    psnrs, ssims, seconds = [], [], 0.0
    examples: dict = {name: [] for name in ("clean", "noisy", "denoised") if n_examples}
    for clean, noisy in noisy_chunks(X, test, sigma, root):
        begin = time.perf_counter()
        denoised = denoiser.denoise(noisy, sigma, clean=clean)
        seconds += time.perf_counter() - begin
        psnrs.append(psnr(clean, denoised, data_range=data_range))
        ssims.append(ssim(clean, denoised, data_range=data_range))
        left = n_examples - sum(map(len, examples.get("clean", ())))
        for name, stack in zip(examples, (clean, noisy, denoised), strict=False):
            examples[name].append(to_numpy(stack[:left]))
    scores = {"psnr": np.concatenate(psnrs), "ssim": np.concatenate(ssims)}
    first = {name: np.concatenate(stacks) for name, stacks in examples.items()}
    return scores | first | {"denoise_seconds": seconds}


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
