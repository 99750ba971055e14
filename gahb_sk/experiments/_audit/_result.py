"""What an audit found: sections, each with tables, verdicts, and what could not be measured."""

from dataclasses import dataclass, field

from gahb_sk.experiments._table import Table

GRADES = ("yes", "nearly", "no", "unclear", "fact")


class NotApplicable(Exception):
    """A section cannot be measured of this denoiser; the message says why and what would help."""


@dataclass(frozen=True)
class Verdict:
    """One answer of an audit.

    Attributes
    ----------
    topic : str
        What was asked, in a few words.
    grade : {"yes", "nearly", "no", "unclear", "fact"}
        "unclear" if the images are too few to tell, "fact" for a number without a yes or no.
    text : str
        The answer with its number and how sure it is.
    """

    topic: str
    grade: str
    text: str


@dataclass(frozen=True)
class Section:
    """One part of an audit.

    Attributes
    ----------
    title, question : str
        What is measured, in one sentence.
    verdicts : list of Verdict
    tables : dict of str to Table
    arrays : dict of str to ndarray
        Images and vectors for pictures.
    notes : list of str
        What was left out within the section, and why.
    missing : str or None
        Why the whole section is empty; None if it is not.
    """

    title: str = ""
    question: str = ""
    verdicts: list = field(default_factory=list)
    tables: dict = field(default_factory=dict)
    arrays: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    missing: str | None = None


@dataclass(frozen=True)
class Audit:
    """Result of :func:`audit`.

    Attributes
    ----------
    name : str
        Of the denoiser.
    kind : {"learned", "classical", "optimal"}
    sections : dict of str to Section
        By name: "quality", "bayes", "basis", "symmetries", "reach", "memorisation", "cost".
    settings : dict
        Noise levels, numbers of images and the rest of what decides the result.
    """

    name: str
    kind: str
    sections: dict
    settings: dict

    def verdicts(self) -> Table:
        """Return all answers as a table ``section, topic, grade, text``."""
        rows = [
            {"section": name, "topic": one.topic, "grade": one.grade, "text": one.text}
            for name, section in self.sections.items()
            for one in section.verdicts
        ]
        return Table.from_rows(rows)

    @property
    def tables(self) -> dict[str, Table]:
        """All tables by name."""
        return {
            name: table
            for section in self.sections.values()
            for name, table in section.tables.items()
        }
