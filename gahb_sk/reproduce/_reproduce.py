"""Reproduce a figure: compute, judge, compare with the last release, write."""

import hashlib
import importlib.util
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from gahb_sk import __version__
from gahb_sk._files import atomic_path, write_json
from gahb_sk.denoisers.learned._shipped import how_to_get_more, shipped_folder
from gahb_sk.reproduce._paper_figure import Outcome, PaperFigure, Setup
from gahb_sk.reproduce._shipped import compare_with_shipped

RECORD = "figure.json"
RIVALS = ("skimage", "bm3d")  # packages of rivals, which are left out without them


@dataclass(frozen=True)
class Reproduction:
    """A figure that was reproduced.

    Attributes
    ----------
    figure : PaperFigure
    outcome : Outcome
    moved : list of str or None
        What differs from the table of the last release; None without such a table.
    seconds : float
        How long it took.
    """

    figure: PaperFigure
    outcome: Outcome
    moved: list | None
    seconds: float


def reproduce(figure, setup=None):
    """Reproduce a figure of the paper.

    Parameters
    ----------
    figure : PaperFigure
        Of :func:`get_figure`.
    setup : Setup, default=None
        None takes the figure's own.

    Returns
    -------
    reproduction : Reproduction

    Raises
    ------
    ValueError
        If a network that it needs is not there.

    Examples
    --------
    >>> from gahb_sk.reproduce import get_figure, reproduce
    >>> get_figure(4).title
    'Slopes on C^alpha images'
    """
    setup = Setup() if setup is None else setup
    missing = figure.missing(setup)
    if missing:
        raise ValueError(
            f"figure {figure.number}: needs the networks {', '.join(missing)}, which are not "
            f"installed. Train them first (gahb-sk reproduce --train).{how_to_get_more()}"
        )
    start = time.perf_counter()
    outcome = figure.run(setup)
    seconds = time.perf_counter() - start
    try:
        moved = compare_with_shipped(figure, outcome.table)
    except LookupError:
        moved = None
    return Reproduction(figure, outcome, moved, seconds)


def write_reproduction(folder, reproduction, setup):
    """Write the table, the pictures and the record of a figure into its folder.

    The record is written last: where it stands, the figure is done.

    Parameters
    ----------
    folder : path-like
        Of all figures.
    reproduction : Reproduction
    setup : Setup
        How it was run.

    Returns
    -------
    record : dict
        What the page needs.
    """
    figure, outcome = reproduction.figure, reproduction.outcome
    own = Path(folder) / figure.name
    for old in (own / RECORD, *own.glob("picture*.png")):
        old.unlink(missing_ok=True)
    outcome.table.to_csv(own / "results.csv")
    pictures = {}
    for k, (caption, drawn) in enumerate(outcome.pictures.items()):
        name = f"picture-{k + 1}.png" if k else "picture.png"
        with atomic_path(own / name) as temporary:
            drawn.savefig(temporary, format="png", dpi=130)
        pictures[name] = caption
    record = {
        "number": figure.number,
        "title": figure.title,
        "paper": figure.paper,
        "criterion": figure.criterion,
        "verdict": outcome.verdict,
        "checks": [{**asdict(check), "passed": check.passed} for check in outcome.checks],
        "notes": list(outcome.notes),
        "moved": reproduction.moved,
        "pictures": pictures,
        "seconds": round(reproduction.seconds, 1),
        "as_released": _as_released(figure, setup),
        "made_with": made_with(figure, setup),
    }
    write_json(own / RECORD, record)
    return record


def is_done(folder, figure, setup):
    """Whether the folder holds this figure, made with the same setup, networks and version."""
    path = Path(folder) / figure.name / RECORD
    try:
        return json.loads(path.read_text(encoding="utf-8"))["made_with"] == made_with(figure, setup)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def made_with(figure, setup):
    """Return all that decides the numbers of a figure, as JSON brings it back."""
    names = [name for name in (*figure.networks, *figure.optional) if setup.has(name)]
    return {
        "version": __version__,
        "n_images": setup.n_images,
        "random_state": setup.random_state,
        "image_size": setup.image_size if figure.scalable else None,
        "sigma": list(setup.sigma) if figure.scalable and setup.sigma else None,
        "networks": {name: _digest(setup.folder(name)) for name in names},
        "peers": [name for name in RIVALS if importlib.util.find_spec(name)],
    }


def _as_released(figure, setup):
    """Whether images, seed and networks are those of the release's table."""
    names = [name for name in (*figure.networks, *figure.optional) if setup.has(name)]
    same = all(setup.folder(name) == shipped_folder(name) for name in names)
    chosen = (setup.image_size, setup.sigma) if figure.scalable else ()
    planned = setup.n_images is None and not any(chosen)
    return same and planned and setup.random_state == Setup.random_state


def _digest(folder):
    """Return a short fingerprint of the weights in a folder and below."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
