"""PSNR out against PSNR in on classes of images: slopes, and gaps to the best bound."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from gahb_sk.experiments import Table, compare_denoisers
from gahb_sk.metrics import psnr_slope
from gahb_sk.reproduce._bases import NETWORK, panels
from gahb_sk.reproduce._paper_figure import Check

# The paper's noise levels, which slopes are fitted to, and those that PSNRs are compared at.
SIGMAS = np.geomspace(5, 255, 15) / 255
SPOTS = (0.02, 0.03, 0.1, 0.3)
_SLOPE_WITHIN = 0.06
_KEPT = ("denoiser", "kind", "bound", "sigma", "input_psnr", "psnr", "psnr_se")


@dataclass(frozen=True)
class Panel:
    """Images of one class, who denoises them, and what theory says of it.

    Of ``images`` (n + 1, H, W) the last is the one that whatever must be fitted is fitted on.
    ``bound`` names the denoiser that gaps are measured to; ``slope`` is that of theory.
    """

    name: str
    images: np.ndarray
    denoisers: dict
    bound: str
    slope: float


def c_alpha_panel(alpha, images, denoisers):
    """Return a panel of C^alpha images with the class's bound and the slope of theory."""
    return Panel(f"alpha {alpha}", images, denoisers, "oracle bandlets", alpha / (alpha + 1))


def measure(panel, setup, n_examples=0, sigma=(*SIGMAS, *SPOTS)):
    """Denoise a class at several noise levels, all by default."""
    n = len(panel.images) - 1
    folds = [(np.array([n]), np.arange(n))]
    return compare_denoisers(
        panel.denoisers, panel.images, sigma, cv=folds, n_examples=n_examples, **setup.options(0)
    )


def table_of(measured):
    """Return the tidy table of several pairs ``(Panel, Comparison)``.

    ``gap`` is the PSNR of the panel's bound minus the denoiser's; ``slope``, over the paper's noise
    levels, is the same in all rows of a denoiser.
    """
    rows = []
    for panel, comparison in measured:
        means = comparison.means()
        best = means.where(denoiser=panel.bound)["psnr"]
        for name in comparison.denoisers:
            part = means.where(denoiser=name)
            of_paper = np.isin(part["sigma"], SIGMAS)
            slope = float(psnr_slope(part["sigma"][of_paper], part["psnr"][of_paper]))
            for row, bound in zip(part.rows(), best, strict=True):
                kept = {key: row[key] for key in _KEPT}
                found = {"gap": float(bound - row["psnr"]), "slope": slope}
                rows.append({"images": panel.name, **kept, **found, "n_images": row["n_images"]})
    return Table.from_rows(rows)


def network_slope(panel, setup):
    """Slope of the network alone, which is fast enough for many images."""
    alone = dataclasses.replace(panel, denoisers={NETWORK: panel.denoisers[NETWORK]})
    means = measure(alone, setup, sigma=SIGMAS).means()
    return float(psnr_slope(means["sigma"], means["psnr"]))


def slope_check(panel, slope, paper=""):
    """Return the check of the network's slope against that of theory."""
    return Check(
        f"{panel.name}: slope of the network (theory {panel.slope:.2f})",
        slope,
        panel.slope - _SLOPE_WITHIN,
        panel.slope + _SLOPE_WITHIN,
        paper,
    )


def psnr_checks(table, panel):
    """Return the checks of the network's PSNR against the best denoiser that is no bound."""
    part = table.where(images=panel.name, bound=False)
    checks = []
    for sigma in SPOTS:
        here = part.where(sigma=sigma)
        learned = here["kind"] == "learned"
        best = here["psnr"][~learned].argmax()
        rival = here["denoiser"][~learned][best]
        checks.append(
            Check(
                f"{panel.name}: dB above the best rival ({rival}) at sigma {sigma:g}",
                float(here["psnr"][learned][0] - here["psnr"][~learned][best]),
                0.7 if sigma > 0.02 else 0.0,
            )
        )
    return checks


def draw_psnrs(measured, title):
    """Return a figure with one panel of PSNRs per class."""
    from gahb_sk.plots import ComparisonDisplay

    figure, axes = panels(len(measured), 4.1, 4.1)
    for ax, (panel, comparison) in zip(axes, measured, strict=True):
        display = ComparisonDisplay(comparison.means(), theoretical_slope=panel.slope)
        display.plot(ax)
        ax.get_legend().remove()
        ax.set_title(f"{panel.name}, slope in theory {panel.slope:.2f}", fontsize=10)
    figure.suptitle(title)
    one_legend(figure, axes)
    return figure


def one_legend(figure, axes):
    """Say below all panels once what their lines are."""
    handles = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles["slope in theory" if label.startswith("slope ") else label] = handle
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5, fontsize=8)


def draw_gaps(table, classes):
    """Return a figure with one panel of gaps to the oracle or optimum per class."""
    from gahb_sk.plots._style import styled

    figure, axes = panels(len(classes), 3.6, 3.2)
    for ax, panel in zip(axes, classes, strict=True):
        for own, style in styled(table.where(images=panel.name)):
            ax.plot(own["sigma"], -own["gap"], markersize=3, markevery=3, **style)
        ax.set_xscale("log")
        ax.set_title(panel.name, fontsize=10)
        ax.set(xlabel="noise level sigma", ylabel=f"dB above {panel.bound}")
    figure.suptitle("Denoisers above or below an oracle, or the optimum where it is known")
    one_legend(figure, axes)
    return figure
