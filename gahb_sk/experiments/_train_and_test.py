"""PSNR on training and on test images, and the gap between them."""

import numpy as np

from gahb_sk._arrays import is_torch
from gahb_sk.metrics import input_psnr, psnr
from gahb_sk.noise import add_gaussian_noise


def image_psnrs(denoiser, images, sigmas, root):
    """PSNR of each denoised image at each noise level, ``(n_sigmas, n)``.

    An image that stands there twice gets two noises; that of image k is scaled by sigma.
    """
    clean = images if is_torch(images) else np.asarray(images)
    found = []
    for sigma in sigmas:
        noisy = add_gaussian_noise(clean, sigma, root)
        found.append(psnr(clean, denoiser.denoise(noisy, sigma)))
    return np.stack(found)


def psnr_rows(psnrs, sigmas):
    """Rows of means over images; ``psnrs`` is a dict of (set, images) to (n_sigmas, n)."""
    rows = []
    for (training_set, images), values in psnrs.items():
        for sigma, own in zip(sigmas, values, strict=True):
            head = {"training_set": training_set, "images": images, "sigma": sigma}
            head["input_psnr"] = float(input_psnr(sigma))
            rows.append({**head, **with_error("psnr", own), "n_images": len(own)})
    return rows


def gap_row(psnrs):
    """Mean gap of two denoisers over the noise levels, with its standard error.

    The training images of the two are different ones; their test images are the same, so the
    error of the test PSNR is that of the mean of both.
    """
    sets = list(dict.fromkeys(training_set for training_set, _ in psnrs))
    train = [mean_and_error(psnrs[name, "train"].mean(axis=0)) for name in sets]
    test = mean_and_error(np.mean([psnrs[name, "test"] for name in sets], axis=(0, 1)))
    own = float(np.mean([mean for mean, _ in train]))
    variance = np.sum([error**2 for _, error in train]) / len(sets) ** 2 + test[1] ** 2
    return {
        "train_psnr": own,
        "test_psnr": test[0],
        "gap": own - test[0],
        "gap_se": float(np.sqrt(variance)),
    }


def mean_and_error(values):
    """Mean and its standard error, which is NaN for one value or if one is infinite."""
    if not len(values):
        return float("nan"), float("nan")
    several = len(values) > 1 and np.isfinite(values).all()
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if several else np.nan
    return float(np.mean(values)), float(error)


def with_error(name, values):
    """Return the mean and its standard error as the columns ``name`` and ``name_se``."""
    return dict(zip((name, f"{name}_se"), mean_and_error(values), strict=True))
