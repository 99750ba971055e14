"""A figure of the paper: what is reported, how to reproduce it, and what counts as the same."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gahb_sk._random import child, seed_sequence
from gahb_sk.denoisers.learned._shipped import CARD, shipped_folder
from gahb_sk.experiments import Table
from gahb_sk.reproduce._registry import suffix
from gahb_sk.zoo import load_pretrained


@dataclass(frozen=True)
class Setup:
    """How a figure is run.

    Attributes
    ----------
    n_images : int or None
        Test images of each class; None takes the number that the figure was planned with.
    networks : pathlib.Path or None
        Folder with networks that replace those of the package, each in a folder of its name.
    random_state : int
        Seed of images, noise and samples.
    image_size : int or None
        Side of the images of scalable figures; None takes the planned one.
    sigma : tuple of float or None
        Noise levels of scalable figures; None takes the planned ones.
    kept : pathlib.Path or None
        Folder where long figures keep what they have computed, to go on after an interruption.
    n_jobs : int or None
        Of what runs by joblib.
    verbose : bool
        Whether to show progress on stderr.
    """

    n_images: int | None = None
    networks: Path | None = None
    random_state: int = 0
    image_size: int | None = None
    sigma: tuple | None = None
    kept: Path | None = None
    n_jobs: int | None = None
    verbose: bool = False

    def has(self, name):
        """Whether the networks of a plan of the zoo are there."""
        return self.folder(name) is not None

    def load(self, name):
        """Load a network of the zoo, fitted."""
        return load_pretrained(self.folder(name) or name)

    def folder(self, name):
        """Return the folder of a plan's weights, None if there is none."""
        own = None if self.networks is None else Path(self.networks) / name
        return own if own and (own / CARD).is_file() else shipped_folder(name)

    def options(self, *key):
        """Return what experiments take: the seed ``stream(*key)``, jobs, and progress."""
        return {
            "random_state": self.stream(*key),
            "n_jobs": self.n_jobs,
            "verbose": self.verbose,
        }

    def stream(self, *key):
        """Return the seed of one part of one figure, apart from those of the zoo's training."""
        return child(seed_sequence(self.random_state), *key)


@dataclass(frozen=True)
class Check:
    """One number that a figure is judged by.

    Attributes
    ----------
    text : str
        What it is.
    value : float
        What came out.
    low, high : float or None
        Between which it counts as the paper's; None: no limit on that side.
    paper : str
        What the paper has, if it has a number.
    """

    text: str
    value: float
    low: float | None = None
    high: float | None = None
    paper: str = ""

    @property
    def passed(self):
        """Whether the number lies where the criterion wants it; a NaN does not."""
        above = self.low is None or self.value >= self.low
        below = self.high is None or self.value <= self.high
        return bool(above and below and self.value == self.value)


@dataclass(frozen=True)
class Outcome:
    """What came out.

    Attributes
    ----------
    table : Table
        The numbers behind the picture; short enough to keep.
    pictures : dict of str to matplotlib Figure
        By caption; the first is the one that the paper has.
    checks : list of Check
        What the verdict rests on.
    notes : list of str
        What else to know, one sentence or two each.
    complete : bool
        Whether all that the paper shows is there; without a part of it (a class whose network is
        missing) a figure is reproduced in part at best.
    """

    table: Table
    pictures: dict
    checks: list
    notes: list = field(default_factory=list)
    complete: bool = True

    @property
    def verdict(self):
        """Return "reproduced", "reproduced in part" or "not reproduced"."""
        passed = sum(check.passed for check in self.checks)
        if passed == len(self.checks) and self.complete:
            return "reproduced"
        return "reproduced in part" if passed else "not reproduced"


@dataclass(frozen=True)
class PaperFigure:
    """A figure of the paper, or one of our own about it, and how to reproduce it.

    Attributes
    ----------
    number : int or str
        In the paper; a name for a figure that is not in it.
    title : str
        What it shows.
    paper : str
        What the paper reports.
    criterion : str
        When it counts as reproduced.
    run : callable
        ``run(setup)`` returns an :class:`Outcome`.
    networks : tuple of str
        Names of the networks of the zoo that it needs.
    keys : tuple of str
        Columns of the table that tell its rows apart.
    tolerances : dict of str to float
        How far a value of a column may move, in its units, before a comparison with an older
        table says so; columns not named here are not compared.
    optional : tuple of str
        Networks that it shows if they are there.
    scalable : bool
        Whether ``Setup.image_size`` and ``Setup.sigma`` apply.
    """

    number: int | str
    title: str
    paper: str
    criterion: str
    run: Callable
    networks: tuple
    keys: tuple
    tolerances: dict
    optional: tuple = ()
    scalable: bool = False

    @property
    def name(self):
        """Name of its folder and of its table."""
        return f"figure-{suffix(self.number)}"

    def missing(self, setup):
        """Return the names of the networks that it needs and that are not there."""
        return [name for name in self.networks if not setup.has(name)]
