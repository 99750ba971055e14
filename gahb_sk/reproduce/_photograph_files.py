"""The photographs that the networks of photographs learn from, and those they never see.

All come from Debian packages under free licences; ``photographs.csv`` names each with its author
and licence as the package states them. No package is installed: ``apt-get download NAME`` and
``dpkg -x FILE DIR/NAME`` for each unpack them below one folder.
"""

import csv
import io
from pathlib import Path

from gahb_sk._validation import check_name
from gahb_sk.reproduce._qt_resources import read_resources

LIST = Path(__file__).with_name("photographs.csv")
# Learned from; looked at for choices during development; whole, for the tables of the cards.
PARTS = ("train", "validation", "test")


def photograph_list(part="train"):
    """Return what is known of the photographs of one part.

    Parameters
    ----------
    part : {"train", "validation", "test"}, default="train"

    Returns
    -------
    rows : list of dict
        With ``part``, ``package``, ``path`` in the package, ``member`` of a resource bundle or
        "", ``author`` and ``licence``.
    """
    check_name(part, PARTS, "part")
    with LIST.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["part"] == part]


def photograph_files(folder, part="train"):
    """Return the photographs of one part.

    Parameters
    ----------
    folder : str or path-like
        With one folder per package, as ``dpkg -x`` leaves it.
    part : {"train", "validation", "test"}, default="train"
        Which photographs: the parts have none in common.

    Returns
    -------
    files : dict of str to path or file object
        By name, in the order of the list.

    Raises
    ------
    ValueError
        If a photograph is missing.
    """
    bundles = {}
    return {name_of(row): _open(Path(folder), row, bundles) for row in photograph_list(part)}


def name_of(row):
    """Return the name of a photograph, ``package/parent/file``."""
    path = row["member"] or row["path"].replace("/contents/images", "")
    return "/".join([row["package"], *path.split("/")[-2:]])


def _open(folder, row, bundles):
    """Return a path, or the content of a photograph in a bundle; bundles are read once."""
    path = folder / row["package"] / row["path"]
    if not path.is_file():
        raise ValueError(
            f"{folder}: expected the photographs of the package {row['package']}, found no "
            f"{row['path']}. Unpack it with 'apt-get download {row['package']}' and 'dpkg -x "
            f"{row['package']}*.deb {folder}/{row['package']}'."
        )
    if not row["member"]:
        return path
    if path not in bundles:
        bundles[path] = dict(read_resources(path.read_bytes()))
    if row["member"] not in bundles[path]:
        raise ValueError(f"{path}: expected the photograph {row['member']}, found none.")
    return io.BytesIO(bundles[path][row["member"]])
