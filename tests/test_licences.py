"""The page of licences covers every shipped weight and picture, each once."""

import csv
import json
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

import gahb_sk
import gahb_sk_weights

ROOT = Path(__file__).parents[1]
PAGE, IMAGES = ROOT / "docs" / "licences.md", ROOT / "docs" / "images"
WEIGHTS = (Path(gahb_sk.__file__).parent / "zoo" / "weights", Path(gahb_sk_weights.__file__).parent)
PICTURES = (".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp")

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="no docs beside the tests")


def rows(kind):
    """Return the rows of the page on one kind of file: names, where * is anything, and the rest."""
    found = re.findall(
        rf"^\| {kind} (.*?) \| (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    return [(re.findall(r"`([^`]+)`", names), rest) for names, rest in found]


def covering(name, kind):
    return [rest for names, rest in rows(kind) for one in names if fnmatch(name, one)]


def networks():
    """Return the shipped networks and pairs by name, each with its folder."""
    return {
        path.relative_to(place).parts[0]: place / path.relative_to(place).parts[0]
        for place in WEIGHTS
        for path in place.rglob("*.safetensors")
        if "build" not in path.relative_to(place).parts
    }


def pictures():
    files = [path for path in IMAGES.rglob("*") if path.suffix in PICTURES]
    return [path.relative_to(IMAGES).as_posix() for path in files]


@pytest.mark.parametrize(
    ("kind", "shipped", "least"), [("weights", networks, 20), ("pictures", pictures, 25)]
)
def test_every_file_has_one_licence_and_every_line_a_file(kind, shipped, least):
    names = list(shipped())
    assert len(names) > least
    assert [name for name in names if len(covering(name, kind)) != 1] == []
    listed = [one for group, _ in rows(kind) for one in group]
    assert [one for one in listed if not any(fnmatch(name, one) for name in names)] == []


def test_pages_show_pictures_of_that_folder_alone():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {
        (page.parent / link).resolve()
        for page in pages
        for link in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    }
    assert shown and shown == {IMAGES.resolve() / name for name in pictures()}


def test_every_photograph_of_a_card_is_credited():
    with open(ROOT / "gahb_sk/reproduce/photographs.csv", newline="", encoding="utf-8") as file:
        credited = {Path(row[k]).name for row in csv.DictReader(file) for k in ("path", "member")}
    credited |= set(re.findall(r"^\| `(.*?)` \| .* \| CC-", PAGE.read_text(), re.MULTILINE))
    for name, folder in networks().items():
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        seen = {Path(line.split(" by ")[0]).name for line in card.get("photographs", ())}
        assert seen <= credited, name
        if seen:
            assert covering(name, "weights")[0].startswith("photographs")
