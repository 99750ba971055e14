"""The report of ``gahb-sk analyze``: a page, tables and pictures."""

import html
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gahb_sk._files import write_json
from gahb_sk.analysis import EigenBasis
from gahb_sk.cli._page import (
    embed,
    settings_table,
    table,
    to_png,
    versions,
    write_html,
    write_pictures,
)
from gahb_sk.experiments import Table
from gahb_sk.metrics import psnr
from gahb_sk.plots import (
    AlignmentDisplay,
    EffectiveDimensionDisplay,
    EigenvectorGridDisplay,
    RiskDisplay,
    SpectrumDisplay,
)
from gahb_sk.plots._style import canvas


@dataclass(frozen=True)
class Findings:
    """What was found of a denoiser at one image; ``risk`` and ``alignment`` need the clean one."""

    title: str
    name: str
    images: dict  # "noisy", "denoised" and, where it is known, "clean"
    sigma: float
    basis: EigenBasis
    spectrum: Table  # one row per eigenvector
    risk: Table | None
    alignment: Table | None
    settings: dict


def write_analysis(folder, findings, command):
    """Write the page, the tables and the pictures into a folder; return the path of the page."""
    folder, pictures = Path(folder), draw(findings)
    write_pictures(folder, pictures)
    for name in ("spectrum", "risk", "alignment"):
        found = getattr(findings, name)
        if found is not None:
            found.to_csv(folder / f"{name}.csv")
    numbers = {"title": findings.title, "command": command, "settings": findings.settings}
    numbers |= {"versions": versions(), "numbers": summary(findings)}
    write_json(folder / "results.json", numbers)
    page, body = folder / "index.html", _body(findings, pictures)
    write_html(page, title=findings.title, body=body, command=command)
    return page


def summary(findings):
    """Return the numbers of one denoiser at one image, by what they are."""
    basis, images = findings.basis, findings.images
    found = {
        "effective dimension": basis.effective_dimension,
        "its standard error": basis.effective_dimension_se,
        "values of the image": int(images["noisy"].size),
        "participation ratio": basis.participation_ratio,
        "asymmetry": basis.asymmetry,
        "homogeneity error": basis.homogeneity_error,
        "largest residual": float(basis.residuals.max()),
        "method": basis.method,
        "vectors multiplied": basis.n_products,
        "predicted mean squared error": findings.sigma**2
        * basis.effective_dimension
        / images["noisy"].size,
    }
    if "clean" in images:
        clean, denoised = images["clean"], images["denoised"]
        found["mean squared error"] = float(np.square(clean - denoised).mean())
        found["PSNR (dB)"] = float(psnr(clean[None], denoised[None])[0])
    return found


def draw(findings):
    """Return the pictures as PNG files by name."""
    basis, images = findings.basis, findings.images
    grid = EigenvectorGridDisplay.from_basis(basis, n_vectors=18 - len(images), images=images)
    spectrum = SpectrumDisplay.from_basis(basis, findings.name)
    pictures = {
        "eigenvectors.png": grid.plot(canvas(9, 5.3)),
        "spectrum.png": spectrum.plot(canvas(7, 4.4).subplots()),
    }
    if findings.risk is not None:
        left, right = canvas(10, 4.2).subplots(1, 2)
        EffectiveDimensionDisplay(findings.risk).plot(left)
        pictures["risk.png"] = RiskDisplay(findings.risk).plot(right)
    if findings.alignment is not None and findings.name in findings.alignment["denoiser"]:
        display = AlignmentDisplay(findings.alignment, denoiser=findings.name)
        pictures["alignment.png"] = display.plot(canvas(7, 4.6).subplots())
    return {name: to_png(display.figure_) for name, display in pictures.items()}


_CAPTIONS = {
    "eigenvectors.png": (
        "Adaptive basis",
        "Eigenvectors of the symmetric part of the Jacobian, with the factors by which the "
        "denoiser shrinks the noisy image along them.",
    ),
    "spectrum.png": (
        "Shrinkage factors",
        "In decreasing order; dots are the coefficients of the clean image in the same vectors.",
    ),
    "risk.png": (
        "Effective dimension and risk",
        "The trace of the Jacobian, and the true error beside what is said of it without the "
        "clean image. On one image SURE differs from the true error by about sqrt(2 / d) times "
        "the squared noise level, and is not drawn where it is negative; crosses lie on the line, "
        "on average, where the denoiser is optimal.",
    ),
    "alignment.png": (
        "Alignment",
        "Mean squared cosine of the principal angles between the first k vectors and those of "
        "bases that know the clean image.",
    ),
}


def _body(findings, pictures):
    numbers = summary(findings)
    parts = [table([html.escape(key), _number(value)] for key, value in numbers.items())]
    for name, png in pictures.items():
        heading, caption = _CAPTIONS[name]
        parts += [f"<h2>{heading}</h2>", embed(png, heading), f"<p class='caption'>{caption}</p>"]
    return "\n".join([*parts, settings_table(findings.settings)])


def _number(value):
    return f"{value:.4g}" if isinstance(value, float) else html.escape(str(value))
