"""How far denoisers are from a sampled posterior mean, image by image, with its certificate."""

import csv
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh
from scipy.ndimage import distance_transform_edt

from gahb_sk._files import atomic_path
from gahb_sk._random import child, seed_sequence
from gahb_sk._validation import at_least, validate_params
from gahb_sk.denoisers import as_denoisers
from gahb_sk.experiments._noisy_images import check_sigmas
from gahb_sk.experiments._parallel import CONSTRAINTS, in_parallel
from gahb_sk.experiments._table import Table
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.noise import add_gaussian_noise

BANDS = {"near": (0, 2), "middle": (2, 8), "far": (8, np.inf)}  # distance to the contour, pixels
AXES = {"first": (0, 5), "next": (5, 20)}  # places of the optimum's eigenvectors; others: "rest"
_N_VECTORS = 20
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
    }
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
        Means and eigenvectors go into a folder of the same name. They must have been written with
        the same class, optimum and seed. Denoisers are always measured anew.
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
        within 2 pixels of the contour, from 2 to 8, and beyond. ``..._first``, ``..._next`` and
        ``..._rest`` are the parts of a denoiser's squared distance to the optimum along the first
        5 eigenvectors of the optimum's Jacobian, the next 15, and beyond: its excess error in
        expectation, unless it is an oracle. A few hundred draws do not resolve eigenvectors in
        more dimensions than that. ``variance`` is the error that the sampler
        predicts, ``error_variance`` its own Monte Carlo error, ``error_db`` the loss
        of PSNR by it; ``correction``, ``exact``, ``r_hat``, ``dark_above``, ``log_density`` and
        ``log_density_error`` are those of its records, ``certified`` whether they certify it;
        ``bracket_db`` is the loss of PSNR by the distance to the chains from the truth (NaN where
        there are none); ``seconds`` of processor time.
    """
    denoisers = as_denoisers(denoisers)
    optimum = image_class.posterior_mean() if optimum is None else optimum
    root, sigmas = seed_sequence(random_state), check_sigmas(sigma)
    known = _known(path)
    wanted = [(k, level) for k in range(n_images) for level in sigmas]
    missing = [key for key in wanted if key not in known]
    function = partial(_optimum_row, image_class, optimum, root, n_bracketed)
    options = {"n_jobs": n_jobs, "verbose": verbose, "desc": "optimum"}
    for key, found in zip(missing, in_parallel(function, missing, **options), strict=True):
        known[key] = found
        if path is not None:
            _save_basis(path, key, found)
            Table.from_rows([one.row for one in known.values()]).to_csv(path)
    rows = [
        known[key].row | _denoiser_columns(image_class, denoisers, root, known[key], *key)
        for key in wanted
    ]
    return Table.from_rows(rows)


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
    row = {
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
    return _Sampled(row, posterior.mean, _leading_vectors(posterior.factor))


class _Sampled(NamedTuple):
    """A row of the table, the optimum's mean (H, W) and its leading eigenvectors (m, H W)."""

    row: dict
    mean: np.ndarray
    vectors: np.ndarray


def _leading_vectors(factor):
    """Leading eigenvectors of ``factor.T @ factor`` as rows, from the smaller Gram matrix."""
    values, left = eigh(factor @ factor.T)
    kept = np.flatnonzero(values > 1e-9 * values[-1])[::-1][:_N_VECTORS]
    return (left[:, kept].T @ factor / np.sqrt(values[kept])[:, None]).astype(np.float32)


def _denoiser_columns(image_class, denoisers, root, sampled, k, sigma):
    clean, noisy, bands = _noisy_image(image_class, root, k, sigma)
    columns = {}
    for name, denoiser in denoisers.items():
        denoised = denoiser.denoise(noisy, sigma, clean=clean)
        columns |= _errors(name, np.square(denoised[0] - clean[0]), bands)
        columns |= _distances(name, denoised[0] - sampled.mean, sampled.vectors)
    return columns


def _errors(name, squares, bands):
    parts = {f"{name}_{band}": float(squares[where].sum()) for band, where in bands.items()}
    return {name: float(squares.sum()), **parts}


def _distances(name, apart, vectors):
    """Squared distance to the optimum along its eigenvectors."""
    squares = np.square(vectors @ apart.ravel())
    parts = {f"{name}_{axis}": float(squares[low:high].sum()) for axis, (low, high) in AXES.items()}
    return parts | {f"{name}_rest": float(np.square(apart).sum() - squares.sum())}


def _bands(mask):
    """Pixels by their distance to the contour: to the nearest pixel that it crosses or borders."""
    above = mask >= 0.5
    edge = (mask > 0) & (mask < 1)
    edge[:-1] |= above[1:] != above[:-1]
    distance = distance_transform_edt(~edge) if edge.any() else np.full(mask.shape, np.inf)
    return {name: (distance >= low) & (distance < high) for name, (low, high) in BANDS.items()}


def _known(path):
    """Return what an unfinished table holds, by image and noise level."""
    if path is None or not Path(path).exists():
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        rows = [{name: _value(text) for name, text in row.items()} for row in csv.DictReader(file)]
    known = {}
    for row in rows:
        key = row["image"], row["sigma"]
        if _basis_path(path, *key).exists():
            with np.load(_basis_path(path, *key)) as kept:
                known[key] = _Sampled(row, kept["mean"], kept["vectors"])
    return known


def _save_basis(path, key, sampled):
    with atomic_path(_basis_path(path, *key)) as temporary:
        np.savez(temporary, mean=sampled.mean, vectors=sampled.vectors)


def _basis_path(path, k, sigma):
    return Path(path).with_suffix("") / f"image-{k}-sigma-{sigma:g}.npz"


def _value(text):
    if text in ("True", "False"):
        return text == "True"
    number = float(text)
    return int(number) if number.is_integer() and "." not in text else number
