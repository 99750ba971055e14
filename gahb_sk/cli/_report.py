"""Reports: one self-contained HTML page, and the numbers and pictures beside it."""

import base64
import html
import io
import os
import platform
import warnings
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from gahb_sk import __version__
from gahb_sk._files import atomic_path, write_json, write_text
from gahb_sk.cli._verdict import means_table, verdict
from gahb_sk.experiments import Comparison
from gahb_sk.plots import ComparisonDisplay, ImageGridDisplay

_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "pywavelets", "scikit-image", "bm3d")
FILES = ("index.html", "results.csv", "results.json", "curves.png", "images.png")
PAGE = Path(__file__).with_name("report.html")
INTRO = (
    "All denoisers are fitted on the same clean training images and see the same noise on the same "
    "test images. &sigma; is its standard deviation in the units of the images; all but the blind "
    "networks are told it."
)


@dataclass(frozen=True)
class Section:
    """One comparison as a report shows it.

    Attributes
    ----------
    title, text : str
        Heading, and a sentence on the images.
    comparison : Comparison
        With examples.
    settings : dict
        All that made it: images, denoisers and their parameters, noise levels, seed.
    alpha : float or None
        Regularity of the class, for the theoretical slope.
    left_out : list of str
        Files that could not be used, each with the reason.
    """

    title: str
    text: str
    comparison: Comparison
    settings: dict
    alpha: float | None = None
    left_out: list = field(default_factory=list)


def check_output(folder, names=()):
    """Make the folder of a report and make sure, before the work, that it can be written.

    Parameters
    ----------
    folder : str or path-like
        Where the report will stand.
    names : sequence of str
        Files that will be written there: a folder of that name would stand in the way.

    Returns
    -------
    folder : pathlib.Path

    Raises
    ------
    OSError
        If it cannot be made or written; the message names it.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(folder / ".writable") as probe:
            probe.touch()
        (folder / ".writable").unlink()
    except OSError as error:
        raise OSError(
            f"--output: cannot write to {str(folder)!r} ({error.strerror}). Choose another folder."
        ) from error
    for name in names:
        if (folder / name).is_dir():
            raise OSError(
                f"--output: cannot write the file {str(folder / name)!r}, which is a folder. "
                "Remove it, or choose another folder."
            )
    return folder


def write_report(folder, section, command):
    """Write ``index.html``, ``results.csv``, ``results.json`` and the pictures of a comparison.

    Parameters
    ----------
    folder : path-like
        Where to write.
    section : Section
        What to show.
    command : str
        The command line that redoes it.

    Returns
    -------
    page : pathlib.Path
    """
    folder = Path(folder)
    pictures = draw(section)
    for name, png in pictures.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_bytes(png)
    section.comparison.to_csv(folder / "results.csv")
    write_json(folder / "results.json", _as_json(section, command))
    page = folder / "index.html"
    write_page(page, [(section, pictures)], command)
    return page


def write_page(path, sections, command):
    """Write one self-contained page that shows several sections.

    Parameters
    ----------
    path : path-like
        The HTML file.
    sections : list of (Section, dict of str to bytes)
        Each with its pictures, as :func:`draw` makes them.
    command : str
        The command line that redoes it.
    """
    write_html(
        path,
        title=" / ".join(section.title for section, _ in sections),
        heading="Learned, classical and optimal denoisers compared",
        intro=INTRO,
        body="\n".join(_section_html(section, pictures) for section, pictures in sections),
        command=command,
    )


def write_html(path, *, title, heading, intro, body, command):
    """Write a page in the look of all reports.

    Parameters
    ----------
    path : path-like
        The HTML file.
    title, heading, command : str
        Of the window, above all, and the command line that redoes it; plain text.
    intro, body : str
        HTML: a sentence or two below the heading, and the rest.
    """
    page = PAGE.read_text(encoding="utf-8")
    for key, value in {
        "title": html.escape(title),
        "heading": html.escape(heading),
        "intro": intro,
        "command": html.escape(command),
        "versions": html.escape(", ".join(f"{k} {v}" for k, v in versions().items())),
        "body": body,
    }.items():
        page = page.replace("{{" + key + "}}", value)
    write_text(path, page)


def draw(section):
    """Draw the curves and, for the middle noise level, the grid of example images.

    Parameters
    ----------
    section : Section
        What to show.

    Returns
    -------
    pictures : dict of str to bytes
        PNG files by name.
    """
    from matplotlib.figure import Figure

    comparison = section.comparison
    curves = Figure(figsize=(7.0, 4.8), layout="constrained")
    ComparisonDisplay.from_comparison(comparison, alpha=section.alpha).plot(curves.subplots())
    pictures = {"curves.png": to_png(curves)}
    if comparison.examples:
        sigma = comparison.sigmas[len(comparison.sigmas) // 2]
        display = ImageGridDisplay.from_comparison(comparison, float(sigma))
        n_rows, n_columns = len(comparison.examples[float(sigma)]["clean"]), len(display.columns)
        grid = Figure(figsize=(1.25 * n_columns, 1.55 * n_rows), layout="constrained")
        display.plot(grid)
        pictures["images.png"] = to_png(grid)
    return pictures


def versions():
    """Return the versions of the library, of Python and of what computes."""
    found = {"gahb-sk": __version__, "Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    found["machine"] = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return found


def to_png(figure):
    """Return a figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # An axis of few noise levels may have no minor ticks to label; nothing is lost.
        warnings.simplefilter("ignore", UserWarning)
        figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()


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
        sigma = comparison.sigmas[len(comparison.sigmas) // 2]
        parts.append(f"<h3>Test images at &sigma; = {sigma:g}</h3>")
        parts.append(embed(pictures["images.png"], "Clean, noisy and denoised images"))
    if section.left_out:
        items = "".join(f"<li>{html.escape(item)}</li>" for item in section.left_out)
        parts.append(f"<h3>Files left out</h3><ul>{items}</ul>")
    rows = "".join(
        f"<tr><th>{html.escape(str(key))}</th><td>{html.escape(str(value))}</td></tr>"
        for key, value in section.settings.items()
    )
    parts.append(f"<details><summary>All settings</summary><table>{rows}</table></details>")
    return "\n".join([*parts, "</section>"])


def embed(png, text):
    """Return a picture as HTML that needs no other file."""
    data = base64.b64encode(png).decode("ascii")
    return f"<img alt='{text}' src='data:image/png;base64,{data}'>"
