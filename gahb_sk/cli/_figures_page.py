"""The page of ``gahb-sk reproduce``: what the paper reports, what came out, and the verdict."""

import html
import json
from pathlib import Path

from gahb_sk.cli._page import bullets, embed, table, write_html
from gahb_sk.reproduce import RECORD

BADGES = {"reproduced": "reproduced", "reproduced in part": "part", "not reproduced": "not"}
_SHOWN = 12  # lines of what has moved
INTRO = (
    "Small networks that were trained on two processor cores, on images of 32x32 to 64x64: what "
    "they show of the paper, arXiv 2310.02557, and of others on the same question, beside the true "
    "optimum of each class where it is known. &sigma; is the standard deviation of the noise for "
    "images in [0, 1]. "
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
                f"{path}: cannot be read ({error}). Remove the folder {path.parent} to "
                "reproduce the figure again."
            ) from error
    return [(place, record) for _, place, record in sorted(found, key=_place)]


def _place(found):
    """Where a record stands: figures of the paper by number, then the others by name."""
    number, *_ = found
    return isinstance(number, str), number


def _called(record):
    """Return what a figure is called."""
    number = record["number"]
    return number.capitalize() if isinstance(number, str) else f"Figure {number}"


def write_figures_page(folder, command):
    """Write ``index.html`` of all figures that the folder holds; return its path."""
    records = read_records(folder)
    page = Path(folder) / "index.html"
    sections = [_section(place, record) for place, record in records]
    write_html(
        page,
        title="Figures of the paper",
        heading="Figures of the paper, reproduced",
        intro=INTRO,
        body="\n".join([_summary(records), *sections]),
        command=command,
    )
    return page


def _summary(records):
    rows = [
        [
            f"<a href='#{place.name}'>{html.escape(_called(record))}</a>",
            html.escape(record["title"]),
            _badge(record),
            f"{sum(check['passed'] for check in record['checks'])} of {len(record['checks'])}",
            _moved_in_short(record),
        ]
        for place, record in records
    ]
    head = ["figure", "what it shows", "verdict", "criteria met", "since this release's tables"]
    return table(rows, head)


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
        f"<section id='{place.name}'><h2>{html.escape(_called(record))}. "
        f"{html.escape(record['title'])} {_badge(record)}</h2>",
        f"<p><b>The paper.</b> {html.escape(record['paper'])}</p>",
        f"<p><b>Criterion.</b> {html.escape(record['criterion'])}</p>",
        _checks(record["checks"]),
    ]
    for name, caption in record["pictures"].items():
        parts.append(embed((place / name).read_bytes(), html.escape(caption, quote=True)))
        parts.append(f"<p class='caption'>{html.escape(caption)}</p>")
    if record["notes"]:
        parts.append(bullets(record["notes"]))
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
    networks = "as released" if record.get("as_released") else "not the released images or networks"
    return f"{images} test images, seed {made['random_state']} ({networks})"


def _checks(checks):
    rows = [
        [
            html.escape(check["text"]),
            _number(check["value"]),
            _wanted(check),
            html.escape(check["paper"]),
            f"<span class='badge {'met' if check['passed'] else 'unmet'}'>"
            f"{'met' if check['passed'] else 'not met'}</span>",
        ]
        for check in checks
    ]
    return table(rows, ["what", "here", "criterion", "paper", ""])


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
    rest = [f"and {len(moved) - _SHOWN} more"] if len(moved) > _SHOWN else []
    return (
        f"<details><summary>Against the table of this release{why}, {len(moved)} values have moved"
        f"</summary>{bullets([*moved[:_SHOWN], *rest])}</details>"
    )
