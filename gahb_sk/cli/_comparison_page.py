"""The page of a comparison: who is best at each noise level, the means, and the pictures."""

import html
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gahb_sk._files import write_json
from gahb_sk.cli._page import (
    bullets,
    embed,
    settings_table,
    table,
    to_png,
    versions,
    write_html,
    write_pictures,
)
from gahb_sk.experiments import Comparison
from gahb_sk.plots import ComparisonDisplay, ImageGridDisplay
from gahb_sk.plots._style import canvas

FILES = ("index.html", "results.csv", "results.json", "curves.png", "images.png")
INTRO = (
    "All denoisers are fitted on the same clean training images and see the same noise on the same "
    "test images. &sigma; is its standard deviation in the units of the images; all but the blind "
    "networks are given it."
)


@dataclass(frozen=True)
class Section:
    """One comparison as a report shows it, with a heading and a sentence on its images."""

    title: str
    text: str
    comparison: Comparison
    settings: dict  # images, denoisers and their parameters, noise levels, seed
    alpha: float | None = None  # regularity of the class, for the theoretical slope
    left_out: list = field(default_factory=list)  # unusable files, each with the reason

    @property
    def sigma_shown(self):
        """The noise level in the middle, at which examples are shown."""
        return float(self.comparison.sigma[len(self.comparison.sigma) // 2])


def write_report(folder, section, command):
    """Write the page, the results and the pictures of a comparison; return the page's path."""
    folder, pictures = Path(folder), draw(section)
    write_pictures(folder, pictures)
    section.comparison.to_csv(folder / "results.csv")
    write_json(folder / "results.json", _as_json(section, command))
    page = folder / "index.html"
    write_page(page, [(section, pictures)], command)
    return page


def write_page(path, sections, command):
    """Write one self-contained page of several pairs (section, its pictures)."""
    write_html(
        path,
        title=" / ".join(section.title for section, _ in sections),
        heading="Learned, classical and optimal denoisers compared",
        intro=INTRO,
        body="\n".join(_section_html(section, pictures) for section, pictures in sections),
        command=command,
    )


def draw(section):
    """Draw the curves and, for the middle noise level, the grid of example images."""
    comparison = section.comparison
    curves = ComparisonDisplay.from_comparison(comparison, alpha=section.alpha)
    pictures = {"curves.png": curves.plot(canvas(7.0, 4.8).subplots())}
    curves.ax_.set_title("PSNR after denoising; what is above the grey line is gained")
    if comparison.examples:
        grid = ImageGridDisplay.from_comparison(comparison, section.sigma_shown)
        n_rows = len(comparison.examples[section.sigma_shown]["clean"])
        pictures["images.png"] = grid.plot(canvas(1.25 * len(grid.columns), 1.55 * n_rows))
    return {name: to_png(display.figure_) for name, display in pictures.items()}


def _as_json(section, command):
    comparison = section.comparison
    return {
        "title": section.title,
        "command": command,
        "settings": section.settings,
        "versions": versions(),
        "left_out": section.left_out,
        "means": list(comparison.means().rows()),
        "slopes": list(comparison.slopes().rows()),
        "differences": [
            row for name in comparison.denoisers for row in comparison.differences(name).rows()
        ],
        "results": list(comparison.rows()),
    }


def _section_html(section, pictures):
    comparison = section.comparison
    parts = [
        f"<section><h2>{html.escape(section.title)}</h2>",
        f"<p>{html.escape(section.text)}</p>",
        verdict(comparison),
        means_table(comparison),
        embed(pictures["curves.png"], "Output PSNR against input PSNR"),
    ]
    if "images.png" in pictures:
        parts.append(f"<h3>Test images at &sigma; = {section.sigma_shown:g}</h3>")
        parts.append(embed(pictures["images.png"], "Clean, noisy and denoised images"))
    if section.left_out:
        parts.append(f"<h3>Files left out</h3>{bullets(section.left_out)}")
    return "\n".join([*parts, settings_table(section.settings), "</section>"])


def verdict(comparison):
    """Say who is best at each noise level, and how far below the nearest bound, as HTML."""
    means = comparison.means()
    sentences = []
    for sigma in comparison.sigma:
        part = means.where(sigma=sigma)
        rivals = np.flatnonzero(~part["bound"])
        if not len(rivals):
            continue
        psnr = _rank(part["psnr"])
        best = rivals[psnr[rivals].argmax()]
        name = html.escape(str(part["denoiser"][best]))
        text = f"&sigma; = {sigma:g}: <b>{name}</b> is best with {_decibels(psnr[best])}"
        bounds = np.flatnonzero(part["bound"])
        if len(bounds):
            text += _distance(psnr[best], psnr[bounds].max())
        if len(rivals) > 1:
            text += _not_told_apart(comparison, part["denoiser"], best, rivals, sigma)
        sentences.append(f"<li>{text}.</li>")
    return f"<ul>{''.join(sentences)}</ul>"


def _not_told_apart(comparison, names, best, rivals, sigma):
    """Name the rivals that these images do not tell from the best."""
    found = comparison.differences(str(names[best])).where(sigma=sigma)
    others = set(names[rivals].tolist())
    alike = [
        html.escape(row["denoiser"])
        for row in found.rows()
        if row["denoiser"] in others and row["verdict"] == "no difference shown"
    ]
    return f"; no difference from it is shown for {', '.join(alike)}" if alike else ""


def _rank(psnr):
    """Mean PSNRs to compare by; an unknown one, where every image came out exactly, is best."""
    return np.where(np.isnan(psnr), np.inf, psnr)


def _decibels(psnr):
    return f"{psnr:.2f} dB" if np.isfinite(psnr) else "every image exact"


def _distance(psnr, bound):
    if not np.isfinite([psnr, bound]).all():
        return f"; the best oracle: {_decibels(bound)}"
    side = "below" if bound >= psnr else "above"
    return f", {_decibels(abs(bound - psnr))} {side} the best oracle"


def _number(value):
    return "-" if np.isnan(value) else f"{value:.2f}"


def means_table(comparison):
    """Return the means of all denoisers at all noise levels as an HTML table with a caption."""
    means, slopes = comparison.means(), comparison.slopes()
    sigmas = comparison.sigma
    best = {
        sigma: _rank(means.where(sigma=sigma, bound=False)["psnr"]).max()
        for sigma in sigmas
        if not means.where(sigma=sigma)["bound"].all()
    }
    measured = [f"&sigma; = {sigma:g}<br>PSNR (dB) / SSIM" for sigma in sigmas]
    head = ["denoiser", "kind", *measured, "slope", "fit (s)", "ms/image"]
    ordered = sorted(
        comparison.denoisers,
        key=lambda name: (means.where(denoiser=name)["bound"][0], _order(means, name)),
    )
    rows = []
    for name in ordered:
        part = means.where(denoiser=name)
        kind = f"{part['kind'][0]}{' (bound)' if part['bound'][0] else ''}"
        cells = [_cell(row, best) for row in part.rows()]
        found = slopes.where(denoiser=name)
        slope = f"{_number(found['slope'][0])} &plusmn; {_number(found['slope_se'][0])}"
        times = (f"{part[column].mean():.1f}" for column in ("fit_seconds", "ms_per_image"))
        rows.append([html.escape(name), kind, *cells, slope, *times])
    return f"{table(rows, head)}<p class='caption'>{_caption(means)}</p>"


def _cell(row, best):
    """PSNR with its error and SSIM; the best rival is bold."""
    cell = f"{_number(row['psnr'])} &plusmn; {_number(row['psnr_se'])} / {row['ssim']:.3f}"
    is_best = not row["bound"] and _rank(row["psnr"]) == best.get(row["sigma"])
    return f"<b>{cell}</b>" if is_best else cell


def _order(means, name):
    return -float(_rank(means.where(denoiser=name)["psnr"]).mean())


def _caption(means):
    caption = (
        f"Means over {means['n_images'][0]} test images &plusmn; standard error; best rival in "
        "bold. A bound is given the clean image. Slope: dB out per dB in. Errors count patches of "
        "one file as one source."
    )
    exact = means["n_exact"].max()
    if exact:
        caption += (
            f" Images that came out exactly (up to {exact}, by denoiser and &sigma;) have no PSNR "
            "and are left out of its mean."
        )
    return caption
