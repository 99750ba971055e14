"""PSNR out against PSNR in on classes of images: levels, slopes, and gaps to the best bound."""

import dataclasses
import importlib.util
from dataclasses import dataclass

import numpy as np
from sklearn.frozen import FrozenEstimator

from gahb_sk.denoisers import (
    BandletShrinkage,
    BM3DDenoiser,
    OracleShrinkage,
    TotalVariationDenoiser,
    WaveletShrinkage,
)
from gahb_sk.experiments import Table, compare_denoisers
from gahb_sk.metrics import psnr_slope
from gahb_sk.reproduce._paper_figure import Check

# The paper's noise levels, which slopes are fitted to, and those that levels are compared at.
SIGMAS = np.geomspace(5, 255, 15) / 255
SPOTS = (0.02, 0.03, 0.1, 0.3)
NETWORK = "network"
_SLOPE_WITHIN = 0.06


@dataclass(frozen=True)
class ImageClass:
    """Images of one class and who denoises them.

    Attributes
    ----------
    name : str
        In the table.
    images : ndarray of shape (n + 1, H, W)
        Test images, and one more that whatever must be fitted is fitted on.
    denoisers : dict of str to denoiser
        Networks are frozen, so that they are not trained again.
    bound : str
        Name of the denoiser that gaps are measured to.
    slope : float
        In theory.
    """

    name: str
    images: np.ndarray
    denoisers: dict
    bound: str
    slope: float


def rivals():
    """Return denoisers that are given the noise level, by name."""
    found = {
        "wavelets, spun": WaveletShrinkage(n_shifts=16),
        "bandlets": BandletShrinkage(),
    }
    if importlib.util.find_spec("skimage"):
        found["total variation"] = TotalVariationDenoiser()
    if importlib.util.find_spec("bm3d"):
        found["BM3D"] = BM3DDenoiser(exact=False)
    return found


def missing_rivals():
    """Return a note if packages of rivals are missing, which makes the criterion easier."""
    missing = {"total variation", "BM3D"} - set(rivals())
    if not missing:
        return []
    listed = " and ".join(sorted(missing))
    return [f'{listed} did not take part: pip install "gahb-sk[peers]".']


def oracles():
    """Return the oracles in the best wavelet and bandlet bases, by name."""
    return {
        "oracle wavelets": OracleShrinkage(),
        "oracle bandlets": OracleShrinkage(basis="bandlet"),
    }


def measure(image_class, setup, n_examples=0, sigma=(*SIGMAS, *SPOTS)):
    """Denoise a class at several noise levels, all by default.

    Returns
    -------
    comparison : Comparison
    """
    n = len(image_class.images) - 1
    denoisers = {
        name: FrozenEstimator(one) if name.startswith(NETWORK) else one
        for name, one in image_class.denoisers.items()
    }
    return compare_denoisers(
        denoisers,
        image_class.images,
        sigma,
        cv=[(np.array([n]), np.arange(n))],
        n_examples=n_examples,
        **setup.options(0),
    )


def table_of(measured):
    """Return the tidy table of several classes.

    Parameters
    ----------
    measured : list of (ImageClass, Comparison)

    Returns
    -------
    table : Table
        ``images, denoiser, kind, bound, sigma, input_psnr, psnr, psnr_se, gap, slope, n_images``:
        ``gap`` is the PSNR of the class's bound less the denoiser's, ``slope`` that over the
        paper's noise levels, the same in all rows of a denoiser.
    """
    rows = []
    for image_class, comparison in measured:
        means = comparison.means()
        best = means.where(denoiser=image_class.bound)["psnr"]
        for name in comparison.denoisers:
            part = means.where(denoiser=name)
            of_paper = np.isin(part["sigma"], SIGMAS)
            slope = float(psnr_slope(part["sigma"][of_paper], part["psnr"][of_paper]))
            for row, bound in zip(part.rows(), best, strict=True):
                kept = ("denoiser", "kind", "bound", "sigma", "input_psnr", "psnr", "psnr_se")
                rows.append(
                    {
                        "images": image_class.name,
                        **{key: row[key] for key in kept},
                        "gap": float(bound - row["psnr"]),
                        "slope": slope,
                        "n_images": row["n_images"],
                    }
                )
    return Table.from_rows(rows)


def network_slope(image_class, setup):
    """Slope of the network alone, which is fast enough for many images."""
    own = {NETWORK: image_class.denoisers[NETWORK]}
    alone = dataclasses.replace(image_class, denoisers=own)
    means = measure(alone, setup, sigma=SIGMAS).means()
    return float(psnr_slope(means["sigma"], means["psnr"]))


def slope_check(image_class, slope, paper=""):
    """Return the check of the network's slope against that of theory."""
    return Check(
        f"{image_class.name}: slope of the network (theory {image_class.slope:.2f})",
        slope,
        image_class.slope - _SLOPE_WITHIN,
        image_class.slope + _SLOPE_WITHIN,
        paper,
    )


def level_checks(table, image_class):
    """Return the checks of the network's PSNR against the best denoiser that is no bound."""
    part = table.where(images=image_class.name, bound=False)
    checks = []
    for sigma in SPOTS:
        here = part.where(sigma=sigma)
        learned = here["kind"] == "learned"
        best = here["psnr"][~learned].argmax()
        rival = here["denoiser"][~learned][best]
        checks.append(
            Check(
                f"{image_class.name}: dB above the best rival ({rival}) at sigma {sigma:g}",
                float(here["psnr"][learned][0] - here["psnr"][~learned][best]),
                0.7 if sigma > 0.02 else 0.0,
            )
        )
    return checks


def draw_levels(measured, title):
    """Return a figure with a panel of PSNRs a class."""
    from gahb_sk.plots import ComparisonDisplay

    figure, axes = _panels(len(measured), 4.1)
    for ax, (image_class, comparison) in zip(axes, measured, strict=True):
        display = ComparisonDisplay(comparison.means(), theoretical_slope=image_class.slope)
        display.plot(ax)
        ax.set_title(image_class.name, fontsize=10)
        ax.legend(fontsize=6.5)
    figure.suptitle(title)
    return figure


def draw_gaps(table, classes):
    """Return a figure with a panel of gaps to the class's bound a class."""
    from gahb_sk.plots._style import styled

    figure, axes = _panels(len(classes), 3.6)
    for ax, image_class in zip(axes, classes, strict=True):
        for own, style in styled(table.where(images=image_class.name)):
            style["marker"] = "o" if own["kind"][0] == "learned" else None
            ax.plot(own["sigma"], own["gap"], markersize=3, **style)
        ax.set_xscale("log")
        ax.set_title(image_class.name, fontsize=10)
        ax.set(xlabel="noise level", ylabel=f"dB below {image_class.bound}")
        ax.legend(fontsize=6.5)
    return figure


def _panels(n, side):
    from matplotlib.figure import Figure

    columns = min(n, 3)
    n_rows = -(-n // columns)
    figure = Figure(figsize=(side * columns, side * n_rows), layout="constrained")
    axes = figure.subplots(n_rows, columns, squeeze=False).ravel()
    for ax in axes[n:]:
        ax.set_axis_off()
    return figure, axes[:n]
