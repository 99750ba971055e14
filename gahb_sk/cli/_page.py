"""Pages of reports: one look, self-contained HTML, and what each of them says of its origin."""

import base64
import html
import io
import os
import platform
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from gahb_sk import __version__
from gahb_sk._files import atomic_path, check_writable, write_text

_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "pywavelets", "scikit-image", "bm3d")
_PAGE = Path(__file__).with_name("page.html")


def check_output(folder, names=()):
    """Raise, before the work, if the folder of a report or ``names`` in it cannot be written."""
    if not str(folder):
        raise ValueError("--output: expected the name of a folder, got an empty one.")
    folder = check_writable(folder, "--output")
    for name in names:
        if (folder / name).is_dir():
            raise OSError(
                f"--output: cannot write the file {str(folder / name)!r}, which is a folder. "
                "Remove it, or choose another folder."
            )
    return folder


def write_pictures(folder, pictures):
    """Write pictures, bytes of PNG files by name."""
    for name, png in pictures.items():
        with atomic_path(Path(folder) / name) as temporary:
            temporary.write_bytes(png)


def write_html(path, *, title, body, command, heading=None, intro=""):
    """Write a page in the look of all reports; ``intro`` and ``body`` are HTML, all else text."""
    page = _PAGE.read_text(encoding="utf-8")
    for key, value in {
        "title": html.escape(title),
        "heading": html.escape(title if heading is None else heading),
        "intro": intro,
        "command": html.escape(command),
        "versions": html.escape(", ".join(f"{k} {v}" for k, v in versions().items())),
        "body": body,
    }.items():
        page = page.replace("{{" + key + "}}", value)
    write_text(path, page)


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


def embed(png, text):
    """Return a picture as HTML that needs no other file."""
    data = base64.b64encode(png).decode("ascii")
    return f"<img alt='{text}' src='data:image/png;base64,{data}'>"


def table(rows, head=()):
    """Return an HTML table of results; each row is a list of cells in HTML, the first a heading."""
    lines = [f"<tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr>"] if head else []
    for first, *cells in rows:
        lines.append(f"<tr><th>{first}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return f"<table class='results'>{''.join(lines)}</table>"


def bullets(lines):
    """Return a list of lines of plain text as HTML."""
    return f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>"


def settings_table(settings):
    """Return all settings as HTML that unfolds."""
    rows = "".join(
        f"<tr><th>{html.escape(str(key))}</th><td>{html.escape(str(value))}</td></tr>"
        for key, value in settings.items()
    )
    return f"<details><summary>All settings</summary><table>{rows}</table></details>"
