"""How far denoisers are from a sampled posterior mean, image by image, with its certificate."""

import csv
import time
from functools import partial
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt

from gahb_sk._random import child, seed_sequence
from gahb_sk._validation import at_least, validate_params
from gahb_sk.denoisers import as_denoisers
from gahb_sk.experiments._noisy_images import check_sigmas
from gahb_sk.experiments._parallel import CONSTRAINTS, in_parallel
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import mean_and_error
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.noise import add_gaussian_noise

BANDS = {"near": (0, 2), "middle": (2, 8), "far": (8, np.inf)}  # distance to the contour, pixels
_REPORTED = (
    "variance",
    "error_variance",
    "error_db",
    "correction",
    "exact",
    "r_hat",
    "dark_above",
    "log_density",
)


@validate_params(
    CONSTRAINTS
    | {
        "image_class": [CAlphaImages],
        "denoisers": [dict],
        "n_images": [at_least(1)],
        "n_bracketed": [at_least(0)],
        "optimum": "no_validation",
    },
    prefer_skip_nested_validation=True,
)
def posterior_gap(
    image_class,
    denoisers,
    sigma=0.1,
    n_images=8,
    *,
    optimum=None,
    n_bracketed=0,
    path=None,
    random_state=0,
    n_jobs=None,
    verbose=False,
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
    n_bracketed : int, default=0
        At the first so many images of each noise level, chains that start at the true latents
        bracket the optimum.
    path : str or path-like, default=None
        CSV file where what is known of the optimum is kept, image by image, and not sampled again.
        It must have been written with the same class, optimum and seed. Denoisers are always
        measured anew.
    random_state : int, RandomState or None, default=0
        Seed of the images and of their noise.
    n_jobs : int, default=None
        Number of images sampled at the same time.
    verbose : bool, default=False
        Whether to show a progress bar on stderr.

    Returns
    -------
    table : Table
        One row per image and noise level. ``optimum`` and one column per denoiser hold the
        squared error summed over pixels, and ``..._near``, ``..._middle`` and ``..._far`` its parts
        within 2 pixels of the contour, from 2 to 8, and beyond. ``variance`` is the error that
        the sampler predicts, ``error_variance`` its own Monte Carlo error, ``error_db`` the loss
        of PSNR by it; ``correction``, ``exact``, ``r_hat``, ``dark_above``, ``log_density`` and
        ``log_density_error`` are those of its records, ``certified`` whether they certify it;
        ``bracket_db`` is the loss of PSNR by the distance to the chains from the truth (NaN where
        there are none); ``seconds`` of processor time.
    """
    denoisers = as_denoisers(denoisers)
    optimum = image_class.posterior_mean() if optimum is None else optimum
    root, sigmas = seed_sequence(random_state), check_sigmas(sigma)
    known = {(row["image"], row["sigma"]): row for row in _read(path)}
    wanted = [(k, level) for k in range(n_images) for level in sigmas]
    missing = [key for key in wanted if key not in known]
    function = partial(_optimum_row, image_class, optimum, root, n_bracketed)
    options = {"n_jobs": n_jobs, "verbose": verbose, "desc": "optimum"}
    for key, row in zip(missing, in_parallel(function, missing, **options), strict=True):
        known[key] = row
        if path is not None:
            Table.from_rows(list(known.values())).to_csv(path)
    rows = [known[key] | _denoiser_columns(image_class, denoisers, root, *key) for key in wanted]
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
        ``loss_near``, ``loss_middle`` and ``loss_far`` (parts of the excess of its squared error,
        by distance to the contour), ``calibration`` (squared error over predicted variance, both
        summed over images) and ``calibration_se``, ``error_db`` and ``bracket_db`` (largest),
        ``certified`` (fraction of images), ``seconds`` (mean), ``n_images``.
    """
    rows = []
    for level in np.unique(table["sigma"]):
        part = table.where(sigma=level)
        best, size = part["optimum"] - part["error_variance"], part["size"].astype(float) ** 2
        predicted = part["variance"] + part["error_variance"]
        ratio = part["optimum"].sum() / predicted.sum()
        ratio_se = mean_and_error(part["optimum"] - ratio * predicted)[1] / predicted.mean()
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
                    **_loss_by_band(part, name),
                    "calibration": ratio,
                    "calibration_se": ratio_se,
                    "error_db": part["error_db"].max(),
                    "bracket_db": np.fmax.reduce(part["bracket_db"]),
                    "certified": part["certified"].mean(),
                    "seconds": part["seconds"].mean(),
                    "n_images": part.n_rows,
                }
            )
    return Table.from_rows(rows)


def _loss_by_band(part, name):
    lost = {band: (part[f"{name}_{band}"] - part[f"optimum_{band}"]).sum() for band in BANDS}
    return {f"loss_{band}": value / sum(lost.values()) for band, value in lost.items()}


def _db(error, size):
    return -10 * np.log10(error / size)


def _noisy_image(image_class, root, k, sigma):
    """Image k, clean and noisy, and its bands."""
    clean, latents = image_class.sample(1, child(root, 0), first_image=k, return_latents=True)
    noisy = add_gaussian_noise(clean, sigma, child(root, 1), indices=[k])
    return clean, noisy, _bands(latents.mask[0])


def _optimum_row(image_class, optimum, root, n_bracketed, k, sigma):
    clean, noisy, bands = _noisy_image(image_class, root, k, sigma)
    start = time.process_time()
    (posterior,) = optimum.sample_posterior(noisy, sigma)
    seconds = time.process_time() - start
    apart = np.nan
    if k < n_bracketed:
        (warm,) = optimum.sample_from_truth(noisy, sigma, child(root, 0), first_image=k)
        apart = np.square(warm.mean - posterior.mean).sum() / posterior.variance
    return {
        "sigma": sigma,
        "image": k,
        "size": clean.shape[-1],
        **{f"pixels_{name}": int(band.sum()) for name, band in bands.items()},
        **{name: getattr(posterior, name) for name in _REPORTED},
        "log_density_error": posterior.log_evidence_error,
        "certified": posterior.certifies(optimum.tolerance),
        "bracket_db": float(10 * np.log10(1 + apart)),
        "seconds": seconds,
        **_errors("optimum", np.square(posterior.mean - clean[0]), bands),
    }


def _denoiser_columns(image_class, denoisers, root, k, sigma):
    clean, noisy, bands = _noisy_image(image_class, root, k, sigma)
    columns = {}
    for name, denoiser in denoisers.items():
        denoised = denoiser.denoise(noisy, sigma, clean=clean)
        columns |= _errors(name, np.square(denoised[0] - clean[0]), bands)
    return columns


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
