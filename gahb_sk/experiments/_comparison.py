"""What a comparison of denoisers found: one tidy table, its means and its slopes."""

import numpy as np

from gahb_sk.experiments._table import Table
from gahb_sk.metrics import input_psnr, psnr_slope


class Comparison(Table):
    """Result of :func:`compare_denoisers`: one row per denoiser, fold and noise level.

    Columns: ``denoiser``, ``kind`` (learned, classical or optimal), ``bound`` (True for oracles,
    which are given the clean image), ``fold``, ``sigma``, ``n_images``, ``n_exact``, ``psnr`` and
    ``ssim`` (means over the test images of the fold), ``psnr_sd`` and ``ssim_sd`` (standard
    deviations over them), ``fit_seconds``, ``denoise_seconds`` (for all test images at that
    noise level).

    The PSNR of an image that comes out exactly as it was is infinite. Such images are counted in
    ``n_exact`` and left out of ``psnr`` and ``psnr_sd``, which are NaN where no other is left.

    Parameters
    ----------
    columns : dict of str to array-like of shape (n_rows,)
        The columns.
    examples : dict, default=None
        See ``examples``.

    Attributes
    ----------
    examples : dict of float to dict of str to ndarray
        For each noise level, the first test images of the first fold: ``"clean"``, ``"noisy"``
        and, under its name, as denoised by each denoiser. Empty unless ``n_examples`` was given.
    """

    def __init__(self, columns: dict, examples: dict | None = None):
        super().__init__(columns)
        self.examples = examples or {}

    @property
    def denoisers(self) -> list[str]:
        """Names of the denoisers, in the order they were given."""
        return list(dict.fromkeys(self["denoiser"].tolist()))

    @property
    def sigma(self) -> np.ndarray:
        """The noise levels, ascending."""
        return np.unique(self["sigma"])

    def means(self) -> Table:
        """Means over all test images of all folds, with standard errors.

        Returns
        -------
        table : Table
            ``denoiser, kind, bound, sigma, input_psnr, psnr, psnr_se, ssim, ssim_se, n_images,
            n_exact, fit_seconds, ms_per_image``; the standard errors are over images;
            ``fit_seconds`` is the mean over folds.
        """
        rows = []
        for name in self.denoisers:
            for sigma in self.sigma:
                part = self.where(denoiser=name, sigma=sigma)
                n = part["n_images"]
                row = {
                    "denoiser": name,
                    "kind": part["kind"][0].item(),
                    "bound": bool(part["bound"][0]),
                    "sigma": float(sigma),
                    "input_psnr": float(input_psnr(sigma)),
                }
                for metric, count in {"psnr": n - part["n_exact"], "ssim": n}.items():
                    pooled = _pool(count, part[metric], part[f"{metric}_sd"])
                    row[metric], row[f"{metric}_se"] = pooled
                row["n_images"] = int(n.sum())
                row["n_exact"] = int(part["n_exact"].sum())
                row["fit_seconds"] = float(part["fit_seconds"].mean())
                row["ms_per_image"] = float(1e3 * part["denoise_seconds"].sum() / n.sum())
                rows.append(row)
        return Table.from_rows(rows)

    def slopes(self) -> Table:
        """Slope of mean output PSNR against input PSNR for each denoiser.

        Returns
        -------
        table : Table
            ``denoiser, slope, slope_se``; the standard error is that of the least-squares fit to
            the mean PSNRs, over the noise levels that have one. NaN where these are too few:
            below two, below three.
        """
        means = self.means()
        rows = []
        for name in self.denoisers:
            part = means.where(denoiser=name)
            known = np.isfinite(part["psnr"])
            sigma, x, y = (part[column][known] for column in ("sigma", "input_psnr", "psnr"))
            several = known.sum() > 1
            slope = psnr_slope(sigma, y) if several else np.nan
            error = _slope_error(x, y, slope)
            rows.append({"denoiser": name, "slope": float(slope), "slope_se": error})
        return Table.from_rows(rows)


def _pool(n, means, deviations):
    """Mean and standard error over all images of several folds, ``n`` of each."""
    n, means, deviations = n[n > 0], means[n > 0], deviations[n > 0]
    total = n.sum()
    if not total:
        return float("nan"), float("nan")
    mean = (n * means).sum() / total
    squares = ((n - 1) * deviations**2 + n * (means - mean) ** 2).sum()
    variance = squares / (total - 1) if total > 1 else np.nan
    return float(mean), float(np.sqrt(variance / total))


def _slope_error(x, y, slope):
    if len(x) < 3:
        return float("nan")
    x = x - x.mean()
    residuals = y - y.mean() - slope * x
    return float(np.sqrt((residuals**2).sum() / (len(x) - 2) / (x**2).sum()))
