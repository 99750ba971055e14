"""Gaps to the sampled optimum: a table per denoiser of what was measured image by image."""

import numpy as np

from gahb_sk.experiments._posterior_gap import AXES, BANDS
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import mean_and_error


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
        by distance to the contour), ``along_first``, ``along_next`` and ``along_rest`` (parts of
        its squared distance to the optimum, by the optimum's eigenvectors), ``calibration``
        (squared error over predicted variance, both
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
                    **_loss_by_axis(part, name),
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


def _loss_by_axis(part, name):
    lost = {axis: part[f"{name}_{axis}"].sum() for axis in (*AXES, "rest")}
    return {f"along_{axis}": value / sum(lost.values()) for axis, value in lost.items()}


def _db(error, size):
    return -10 * np.log10(error / size)
