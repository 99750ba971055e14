"""The page of an audit: answers first, then one section each, of one denoiser or of two."""

import html
from pathlib import Path

from gahb_sk._files import write_json
from gahb_sk.cli._audit_slider import slider
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
from gahb_sk.experiments import Table
from gahb_sk.plots import (
    CaptureDisplay,
    EffectiveDimensionDisplay,
    LeadDisplay,
    ReachDisplay,
    RiskDisplay,
    SymmetryDisplay,
)
from gahb_sk.plots._style import canvas

INTRO = (
    "Each answer comes with its number. &plusmn; is a 95&nbsp;% interval over the images. &sigma; "
    "is the standard deviation of the noise, in the units of the images."
)
# Picture, by table: its display, width and height in inches, and a caption.
PICTURES = {
    "quality": (
        LeadDisplay, 6.4, 4.0,
        "How far each denoiser is above translation-invariant wavelets. Higher is better; bars are "
        "two standard errors.",
    ),
    "bayes": (
        RiskDisplay, 6.4, 4.2,
        "The line is the true error. Circles are Stein's estimate of it, which needs no clean "
        "image. Crosses are the error of a Bayes denoiser with this Jacobian: they lie "
        "on the line where the denoiser is one.",
    ),
    "dimension": (
        EffectiveDimensionDisplay, 6.4, 4.0,
        "Number of directions that the denoiser keeps (the trace of its Jacobian). It falls as "
        "noise rises: less can be told apart.",
    ),
    "capture": (
        CaptureDisplay, 6.4, 4.0,
        "How much of the leading vectors can be written with the first m vectors of bases that "
        "know the clean image.",
    ),
    "symmetries": (
        SymmetryDisplay, 6.8, 4.0,
        "0 dB: changing the order of both matters as much as the whole error of the denoiser. "
        "Below -20 dB it hardly matters; bars that start and end at the left are exact.",
    ),
    "reach": (
        ReachDisplay, 6.4, 3.8,
        "Side of the window around a pixel outside of which noise contributes less than 1 % of the "
        "response.",
    ),
}  # fmt: skip
_BADGES = {"yes": "reproduced", "nearly": "part", "no": "not", "unclear": "", "fact": ""}
_WORDS = {
    "yes": "yes",
    "nearly": "nearly",
    "no": "no",
    "unclear": "cannot tell",
    "fact": "measured",
}


def write_audit(folder, audits, title, command):
    """Write the page, the tables and the pictures into a folder; return the path of the page."""
    folder = Path(folder)
    tables = _together(audits)
    pictures = {f"{name}.png": draw(name, tables[name]) for name in PICTURES if name in tables}
    write_pictures(folder, pictures)
    for name, found in tables.items():
        found.to_csv(folder / f"{name}.csv")
    verdicts = {audit.name: list(audit.verdicts().rows()) for audit in audits}
    settings = {audit.name: audit.settings for audit in audits}
    write_json(
        folder / "results.json",
        {"title": title, "command": command, "settings": settings, "versions": versions(),
         "verdicts": verdicts},
    )  # fmt: skip
    names = " beside ".join(audit.name for audit in audits)
    page = folder / "index.html"
    write_html(
        page, title=f"Audit of {names}", heading=f"What {names} is, seen at {title}",
        intro=INTRO, body=_body(audits, pictures), command=command,
    )  # fmt: skip
    return page


def draw(name, found):
    """Return the picture of a table as a PNG file."""
    display, width, height, _ = PICTURES[name]
    return to_png(display(found).plot(canvas(width, height).subplots()).figure_)


def _together(audits):
    """Tables of all audits by name, one below the other; rivals stand there once."""
    found = {}
    for audit in audits:
        for name, one in audit.tables.items():
            rows = found.setdefault(name, [])
            known = {(row.get("denoiser"), row.get("sigma")) for row in rows}
            rows += [
                row for row in one.rows()
                if name != "quality" or (row["denoiser"], row["sigma"]) not in known
            ]  # fmt: skip
    return {name: Table.from_rows(rows) for name, rows in found.items() if rows}


def _body(audits, pictures):
    parts = [_glance(audits)]
    for name, section in audits[0].sections.items():
        own = [audit.sections[name] for audit in audits]
        parts += [f"<section id='{name}'><h2>{html.escape(section.title)}</h2>"]
        parts += [f"<p>{html.escape(section.question)}</p>", _answers(audits, name)]
        for one in dict.fromkeys(key for found in own for key in found.tables):
            if one in PICTURES and f"{one}.png" in pictures:
                caption = html.escape(PICTURES[one][3])
                picture = embed(pictures[f"{one}.png"], f"{section.title}: {one}")
                parts.append(f"<div class='plot'>{picture}</div>")
                parts.append(f"<p class='caption'>{caption}</p>")
        parts += [slider(audit) for audit in audits if audit.sections[name].arrays]
        parts += [_notes(audit, name, len(audits) > 1) for audit in audits]
        parts.append("</section>")
    parts += [settings_table(audit.settings) for audit in audits]
    return "\n".join(part for part in parts if part)


def _badge(grade):
    return f"<span class='badge {_BADGES[grade]}'>{_WORDS[grade]}</span>"


def _topics(audits, name):
    """Verdicts of a section by topic, one per audit, None where an audit has none."""
    topics = dict.fromkeys(v.topic for audit in audits for v in audit.sections[name].verdicts)
    return {
        topic: [
            next((v for v in audit.sections[name].verdicts if v.topic == topic), None)
            for audit in audits
        ]
        for topic in topics
    }


def _glance(audits):
    """All answers as badges: what one reads first."""
    rows = []
    for name in audits[0].sections:
        for topic, answers in _topics(audits, name).items():
            if all(answer is None or answer.grade == "fact" for answer in answers):
                continue
            cells = ["-" if answer is None else _badge(answer.grade) for answer in answers]
            rows.append([f"<a href='#{name}'>{html.escape(topic)}</a>", *cells])
    head = ["At a glance", *(html.escape(audit.name) for audit in audits)]
    return f"<div class='wide'>{table(rows, head)}</div>"


def _answers(audits, name):
    """The answers of one section in words."""
    rows = [
        [html.escape(topic),
         *("-" if answer is None else f"{_badge(answer.grade)} {html.escape(answer.text)}"
           for answer in answers)]
        for topic, answers in _topics(audits, name).items()
    ]  # fmt: skip
    if not rows:
        return ""
    head = ["", *(html.escape(audit.name) for audit in audits)]
    return f"<div class='wide'>{table(rows, head)}</div>"


def _notes(audit, name, named):
    """What could not be measured, and why."""
    section = audit.sections[name]
    notes = list(section.notes)
    if section.missing is not None:
        notes.insert(0, f"This section is empty. {section.missing}")
    return bullets([f"{audit.name}: {note}" if named else note for note in notes]) if notes else ""
