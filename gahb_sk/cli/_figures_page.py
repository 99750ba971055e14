"""The page of ``gahb-sk reproduce``: what the paper reports, what came out, and the verdict."""

import html
import json
from pathlib import Path

from gahb_sk.cli._report import embed, write_html
from gahb_sk.reproduce import RECORD

BADGES = {"reproduced": "reproduced", "reproduced in part": "part", "not reproduced": "not"}
_SHOWN = 12  # lines of what has moved
INTRO = (
    "Small networks that were trained on two processor cores, on images of 32x32 to 64x64: what "
    "they show of the paper, arXiv 2310.02557, and, beside them, the true optimum of each class "
    "where it is known. &sigma; is the standard deviation of the noise for images in [0, 1]. "
    "Each verdict rests on the criterion below it, which was chosen before the result was known, "
    "unless a note says otherwise."
)


def read_records(folder):
    """Return the records of all figures in a folder, in the paper's order."""
    found = []
    for path in Path(folder).glob(f"figure-*/{RECORD}"):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            found.append((record["number"], path.parent, record))
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(
                f"{path}: cannot be read ({error}). Remove the folder {path.parent} to do the "
                "figure again."
            ) from error
    return [(place, record) for _, place, record in sorted(found, key=lambda one: one[0])]


def write_figures_page(folder, command):
    """Write ``index.html`` of all figures that the folder holds.

    Parameters
    ----------
    folder : path-like
        As ``write_reproduction`` filled it.
    command : str
        The command line that redoes it.

    Returns
    -------
    page : pathlib.Path
    """
    records = read_records(folder)
    page = Path(folder) / "index.html"
    sections = [_section(place, record) for place, record in records]
    write_html(
        page,
        title="Figures of the paper",
        heading="Figures of the paper, done again",
        intro=INTRO,
        body="\n".join([_summary(records), *sections]),
        command=command,
    )
    return page


def _summary(records):
    rows = "".join(
        f"<tr><th><a href='#{place.name}'>Figure {record['number']}</a></th>"
        f"<td>{html.escape(record['title'])}</td><td>{_badge(record)}</td>"
        f"<td>{sum(check['passed'] for check in record['checks'])} of {len(record['checks'])}</td>"
        f"<td>{_moved_in_short(record)}</td></tr>"
        for place, record in records
    )
    head = (
        "<tr><th>figure</th><th>what it shows</th><th>verdict</th><th>criteria met</th>"
        "<th>since this release's tables</th></tr>"
    )
    return f"<table class='results'>{head}{rows}</table>"


def _badge(record):
    verdict = record["verdict"]
    return f"<span class='badge {BADGES.get(verdict, '')}'>{html.escape(verdict)}</span>"


def _moved_in_short(record):
    moved = record["moved"]
    if moved is None:
        return "no table to compare with"
    return f"{len(moved)} values moved" if moved else "nothing moved"


def _section(place, record):
    parts = [
        f"<section id='{place.name}'><h2>Figure {record['number']}. "
        f"{html.escape(record['title'])} {_badge(record)}</h2>",
        f"<p><b>The paper.</b> {html.escape(record['paper'])}</p>",
        f"<p><b>Criterion.</b> {html.escape(record['criterion'])}</p>",
        _checks(record["checks"]),
    ]
    for name, caption in record["pictures"].items():
        parts.append(embed((place / name).read_bytes(), html.escape(caption, quote=True)))
        parts.append(f"<p class='caption'>{html.escape(caption)}</p>")
    if record["notes"]:
        items = "".join(f"<li>{html.escape(note)}</li>" for note in record["notes"])
        parts.append(f"<ul>{items}</ul>")
    parts.append(_moved(record))
    parts.append(
        f"<p class='caption'>All numbers: <a href='{place.name}/results.csv'>{place.name}/"
        f"results.csv</a>. {_made_with(record)}, computed in {record['seconds']:.0f} s.</p>"
        "</section>"
    )
    return "\n".join(parts)


def _made_with(record):
    """Say with how many images, which seed and whose networks a figure was made."""
    made = record["made_with"]
    images = "The planned number of" if made["n_images"] is None else made["n_images"]
    networks = (
        "as released" if record.get("as_released") else "images, seed or networks of one's own"
    )
    return f"{images} test images, seed {made['random_state']} ({networks})"


def _checks(checks):
    rows = "".join(
        f"<tr><td>{html.escape(check['text'])}</td><td>{_number(check['value'])}</td>"
        f"<td>{_wanted(check)}</td><td>{html.escape(check['paper'])}</td>"
        f"<td class='{'met' if check['passed'] else 'unmet'}'>"
        f"{'met' if check['passed'] else 'not met'}</td></tr>"
        for check in checks
    )
    head = "<tr><th>what</th><th>here</th><th>criterion</th><th>paper</th><th></th></tr>"
    return f"<table class='results'>{head}{rows}</table>"


def _wanted(check):
    low, high = check["low"], check["high"]
    if low is not None and high is not None:
        return f"{low:.3g} to {high:.3g}"
    return f"at least {low:.3g}" if high is None else f"at most {high:.3g}"


def _number(value):
    return "unknown" if value is None else f"{value:.3g}"


def _moved(record):
    moved = record["moved"]
    if moved is None:
        return "<p class='caption'>No table of this figure comes with the package.</p>"
    if not moved:
        return "<p class='caption'>Against the table of this release nothing has moved.</p>"
    why = "" if record.get("as_released") else ", which has other images, seeds or networks"
    items = "".join(f"<li>{html.escape(line)}</li>" for line in moved[:_SHOWN])
    rest = f"<li>and {len(moved) - _SHOWN} more</li>" if len(moved) > _SHOWN else ""
    return (
        f"<details><summary>Against the table of this release{why}, {len(moved)} values have moved"
        f"</summary><ul>{items}{rest}</ul></details>"
    )
