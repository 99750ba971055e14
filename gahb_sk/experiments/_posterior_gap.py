"""How far denoisers are from a sampled posterior mean, image by image, with its certificate."""

import csv
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt

from gahb_sk._random import child, seed_sequence
from gahb_sk._validation import at_least, validate_params
from gahb_sk.denoisers import as_denoisers
from gahb_sk.experiments._noisy_images import check_sigmas, noisy_images
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import mean_and_error
from gahb_sk.image_classes import CAlphaImages

BANDS = {"near": (0, 2), "middle": (2, 8), "far": (8, np.inf)}  # distance to the contour, pixels
_KEY = ("sigma", "image")
_REPORTED = (
    "variance",
    "error_variance",
    "error_db",
    "correction",
    "exact",
    "r_hat",
    "dark_above",
)


@validate_params(
    {
        "image_class": [CAlphaImages],
        "denoisers": [dict],
        "n_images": [at_least(1)],
        "optimum": "no_validation",
    },
    prefer_skip_nested_validation=True,
)
def posterior_gap(
    image_class, denoisers, sigma=0.1, n_images=8, *, optimum=None, path=None, random_state=0
):
    r"""Squared errors of denoisers and of the sampled optimum at the same noisy images.

    Parameters
    ----------
    image_class : CAlphaImages
        The law of the images, with ``antialias="area"``.
    denoisers : dict of str to fitted denoiser
        What to measure.
    sigma : float or array-like, default=0.1
        Noise levels.
    n_images : int, default=8
        Fresh images per noise level.
    optimum : CAlphaPosteriorMean, default=None
        None: ``image_class.posterior_mean()``.
    path : str or path-like, default=None
        CSV file where each finished image is added at once, and whose rows are not measured
        again. It must have been written with the same class, denoisers and seed.
    random_state : int, RandomState or None, default=0
        Seed of the images and of their noise.

    Returns
    -------
    table : Table
        One row per image and noise level. ``optimum`` and one column per denoiser hold the
        squared error summed over pixels, and ``..._near``, ``..._middle`` and ``..._far`` its parts
        within 2 pixels of the contour, from 2 to 8, and beyond. ``variance`` is the error that
        the sampler predicts, ``error_variance`` its own Monte Carlo error, ``error_db`` the loss
        of PSNR by it; ``correction``, ``exact``, ``r_hat``, ``dark_above``, ``log_density`` and
        ``log_density_error`` are those of its records; ``seconds`` of processor time.
    """
    denoisers = as_denoisers(denoisers)
    optimum = image_class.posterior_mean() if optimum is None else optimum
    root = seed_sequence(random_state)
    rows = _read(path)
    done = {tuple(row[name] for name in _KEY) for row in rows}
    for k in range(n_images):
        for level in check_sigmas(sigma):
            if (level, k) in done:
                continue
            clean, latents = image_class.sample(
                1, child(root, 0), first_image=k, return_latents=True
            )
            _, noisy = noisy_images(np.repeat(clean, k + 1, 0), [k], level, child(root, 1))
            bands = _bands(latents.mask[0])
            row = {"sigma": level, "image": k, "size": clean.shape[-1]}
            row |= {f"pixels_{name}": int(band.sum()) for name, band in bands.items()}
            row |= _optimum_row(optimum, clean, noisy, level, bands)
            for name, denoiser in denoisers.items():
                denoised = denoiser.denoise(noisy, level, clean=clean)
                row |= _errors(name, np.square(denoised[0] - clean[0]), bands)
            rows.append(row)
            if path is not None:
                Table.from_rows(rows).to_csv(path)
    return Table.from_rows(rows)


def summarize_gaps(table, names):
    """Mean PSNR gap of each denoiser to the optimum, per noise level.

    Parameters
    ----------
    table : Table
        Of :func:`posterior_gap`.
    names : sequence of str
        Denoisers, columns of the table.

    Returns
    -------
    table : Table
        One row per noise level and denoiser: ``psnr`` and ``optimum_psnr`` (means over images),
        ``gap`` (mean paired difference of PSNRs, with Monte Carlo error taken out of the
        optimum's error) and ``gap_se``, ``mse_gap`` (the same of the mean squared errors, in dB),
        ``calibration`` (squared error over predicted variance, both summed over images) and
        ``calibration_se``, ``error_db`` (largest), ``n_images``.
    """
    rows = []
    for level in np.unique(table["sigma"]):
        part = table.where(sigma=level)
        best, size = part["optimum"] - part["error_variance"], part["size"].astype(float) ** 2
        ratio = part["optimum"].sum() / (part["variance"] + part["error_variance"]).sum()
        spread = part["optimum"] - ratio * (part["variance"] + part["error_variance"])
        optimum_psnr = _db(part["optimum"] - part["error_variance"], size)
        for name in names:
            gap, gap_se = mean_and_error(optimum_psnr - _db(part[name], size))
            rows.append(
                {
                    "sigma": level,
                    "denoiser": name,
                    "psnr": _db(part[name], size).mean(),
                    "optimum_psnr": optimum_psnr.mean(),
                    "gap": gap,
                    "gap_se": gap_se,
                    "mse_gap": 10 * np.log10(part[name].sum() / best.sum()),
                    "calibration": ratio,
                    "calibration_se": np.sqrt(np.square(spread).sum()) / part["variance"].sum(),
                    "error_db": part["error_db"].max(),
                    "n_images": part.n_rows,
                }
            )
    return Table.from_rows(rows)


def _db(error, size):
    return -10 * np.log10(error / size)


def _optimum_row(optimum, clean, noisy, sigma, bands):
    start = time.process_time()
    (posterior,) = optimum.sample_posterior(noisy, sigma)
    row = {"seconds": time.process_time() - start}
    for name in (
        "variance",
        "error_variance",
        "error_db",
        "correction",
        "exact",
        "r_hat",
        "dark_above",
    ):
        row[name] = getattr(posterior, name)
    row |= {"log_density": posterior.log_density}
    row |= {"log_density_error": posterior.log_evidence_error}
    return row | _errors("optimum", np.square(posterior.mean - clean[0]), bands)


def _errors(name, squares, bands):
    parts = {f"{name}_{band}": float(squares[where].sum()) for band, where in bands.items()}
    return {name: float(squares.sum()), **parts}


def _bands(mask):
    """Pixels by their distance to the contour: to the nearest pixel that it crosses or borders."""
    above = mask >= 0.5
    edge = (mask > 0) & (mask < 1)
    edge[:-1] |= above[1:] != above[:-1]
    distance = distance_transform_edt(~edge) if edge.any() else np.full(mask.shape, np.inf)
    return {name: (distance >= low) & (distance < high) for name, (low, high) in BANDS.items()}


def _read(path):
    """Rows of an unfinished table; numbers become numbers again."""
    if path is None or not Path(path).exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return [{name: _value(text) for name, text in row.items()} for row in csv.DictReader(file)]


def _value(text):
    if text in ("True", "False"):
        return text == "True"
    number = float(text)
    return int(number) if number.is_integer() and "." not in text else number
