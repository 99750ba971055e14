"""What a comparison of denoisers found: scores of images, their means, slopes and differences."""

from typing import Any, Self

import numpy as np

from gahb_sk._validation import check_name
from gahb_sk.experiments._clustered import clustered_mean, verdict
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
    images : Table, default=None
        See ``images``.
    examples : dict, default=None
        See ``examples``.

    Attributes
    ----------
    images : Table
        The score of every image: ``denoiser, fold, sigma, image`` (its number in X), ``source``
        (its group, or that number), ``psnr``, ``ssim``.
    examples : dict of float to dict of str to ndarray
        For each noise level, the first test images of the first fold: ``"clean"``, ``"noisy"``
        and, under its name, as denoised by each denoiser. Empty unless ``n_examples`` was given.
    """

    def __init__(self, columns: dict, images: Table | None = None, examples: dict | None = None):
        super().__init__(columns)
        self.images = Table({}) if images is None else images
        self.examples = examples or {}

    def where(self, **equal: Any) -> Self:
        """Return the rows whose columns equal the given values; see :meth:`Table.where`."""
        part = super().where(**equal)
        left = {(row["denoiser"], row["fold"], row["sigma"]) for row in part.rows()}
        names = (self.images[name].tolist() for name in ("denoiser", "fold", "sigma"))
        keep = np.fromiter((key in left for key in zip(*names, strict=True)), bool)
        part.images = Table({name: values[keep] for name, values in self.images.items()})
        return part

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
            n_exact, fit_seconds, ms_per_image``; the standard errors are over images, those of one
            source together; ``fit_seconds`` is the mean over folds.
        """
        rows = []
        for name in self.denoisers:
            for sigma in self.sigma:
                part = self.where(denoiser=name, sigma=sigma)
                n = int(part["n_images"].sum())
                row = {
                    "denoiser": name,
                    "kind": part["kind"][0].item(),
                    "bound": bool(part["bound"][0]),
                    "sigma": float(sigma),
                    "input_psnr": float(input_psnr(sigma)),
                }
                for metric in ("psnr", "ssim"):
                    known = np.isfinite(part.images[metric])
                    found = clustered_mean(part.images[metric][known], part.images["source"][known])
                    row[metric], row[f"{metric}_se"] = found[:2]
                row["n_images"] = n
                row["n_exact"] = int(part["n_exact"].sum())
                row["fit_seconds"] = float(part["fit_seconds"].mean())
                row["ms_per_image"] = float(1e3 * part["denoise_seconds"].sum() / n)
                rows.append(row)
        return Table.from_rows(rows)

    def differences(self, reference: str) -> Table:
        """Compare each denoiser with one of them, image by image.

        The images and their noise are the same for both, so that what makes an image hard cancels
        and small differences show that the errors of two means would hide.

        Parameters
        ----------
        reference : str
            Name of the denoiser to compare with.

        Returns
        -------
        table : Table
            ``denoiser, reference, sigma, difference`` (mean over images of the PSNR minus that of
            the reference, in dB), ``difference_se``, ``n_images``, ``n_sources`` and ``verdict``:
            "better" or "worse" where the 95 % interval of the difference leaves out 0, else "no
            difference shown". Sources are the ``groups`` of :func:`compare_denoisers`; without
            them, each image is one. Images that either denoiser gave exactly are left out.

        Notes
        -----
        Each verdict stands for itself: of twenty without a true difference, one is wrong on
        average.

        Raises
        ------
        ValueError
            If no denoiser has that name.
        """
        check_name(reference, self.denoisers, "denoiser")
        rows = []
        for sigma in self.sigma:
            base = self._psnrs(reference, sigma)
            for name in self.denoisers:
                if name == reference:
                    continue
                own = self._psnrs(name, sigma)
                known = np.isfinite(own["psnr"]) & np.isfinite(base["psnr"])
                found = clustered_mean(
                    own["psnr"][known] - base["psnr"][known], own["source"][known]
                )
                row = {"denoiser": name, "reference": reference, "sigma": float(sigma)}
                row |= dict(zip(("difference", "difference_se"), found[:2], strict=True))
                row |= {"n_images": int(known.sum()), "n_sources": found[2]}
                rows.append(row | {"verdict": verdict(*found)})
        return Table.from_rows(rows)

    def _psnrs(self, name, sigma):
        """Scores of the test images, fold by fold: in the same order for all."""
        return self.images.where(denoiser=name, sigma=sigma)

    def slopes(self) -> Table:
        """Slope of mean output PSNR against input PSNR for each denoiser.

        Returns
        -------
        table : Table
            ``denoiser, slope, slope_se``. The slope is that of the least-squares line through the
            mean PSNRs, over the noise levels that have one; NaN if these are fewer than two. Its
            standard error is that of the mean of the images' own slopes: it says what other images
            would change, not how straight the line is.
        """
        means = self.means()
        rows = []
        for name in self.denoisers:
            part = means.where(denoiser=name)
            known = np.isfinite(part["psnr"])
            sigmas, psnrs = part["sigma"][known], part["psnr"][known]
            slope, error = np.nan, np.nan
            if len(sigmas) > 1:
                slope, error = psnr_slope(sigmas, psnrs), self._slope_error(name, sigmas)
            rows.append({"denoiser": name, "slope": float(slope), "slope_se": error})
        return Table.from_rows(rows)

    def _slope_error(self, name, sigmas):
        levels = [self._psnrs(name, sigma) for sigma in sigmas]
        psnrs = np.stack([level["psnr"] for level in levels], axis=-1)
        known = np.isfinite(psnrs).all(axis=-1)
        if not known.any():
            return float("nan")
        return clustered_mean(psnr_slope(sigmas, psnrs[known]), levels[0]["source"][known])[1]
