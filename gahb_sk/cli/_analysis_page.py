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


@dataclass(frozen=True)
class Findings:
    """What was found of a denoiser at one image."""

    title: str
    name: str
    images: dict
    sigma: float
    basis: EigenBasis
    spectrum: Table
    risk: Table | None
    alignment: Table | None
    settings: dict


def write_analysis(folder, findings, command):
    """Write the page, the tables and the pictures into a folder; return the path of the page."""
    folder = Path(folder)
    pictures = draw(findings)
    write_pictures(folder, pictures)
    for name in ("spectrum", "risk", "alignment"):
        found = getattr(findings, name)
        if found is not None:
            found.to_csv(folder / f"{name}.csv")
    numbers = {
        "title": findings.title,
        "command": command,
        "settings": findings.settings,
        "versions": versions(),
        "numbers": summary(findings),
    }
    write_json(folder / "results.json", numbers)
    page = folder / "index.html"
    write_html(
        page,
        title=findings.title,
        heading=findings.title,
        intro="",
        body=_body(findings, pictures),
        command=command,
    )
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
    from matplotlib.figure import Figure

    grid = Figure(figsize=(9, 5.3), layout="constrained")
    shown = 18 - len(findings.images)
    EigenvectorGridDisplay.from_basis(findings.basis, n_vectors=shown, images=findings.images).plot(
        grid
    )
    spectrum = Figure(figsize=(7, 4.4), layout="constrained")
    SpectrumDisplay.from_basis(findings.basis, findings.name).plot(spectrum.subplots())
    pictures = {"eigenvectors.png": grid, "spectrum.png": spectrum}
    if findings.risk is not None:
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        EffectiveDimensionDisplay.from_table(findings.risk).plot(left)
        RiskDisplay.from_table(findings.risk).plot(right)
        pictures["risk.png"] = figure
    if findings.alignment is not None and findings.name in findings.alignment["denoiser"]:
        figure = Figure(figsize=(7, 4.6), layout="constrained")
        AlignmentDisplay.from_table(findings.alignment, denoiser=findings.name).plot(
            figure.subplots()
        )
        pictures["alignment.png"] = figure
    return {name: to_png(figure) for name, figure in pictures.items()}


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
